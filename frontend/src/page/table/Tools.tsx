import { StateIcon } from "../../components/StateIcon";
import { server } from "../client";
import { ColumnMenu } from "./ColumnMenu";
import { ExportMenu } from "./ExportMenu";
import { FilterBox } from "./FilterBox";
import { GroupMenu } from "./GroupMenu";
import { ProjectMenu, TagMenu } from "./QuickMenus";
import { choose } from "./state";
import { STATES, type RunState } from "./states";
import type { Table } from "./table";
import { useTyped } from "./useTyped";
import { ViewsMenu } from "./ViewsMenu";

/** Which runs are shown, and how. */
export function Tools({ table, help }: { table: Table; help: () => void }) {
  const state = table.state.value;
  const error = table.runs.error.value;
  return (
    <div class="nbt-runs-tools">
      <div class="nbt-tools-line">
        <StoreChoice table={table} />
        <Search value={state.search} />
        <FilterBox table={table} />
      </div>
      {error && (
        <div id="nbt-filter-error" class="nbt-filter-error" role="alert">
          <Message text={error.message} />
          {table.runs.head.value && <span class="nbt-muted">the rows are those of before</span>}
          {error.status !== 400 && (
            <button type="button" onClick={() => (table.ask(), void table.runs.look())}>
              try again
            </button>
          )}
        </div>
      )}
      <div class="nbt-tools-line">
        <span class="nbt-choice" role="group" aria-label="states">
          {STATES.map((one) => (
            <StateChip key={one} state={one} chosen={state.states} />
          ))}
        </span>
        <TagMenu table={table} />
        <ProjectMenu table={table} />
        <GroupMenu table={table} />
        <span class="nbt-space" />
        <ColumnMenu table={table} />
        <ViewsMenu table={table} />
        <ExportMenu table={table} />
        <button
          type="button"
          aria-pressed={state.trash}
          title="runs that were put out of sight"
          onClick={() => {
            table.selection.clear();
            choose({ trash: !state.trash }, true);
          }}
        >
          trash
        </button>
        <button type="button" aria-label="keys" title="keys (?)" onClick={help}>
          ?
        </button>
      </div>
    </div>
  );
}

/** What is wrong in a line, and all names that there are for those who ask. */
function Message({ text }: { text: string }) {
  const at = text.indexOf(". There are ");
  if (at < 0) return <span>{text}</span>;
  return (
    <>
      <span>{text.slice(0, at).replace(/^query runs: /, "")}</span>
      <details>
        <summary>names that there are</summary>
        {text.slice(at + ". There are ".length)}
      </details>
    </>
  );
}

function StoreChoice({ table }: { table: Table }) {
  const stores = server.value?.stores ?? [];
  if (stores.length < 2) return null;
  return (
    <select
      class="nbt-field nbt-store"
      aria-label="store"
      value={table.store.value}
      title={stores.find(({ key }) => key === table.store.value)?.path}
      onChange={(event) =>
        choose({ store: event.currentTarget.value, group: "", columns: [], projects: [], tags: [] }, true)
      }
    >
      {stores.map(({ key, name, path }) => (
        <option key={key} value={key} title={path}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Search({ value }: { value: string }) {
  const [text, type, finish] = useTyped(value, (search) => choose({ search }));
  return (
    <input
      id="nbt-search"
      type="search"
      class="nbt-field nbt-words"
      placeholder="search  /"
      aria-label="search names, tags, notes, notebooks and projects"
      value={text}
      onInput={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") finish();
      }}
    />
  );
}

function StateChip({ state, chosen }: { state: RunState; chosen: readonly RunState[] }) {
  const on = chosen.includes(state);
  return (
    <button
      type="button"
      class="nbt-state-chip"
      aria-pressed={on}
      title={`only ${state} runs`}
      onClick={() =>
        choose({ states: on ? chosen.filter((one) => one !== state) : [...chosen, state] })
      }
    >
      <span class={`nbt-is-${state}`}>
        <StateIcon state={state} />
      </span>
      <span class="nbt-state-word">{state}</span>
    </button>
  );
}
