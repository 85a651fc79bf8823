/** Points of a curve: x rises; null is a gap. */
export interface Curve {
  x: number[];
  y: (number | null)[];
}

/** Places along the axis that many curves share, so that a chart need not hold all x of all. */
const COLUMNS = 1000;

/** The more curves, the fewer points each of them needs. */
export const bucketsFor = (runs: number) => Math.round(Math.min(400, Math.max(60, 5000 / runs)));

/** The extremes of an answer's buckets as a curve, each once. */
export function lineOfCut(points: Float64Array, scale: number): Curve {
  const x: number[] = [];
  const y: (number | null)[] = [];
  for (let at = 0; at + 1 < points.length; at += 2) {
    const px = (points[at] ?? NaN) / scale;
    const py = points[at + 1] ?? NaN;
    const value = Number.isFinite(py) ? py : null;
    const last = x.length - 1;
    if (!Number.isFinite(px) || (last >= 0 && x[last] === px && y[last] === value)) continue;
    x.push(px);
    y.push(value);
  }
  return { x, y };
}

/** The same curves over few places of the axis. `whole`: places are whole numbers. */
export function alignX(curves: readonly Curve[], whole: boolean): Curve[] {
  let low = Infinity;
  let high = -Infinity;
  for (const { x } of curves) {
    low = Math.min(low, x[0] ?? Infinity);
    high = Math.max(high, x.at(-1) ?? -Infinity);
  }
  const exact = (high - low) / COLUMNS;
  const size = whole ? Math.ceil(exact) : exact;
  if (!(size > 0) || (whole && size <= 1)) return [...curves];
  return curves.map(({ x, y }) => {
    const found: Curve = { x: [], y: [] };
    x.forEach((value, at) => {
      const place = low + Math.round((value - low) / size) * size;
      if (found.x.at(-1) === place) return;
      found.x.push(place);
      found.y.push(y[at] ?? null);
    });
    return found;
  });
}
