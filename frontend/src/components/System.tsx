import { formatBytes } from "../model/format";
import type { RunModel, Series } from "../model/run";

const WIDTH = 120;
const HEIGHT = 24;
const MAX_GPUS = 8;
const NEAR = 0.15;

interface Strip {
  name: string;
  value: string;
  series: Series;
  /** The value at the top of the strip. */
  top: number;
  /** A value that is not to be reached. */
  limit?: number;
}

/** What the machine does: thin lines, in one row. */
export function System({ model }: { model: RunModel }) {
  const strips = stripsOf(model);
  if (!strips.length) return null;
  return (
    <div class="nbt-system" aria-label="system">
      {strips.map((strip) => (
        <figure key={strip.name} aria-label={`${strip.name} ${strip.value}`}>
          <figcaption>
            {strip.name} <b class="nbt-number">{strip.value}</b>
          </figcaption>
          <Spark strip={strip} />
        </figure>
      ))}
    </div>
  );
}

function Spark({ strip }: { strip: Strip }) {
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="nbt-area" d={areaOf(strip)} />
      {strip.limit !== undefined && (
        <path class="nbt-limit" d={`M0 ${y(strip.limit, strip.top)}H${WIDTH}`} />
      )}
    </svg>
  );
}

function stripsOf(model: RunModel): Strip[] {
  // Reading it is what has this drawn again.
  const limit = model.revision.value >= 0 ? model.card.value?.memory_limit : null;
  const strips: Strip[] = [];
  const cpu = model.system("cpu.percent");
  if (cpu) {
    strips.push({ name: "CPU", value: `${Math.round(cpu.lastY)} %`, series: cpu, top: 100 });
  }
  const memory = model.system("memory.process.bytes");
  if (memory) {
    const most = memory.points.reduce((max, y, at) => (at % 2 && y > max ? y : max), 0);
    const value = formatBytes(memory.lastY, limit ?? 0);
    // A limit that is far away would leave nothing to see of what is used.
    const near = limit && most > NEAR * limit;
    const top = near ? limit * 1.05 : most * 1.25;
    strips.push({ name: "RAM", value, series: memory, top, ...(near ? { limit } : {}) });
  }
  for (let gpu = 0; gpu < MAX_GPUS; gpu++) {
    const use = model.system(`gpu.${gpu}.utilization.percent`);
    const used = model.system(`gpu.${gpu}.memory.used.bytes`);
    const total = model.system(`gpu.${gpu}.memory.total.bytes`);
    const name = model.system("gpu.1.utilization.percent") ? `GPU ${gpu}` : "GPU";
    if (use) {
      strips.push({ name, value: `${Math.round(use.lastY)} %`, series: use, top: 100 });
    }
    if (used && total) {
      const value = formatBytes(used.lastY, total.lastY);
      strips.push({ name: `${name} memory`, value, series: used, top: total.lastY });
    }
  }
  return strips;
}

const y = (value: number, top: number) =>
  (HEIGHT * (1 - Math.min(1, Math.max(0, value / (top || 1))))).toFixed(1);

function areaOf({ series, top }: Strip): string {
  const { points } = series;
  const first = points[0] ?? 0;
  const span = (points[points.length - 2] ?? 0) - first || 1;
  let path = `M0 ${HEIGHT}`;
  let last = 0;
  for (let at = 0; at < points.length; at += 2) {
    const value = points[at + 1] ?? NaN;
    if (!Number.isFinite(value)) continue;
    last = (WIDTH * ((points[at] ?? 0) - first)) / span;
    path += `L${last.toFixed(1)} ${y(value, top)}`;
  }
  return `${path}L${last.toFixed(1)} ${HEIGHT}Z`;
}
