import { useLayoutEffect, useRef } from "preact/hooks";

import { GroupRow } from "./GroupRow";
import { HeadCell } from "./HeadCell";
import { lineId, Row } from "./Row";
import type { Table } from "./table";
import { HEAD, ROW, useLines } from "./useLines";

const MARK = 34;

/** The lines in sight, below the heads of their columns. */
export function Grid({ table }: { table: Table }) {
  const host = useRef<HTMLDivElement>(null);
  const places = table.places.value;
  const columns = table.columns.value;
  const marked = table.selection.runs.value;
  const active = table.active.value;
  const lines = useLines(places.count, host);
  // Read, so that rows that came are drawn.
  void table.runs.changes.value;
  const items = lines.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  const slots = 32 * Math.ceil((items.length + 1) / 32);
  const grouped = table.state.value.group !== "";
  useKept(table, host);
  useLayoutEffect(() => {
    if (items.length) table.see(first, last);
  }, [first, last, places, columns, table.runs.changes.value]);
  useLayoutEffect(() => {
    if (active >= 0) lines.scrollToIndex(active, { align: "auto" });
  }, [active]);
  const width = MARK + columns.reduce((sum, column) => sum + column.width, 0);
  const tracks = [`${MARK}px`, ...columns.map((column) => `${column.width}px`), "1fr"].join(" ");
  const all = table.runs.head.value?.matched ?? 0;
  const size = marked.size;
  return (
    <div
      ref={host}
      class="nbt-grid"
      role={grouped ? "treegrid" : "grid"}
      id="nbt-grid"
      tabIndex={0}
      aria-label="runs"
      aria-multiselectable
      aria-busy={table.runs.loading.value}
      aria-rowcount={places.count + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={active >= first && active <= last ? lineId(active) : undefined}
      style={{ "--nbt-tracks": tracks, "--nbt-width": `${width}px` }}
      onScroll={(event) => (table.scroll = event.currentTarget.scrollTop)}
    >
      <div role="row" aria-rowindex={1} class="nbt-row nbt-row-heads" style={{ height: `${HEAD}px` }}>
        <div role="columnheader" aria-colindex={1} class="nbt-grid-cell nbt-grid-cell-mark">
          <input
            type="checkbox"
            checked={size > 0 && size >= all}
            indeterminate={size > 0 && size < all}
            aria-label="select all that match"
            title="select all that match"
            onClick={(event) => {
              event.preventDefault();
              void table.markAll();
            }}
          />
        </div>
        {columns.map((column, at) => (
          <HeadCell key={column.id} table={table} column={column} at={at} />
        ))}
      </div>
      <div role="rowgroup" class="nbt-rows" style={{ height: `${places.count * ROW}px` }}>
        {items.map(({ index, start }) => {
          const line = places.lineAt(index);
          const shared = { table, line: index, top: start - HEAD, active: index === active };
          // Lines that came into sight take the elements of those that left.
          const slot = index % slots;
          if (line?.kind === "group") {
            return <GroupRow key={`g${slot}`} {...shared} group={line} span={columns.length + 1} />;
          }
          const run = line ? table.runs.at(line.run) : undefined;
          return (
            <Row
              key={slot}
              {...shared}
              run={run}
              columns={columns}
              level={grouped ? 2 : undefined}
              marked={run !== undefined && marked.has(run.id)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Keeps what is seen where it is while runs come and go above it. */
function useKept(table: Table, host: { current: HTMLDivElement | null }): void {
  const { resets, changes } = table.runs;
  const kept = useRef<{ top: string; place: number; active: string; resets: number } | null>(null);
  const places = table.places.value;
  useLayoutEffect(() => {
    const element = host.current;
    if (element && table.scroll) element.scrollTop = table.scroll;
  }, []);
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const before = kept.current;
    if (before && before.resets !== resets.value) {
      element.scrollTop = 0;
      table.active.value = -1;
    } else if (before && element.scrollTop > 0) {
      const place = before.top ? table.runs.placeOf(before.top) : null;
      const moved = place === null ? 0 : places.lineOf(place) - before.place;
      if (moved) element.scrollTop += moved * ROW;
    }
    if (before?.active && before.resets === resets.value) {
      const place = table.runs.placeOf(before.active);
      if (place !== null) table.active.value = places.lineOf(place);
    }
    kept.current = null;
  }, [changes.value, resets.value]);
  useLayoutEffect(() => {
    // Not the element's own word: to ask for that would have all of it laid out.
    const line = Math.ceil(table.scroll / ROW);
    kept.current = {
      top: table.runAt(line)?.id ?? "",
      place: line,
      active: table.runAt(table.active.peek())?.id ?? "",
      resets: resets.value,
    };
  });
}
