import { useState } from "preact/hooks";

import { Menu } from "./Menu";
import { choose } from "./state";
import type { Table } from "./table";

const BUILT_IN = ["state", "project", "notebook", "host", "group", "job_type", "name"];

/** What runs are put together by. */
export function GroupMenu({ table }: { table: Table }) {
  const { group } = table.state.value;
  return (
    <Menu label={group ? `group: ${group.replace(/^config\./, "")}` : "group"} title="put runs together by a value" on={group !== ""}>
      {(close) => <Groups table={table} close={close} />}
    </Menu>
  );
}

function Groups({ table, close }: { table: Table; close: () => void }) {
  const [text, setText] = useState("");
  const { group, folded } = table.state.value;
  const head = table.runs.head.value;
  const names = [
    ...BUILT_IN,
    ...(head?.columns ?? []).map(({ name }) => name).filter((name) => name.startsWith("config.")),
  ].filter((name) => name.toLowerCase().includes(text.trim().toLowerCase()));
  const take = (name: string) => {
    choose({ group: name, folded: new Set() });
    close();
  };
  const all = head?.groups.map((_, at) => at) ?? [];
  return (
    <div class="nbt-choices">
      <input
        type="search"
        class="nbt-field"
        placeholder="search"
        aria-label="search names"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !names[0]) return;
          // Else it is the button that gets the focus which hears it.
          event.preventDefault();
          take(names[0]);
        }}
      />
      {group && (
        <div class="nbt-buttons">
          <button type="button" onClick={() => take("")}>
            no groups
          </button>
          <button
            type="button"
            onClick={() => choose({ folded: folded.size ? new Set() : new Set(all) })}
          >
            {folded.size ? "unfold all" : "fold all"}
          </button>
        </div>
      )}
      <div class="nbt-drop-scroll">
        {names.slice(0, 200).map((name) => (
          <button
            type="button"
            key={name}
            class="nbt-item"
            aria-pressed={name === group}
            onClick={() => take(name)}
          >
            <span class="nbt-cut">{name}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
