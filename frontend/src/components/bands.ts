import type uPlot from "uplot";

/** A stretch of the axis to shade. */
export interface Band {
  from: number;
  to: number;
  name: string;
  /** A colour of the theme: `--nbt-<colour>`. */
  colour: string;
}

/** Draws bands behind the curves of a chart. */
export function shade(
  { ctx, bbox, valToPos }: uPlot,
  bands: readonly Band[],
  colour: (name: string) => string,
): void {
  for (const band of bands) {
    const left = Math.max(bbox.left, valToPos(band.from, "x", true));
    const right = Math.min(bbox.left + bbox.width, valToPos(band.to, "x", true));
    if (right <= left) continue;
    ctx.fillStyle = `${colour(band.colour)}22`;
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
  }
}

/** The name of the band at a place, after a dot. */
export function nameAt(bands: readonly Band[], x: number): string {
  const found = bands.find(({ from, to }) => from <= x && x <= to);
  return found ? ` · ${found.name}` : "";
}
