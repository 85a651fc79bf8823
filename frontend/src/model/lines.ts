import type { Series } from "./run";

/** What is across; `value`: another metric, or anything else that is a number. */
export type Axis = "step" | "time" | "relative" | "value";

/** Points of a line: x rises; null is a gap. */
export interface Line {
  x: number[];
  y: (number | null)[];
}

/** Maps steps to seconds since 1970, by the times at which an attempt's rows came. */
export function timeOf(clock: Series | undefined): (step: number) => number {
  if (!clock || !clock.points.length) return () => NaN;
  const { x, y } = sorted(clock.points);
  return (step) => {
    let low = 0;
    let high = x.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((x[middle] ?? 0) < step) low = middle + 1;
      else high = middle;
    }
    const x1 = x[low] ?? 0;
    const y1 = y[low] ?? NaN;
    if (low === 0 || step >= x1) return y1 / 1e6;
    const x0 = x[low - 1] ?? 0;
    const y0 = y[low - 1] ?? NaN;
    return (x1 > x0 ? y0 + ((step - x0) / (x1 - x0)) * (y1 - y0) : y1) / 1e6;
  };
}

/** A series along an axis. `started`: when its attempt began, in seconds since 1970. */
export function lineOf(
  series: Series,
  axis: Axis,
  clock: Series | undefined,
  started: number,
): Line {
  const { x, y } = sorted(series.points);
  const line: Line = { x, y: y.map((value) => (Number.isFinite(value) ? value : null)) };
  if (axis === "step") return line;
  const time = timeOf(clock);
  line.x = x.map((step) => time(step) - (axis === "relative" ? started : 0));
  return line;
}

/**
 * An exponential moving average that begins at the first value: the weights that are missing at
 * the start are divided out.
 */
export function smooth(y: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return [...y];
  let sum = 0;
  let weights = 0;
  return y.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    weights = weight * weights + (1 - weight);
    return sum / weights;
  });
}

/** x and y of every extreme by rising x, each once. */
function sorted(points: Float64Array): { x: number[]; y: number[] } {
  const x: number[] = [];
  const y: number[] = [];
  let rises = true;
  for (let at = 0; at < points.length; at += 2) {
    const px = points[at] ?? NaN;
    const py = points[at + 1] ?? NaN;
    const last = x.length - 1;
    if (last >= 0 && x[last] === px && Object.is(y[last], py)) continue;
    if (last >= 0 && px < (x[last] ?? 0)) rises = false;
    x.push(px);
    y.push(py);
  }
  if (rises) return { x, y };
  const order = x.map((_, at) => at).sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0) || a - b);
  return { x: order.map((at) => x[at] ?? NaN), y: order.map((at) => y[at] ?? NaN) };
}
