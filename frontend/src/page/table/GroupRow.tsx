import { short, whole } from "./format";
import type { Line } from "./places";
import { lineId } from "./Row";
import type { Table } from "./table";

interface Props {
  table: Table;
  line: number;
  top: number;
  group: Extract<Line, { kind: "group" }>;
  span: number;
  active: boolean;
}

/** The head of a group: what its runs have in common, and how many they are. */
export function GroupRow({ table, line, top, group, span, active }: Props) {
  const by = table.state.value.group.replace(/^(config|summary)\./, "");
  return (
    <div
      id={lineId(line)}
      role="row"
      aria-rowindex={line + 2}
      aria-level={1}
      aria-expanded={!group.folded}
      class={`nbt-row nbt-row-group${active ? " nbt-row-active" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => {
        table.active.value = line;
        table.fold(group.group);
      }}
    >
      <div role="gridcell" aria-colspan={span} class="nbt-group-cell">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={false}
          aria-label={`select the runs of ${whole(group.value)}`}
          title="select these runs"
          onClick={(event) => {
            event.stopPropagation();
            event.preventDefault();
            void table.mark(line, false);
          }}
        />
        <span class={group.folded ? "nbt-group-fold" : "nbt-group-fold nbt-group-fold-open"} aria-hidden="true" />
        <span class="nbt-muted">{by}</span>
        <b class="nbt-cut" title={whole(group.value)}>
          {group.value === null ? "none" : short(group.value) || '""'}
        </b>
        <span class="nbt-count">{group.runs.toLocaleString("en")}</span>
      </div>
    </div>
  );
}
