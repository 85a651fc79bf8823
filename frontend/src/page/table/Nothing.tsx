import { choose } from "./state";
import type { Table } from "./table";

/** What to do where there is no run to show. */
export function Nothing({ table }: { table: Table }) {
  const head = table.runs.head.value;
  if (!head) {
    return table.runs.error.value ? null : <p class="nbt-nothing nbt-muted">looking for runs …</p>;
  }
  const { trash } = table.state.value;
  if (trash && isWide(table)) {
    return (
      <div class="nbt-nothing">
        <p>The trash is empty.</p>
        <button type="button" onClick={() => choose({ trash: false }, true)}>
          back to the runs
        </button>
      </div>
    );
  }
  if (!head.total && !trash) {
    return (
      <div class="nbt-nothing">
        <p>
          <b>There are no runs here yet.</b>
        </p>
        <p>In a notebook, load the extension once; a cell that begins with %%track is recorded:</p>
        <pre tabIndex={0}>
          {"%load_ext nbtrack\n\n%%track\nfor step in range(100):\n    nbtrack.log({\"loss\": 1 / (step + 1)})"}
        </pre>
        <p class="nbt-muted">In a script: nbtrack.init(), then nbtrack.log(). The run shows up here at once.</p>
      </div>
    );
  }
  return (
    <div class="nbt-nothing">
      <p>No run matches.</p>
      <button
        type="button"
        onClick={() => choose({ search: "", where: "", states: [], tags: [], projects: [] }, true)}
      >
        show all runs
      </button>
    </div>
  );
}

/** Nothing was asked for in particular. */
function isWide(table: Table): boolean {
  const { search, where, states, tags, projects } = table.state.value;
  return !search && !where && !states.length && !tags.length && !projects.length;
}
