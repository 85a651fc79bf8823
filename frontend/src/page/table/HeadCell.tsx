import { useRef, useState } from "preact/hooks";

import type { Shown } from "./columns";
import type { Table } from "./table";

interface Props {
  table: Table;
  column: Shown;
  at: number;
}

const STEP = 16;

/** The head of a column: sorts, moves and resizes it. */
export function HeadCell({ table, column, at }: Props) {
  const [over, setOver] = useState(false);
  const { sort } = table.state.value;
  const place = sort.findIndex((one) => one.replace(/^-/, "") === column.sort);
  const falls = sort[place]?.startsWith("-") ?? false;
  const sorted = place < 0 ? "none" : falls ? "descending" : "ascending";
  const kind = /^(config|summary|spark)\./.exec(column.id)?.[1];
  return (
    <div
      role="columnheader"
      aria-colindex={at + 2}
      aria-sort={column.sort === null ? undefined : sorted}
      class={`nbt-grid-cell nbt-grid-cell-head${column.numeric ? " nbt-grid-cell-number" : ""}${over ? " nbt-grid-cell-over" : ""}`}
      draggable
      onDragStart={(event) => event.dataTransfer?.setData("text/nbt-column", column.id)}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("text/nbt-column")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const moved = event.dataTransfer?.getData("text/nbt-column");
        if (moved) table.moveColumn(moved, column.id);
      }}
    >
      <button
        type="button"
        class="nbt-sort"
        title={`${column.id}${column.sort === null ? "" : "\nclick: sort; shift: after the others"}\ndrag: move`}
        onClick={(event) => table.sort(column, event.shiftKey)}
        onKeyDown={(event) => {
          const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
          if (!by || !(event.altKey || event.ctrlKey)) return;
          event.preventDefault();
          event.stopPropagation();
          if (event.altKey) table.resizeColumn(column.id, column.width + by * STEP);
          else table.shiftColumn(column.id, by);
        }}
      >
        {kind && <i class={`nbt-kind nbt-kind-${kind}`} title={kind} aria-label={kind} />}
        <span class="nbt-cut">{column.title}</span>
        {place >= 0 && (
          <span class="nbt-arrow" aria-hidden="true">
            {falls ? "↓" : "↑"}
            {sort.length > 1 && <sup>{place + 1}</sup>}
          </span>
        )}
      </button>
      <Grip table={table} column={column} />
    </div>
  );
}

/** The edge of a column, to be drawn aside. */
function Grip({ table, column }: { table: Table; column: Shown }) {
  const from = useRef<{ x: number; width: number } | null>(null);
  return (
    <span
      class="nbt-grid-grip"
      aria-hidden="true"
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={(event) => {
        from.current = { x: event.clientX, width: column.width };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!from.current) return;
        table.resizeColumn(column.id, from.current.width + event.clientX - from.current.x);
      }}
      onPointerUp={() => (from.current = null)}
      onPointerCancel={() => (from.current = null)}
    />
  );
}
