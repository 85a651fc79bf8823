import type { RunsPage } from "../api";
import { get } from "../client";
import { useLoaded } from "../useLoaded";
import { Menu } from "./Menu";
import { choose } from "./state";
import type { Table } from "./table";

/** Only runs with these tags; those that are offered are on runs that were seen. */
export function TagMenu({ table }: { table: Table }) {
  const { tags } = table.state.value;
  return (
    <Menu label={tags.length ? `tags: ${tags.join(", ")}` : "tags"} title="only runs with all of these tags" on={tags.length > 0}>
      {() => {
        const counts = new Map<string, number>(tags.map((tag) => [tag, 0]));
        for (const run of table.runs.here()) {
          for (const tag of run.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
        }
        const found = [...counts].sort((a, b) => b[1] - a[1]).map(([tag]) => tag);
        return (
          <Choices
            values={found}
            chosen={tags}
            none="no run here has tags"
            change={(chosen) => choose({ tags: chosen })}
          />
        );
      }}
    </Menu>
  );
}

export function ProjectMenu({ table }: { table: Table }) {
  const { projects } = table.state.value;
  return (
    <Menu
      label={projects.length ? `project: ${projects.join(", ")}` : "project"}
      title="only runs of these projects"
      on={projects.length > 0}
    >
      {() => <Projects table={table} />}
    </Menu>
  );
}

function Projects({ table }: { table: Table }) {
  const { projects, trash } = table.state.value;
  const store = table.store.value;
  const found = useLoaded(`${store} ${trash}`, (abort) =>
    get<RunsPage>("/runs", { store, group: "project", limit: 1, discarded: trash }, abort),
  );
  if (!found.value) {
    return <p class="nbt-muted">{found.error ? found.error.message : "looking …"}</p>;
  }
  const values = found.value.groups.map(({ value }) => String(value));
  return (
    <Choices
      values={[...new Set([...projects, ...values])]}
      chosen={projects}
      none="there are no projects"
      change={(chosen) => choose({ projects: chosen })}
    />
  );
}

interface Props {
  values: readonly string[];
  chosen: readonly string[];
  none: string;
  change: (chosen: string[]) => void;
}

function Choices({ values, chosen, none, change }: Props) {
  if (!values.length) return <p class="nbt-muted">{none}</p>;
  return (
    <div class="nbt-choices">
      {values.slice(0, 200).map((value) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={() =>
              change(
                chosen.includes(value)
                  ? chosen.filter((one) => one !== value)
                  : [...chosen, value],
              )
            }
          />
          <span class="nbt-cut">{value}</span>
        </label>
      ))}
      {chosen.length > 0 && (
        <button type="button" onClick={() => change([])}>
          clear
        </button>
      )}
    </div>
  );
}
