import { formatDuration } from "../../../model/format";
import type { CellDetail } from "../../api";

const MOST = 2000;
/** Parts of the whole below which a bar would not be seen. */
const LEAST = 0.004;

interface Props {
  cells: readonly CellDetail[];
  chosen: number;
  now: number;
  choose: (n: number) => void;
}

/** When which cell ran: bars over time, as many rows as there are cells that ran more than once. */
export function Timeline({ cells, chosen, now, choose }: Props) {
  const timed = cells.filter(({ started }) => started !== null).slice(-MOST);
  const [first] = timed;
  if (!first) return null;
  const start = first.started ?? 0;
  const end = Math.max(...timed.map((cell) => cell.ended ?? now));
  const span = end - start || 1;
  return (
    <div class="nbt-timeline" role="group" aria-label="what ran when">
      <div class="nbt-timeline-bars">
        {timed.map((cell) => {
          const left = ((cell.started ?? 0) - start) / span;
          const width = Math.max(LEAST, ((cell.ended ?? now) - (cell.started ?? 0)) / span);
          const took = cell.wall_seconds === null ? "" : `, ${formatDuration(cell.wall_seconds)}`;
          return (
            <button
              type="button"
              key={cell.n}
              tabIndex={-1}
              class={`nbt-bar-cell nbt-bar-${cell.state}${cell.attempt === null ? "" : " nbt-bar-tracked"}`}
              aria-label={`cell ${cell.label}, ${cell.state}${took}`}
              aria-pressed={cell.n === chosen}
              title={`${cell.label} ${cell.state}${took}`}
              style={{ left: `${100 * Math.min(left, 1 - LEAST)}%`, width: `${100 * width}%` }}
              onClick={() => choose(cell.n)}
            >
              {width > 0.06 && cell.label}
            </button>
          );
        })}
      </div>
      <div class="nbt-timeline-axis nbt-muted nbt-number" aria-hidden="true">
        <span>{new Date(start / 1e3).toLocaleTimeString()}</span>
        <span>{formatDuration(span / 1e6)}</span>
        <span>{new Date(end / 1e3).toLocaleTimeString()}</span>
      </div>
    </div>
  );
}
