import { useState } from "preact/hooks";

import { BUILT_IN_IDS, SPARK } from "./columns";
import { Menu } from "./Menu";
import { choose } from "./state";
import type { Table } from "./table";

const MOST = 200;

/** Which columns there are, and in what order. */
export function ColumnMenu({ table }: { table: Table }) {
  return (
    <Menu label="columns" title="which columns are shown" right>
      {() => <Columns table={table} />}
    </Menu>
  );
}

function Columns({ table }: { table: Table }) {
  const [text, setText] = useState("");
  const sought = text.trim().toLowerCase();
  const shown = table.columns.value;
  const ids = new Set(shown.map(({ id }) => id));
  const known = table.runs.head.value?.columns ?? [];
  const curves = known
    .filter(({ name, kind }) => name.startsWith("summary.") && kind === "number")
    .map(({ name }) => `${SPARK}${name.slice("summary.".length)}`);
  const more = [...BUILT_IN_IDS, ...known.map(({ name }) => name), ...curves].filter(
    (id) => !ids.has(id) && id.toLowerCase().includes(sought),
  );
  return (
    <div class="nbt-columns">
      <input
        type="search"
        class="nbt-field"
        placeholder="search columns"
        aria-label="search columns"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && more[0]) table.toggleColumn(more[0]);
        }}
      />
      <div class="nbt-drop-scroll">
        {!sought && (
          <>
            <p class="nbt-drop-panel-title">shown</p>
            {shown.map(({ id }, at) => (
              <div key={id} class="nbt-item-line">
                <Name id={id} />
                <button
                  type="button"
                  aria-label={`${id} further left`}
                  disabled={at === 0}
                  onClick={() => table.shiftColumn(id, -1)}
                >
                  ↑
                </button>
                <button
                  type="button"
                  aria-label={`${id} further right`}
                  disabled={at === shown.length - 1}
                  onClick={() => table.shiftColumn(id, 1)}
                >
                  ↓
                </button>
                <button
                  type="button"
                  aria-label={`remove ${id}`}
                  disabled={shown.length === 1}
                  onClick={() => table.toggleColumn(id)}
                >
                  ×
                </button>
              </div>
            ))}
            <p class="nbt-drop-panel-title">more</p>
          </>
        )}
        {more.slice(0, MOST).map((id) => (
          <button type="button" key={id} class="nbt-item" onClick={() => table.toggleColumn(id)}>
            <Name id={id} />
            <span class="nbt-muted nbt-number">
              {known.find(({ name }) => name === id)?.runs.toLocaleString("en")}
            </span>
          </button>
        ))}
        {more.length > MOST && (
          <p class="nbt-muted">{more.length - MOST} more: search for them</p>
        )}
        {!more.length && <p class="nbt-muted">no other column</p>}
      </div>
      <button type="button" onClick={() => choose({ columns: [], widths: new Map() })}>
        as the table finds best
      </button>
    </div>
  );
}

function Name({ id }: { id: string }) {
  const [, kind, name] = /^(config|summary|spark)\.(.*)$/s.exec(id) ?? [];
  return (
    <span class="nbt-cut nbt-column-name" title={id}>
      {kind && <span class="nbt-muted">{kind === "spark" ? "curve" : kind}</span>}
      {name ?? id}
    </span>
  );
}
