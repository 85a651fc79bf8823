import { Component } from "preact";

import type { RunRow } from "../api";
import { Cell } from "./cells";
import type { Shown } from "./columns";
import type { Table } from "./table";

interface Props {
  table: Table;
  line: number;
  /** Where it stands, in pixels. */
  top: number;
  run: RunRow | undefined;
  columns: readonly Shown[];
  marked: boolean;
  active: boolean;
  /** Below the head of a group: 2. */
  level?: number | undefined;
}

export const lineId = (line: number) => `nbt-line-${line}`;

/** A run as a line of the table. Drawn again only if it is another, or looks otherwise. */
export class Row extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    return (Object.keys(next) as (keyof Props)[]).some((name) => next[name] !== this.props[name]);
  }

  override render({ table, line, top, run, columns, marked, active, level }: Props) {
    const looks = ["nbt-row", marked && "nbt-row-marked", active && "nbt-row-active"];
    return (
      <div
        id={lineId(line)}
        role="row"
        aria-rowindex={line + 2}
        aria-level={level}
        aria-selected={marked}
        class={looks.filter(Boolean).join(" ")}
        style={{ transform: `translateY(${top}px)` }}
        onClick={(event) => {
          table.active.value = line;
          if (event.ctrlKey || event.metaKey || event.shiftKey) void table.mark(line, event.shiftKey);
        }}
      >
        <div
          role="gridcell"
          aria-colindex={1}
          class="nbt-grid-cell nbt-grid-cell-mark"
          onClick={(event) => {
            event.stopPropagation();
            event.preventDefault();
            table.active.value = line;
            void table.mark(line, event.shiftKey);
          }}
        >
          <input
            type="checkbox"
            tabIndex={-1}
            checked={marked}
            disabled={!run}
            aria-label={run ? `select ${run.name}` : "not here yet"}
          />
        </div>
        {columns.map((column, at) => (
          <div
            key={column.id}
            role="gridcell"
            aria-colindex={at + 2}
            class={`nbt-grid-cell${column.numeric ? " nbt-grid-cell-number" : ""}`}
          >
            {run ? (
              <Cell run={run} column={column} store={table.store.value} sparks={table.sparks} />
            ) : (
              <span class="nbt-blank" />
            )}
          </div>
        ))}
      </div>
    );
  }
}
