import type uPlot from "uplot";

import type { Figure, Place } from "../../../components/plot";
import { formatNumber } from "../../../model/format";
import type { Axis } from "../../../model/lines";
import type { Trace } from "../../../model/traces";
import type { Moment } from "./media";

/** How often values lie where: between `bins[i]` and `bins[i + 1]`. */
export interface Histogram {
  step: number;
  bins: number[];
  counts: number[];
}

const HEIGHT = 190;
/** Shades of a heat map; so many colours have to be made at most. */
const SHADES = 24;

export function histogramsOf(moments: readonly Moment[]): Histogram[] {
  return moments.flatMap(({ step, entries }) => {
    const { bins, counts } = entries[0]?.info ?? {};
    if (!isNumbers(bins) || !isNumbers(counts) || bins.length !== counts.length + 1) return [];
    return counts.length ? [{ step, bins, counts }] : [];
  });
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => typeof one === "number");

const middle = (bins: readonly number[], at: number) => ((bins[at] ?? 0) + (bins[at + 1] ?? 0)) / 2;

/** Half of the values lie below it, as far as the bins tell. */
export function medianOf({ bins, counts }: Histogram): number {
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let sum = 0;
  for (const [at, count] of counts.entries()) {
    if (count > 0 && sum + count >= half) {
      const [low, high] = [bins[at] ?? 0, bins[at + 1] ?? 0];
      return low + ((high - low) * (half - sum)) / count;
    }
    sum += count;
  }
  return NaN;
}

const trace = (name: string, x: number[], y: number[]): Trace => ({
  colour: 0,
  strong: true,
  faint: false,
  x,
  y,
  name,
  last: y.at(-1) ?? NaN,
  nans: 0,
  attempt: 0,
});

/** Histograms beside each other over the steps: the darker, the more values lie there. */
export class HeatFigure implements Figure {
  private readonly widths: [number, number][];
  private readonly densest: number;
  private readonly ends: readonly [number, number];

  constructor(
    readonly place: Place,
    private readonly histograms: readonly Histogram[],
    /** The step that is looked at. */
    private readonly looked: () => number,
  ) {
    const steps = histograms.map(({ step }) => step);
    this.widths = steps.map((step, at) => {
      const before = steps[at - 1] ?? step - ((steps[at + 1] ?? step + 1) - step);
      const after = steps[at + 1] ?? step + (step - before);
      return [(before + step) / 2, (step + after) / 2];
    });
    this.ends = [
      least(histograms.map(({ bins }) => bins[0] ?? 0)),
      most(histograms.map(({ bins }) => bins.at(-1) ?? 0)),
    ];
    this.densest = most(histograms.flatMap(densities));
  }

  axis = (): Axis => "step";
  log = () => false;
  height = () => HEIGHT;
  revision = () => this.looked();
  shape = () => "";
  range = () => this.ends;
  extent = () => [this.widths[0]?.[0] ?? 0, this.widths.at(-1)?.[1] ?? 1] as const;

  traces(): Trace[] {
    return [
      trace(
        "median",
        this.histograms.map(({ step }) => step),
        this.histograms.map(medianOf),
      ),
    ];
  }

  behind(plot: uPlot, colour: (name: string) => string): void {
    const { ctx } = plot;
    const across = (x: number) => Math.round(plot.valToPos(x, "x", true));
    const up = (y: number) => Math.round(plot.valToPos(y, "y", true));
    ctx.save();
    ctx.beginPath();
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    ctx.clip();
    ctx.fillStyle = colour("accent");
    this.histograms.forEach((one, at) => {
      const [from, to] = this.widths[at] ?? [0, 0];
      const [left, right] = [across(from), across(to)];
      if (right < plot.bbox.left || left > plot.bbox.left + plot.bbox.width) return;
      densities(one).forEach((density, bin) => {
        const shade = Math.ceil(SHADES * Math.sqrt(density / this.densest)) / SHADES;
        if (!shade) return;
        const [bottom, top] = [up(one.bins[bin] ?? 0), up(one.bins[bin + 1] ?? 0)];
        ctx.globalAlpha = 0.85 * shade;
        ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
      });
    });
    const step = this.histograms[this.looked()]?.step;
    if (step !== undefined) {
      ctx.globalAlpha = 1;
      ctx.fillStyle = colour("text");
      ctx.fillRect(across(step), plot.bbox.top, Math.max(1, devicePixelRatio), plot.bbox.height);
    }
    ctx.restore();
  }

  tune(options: uPlot.Options): void {
    const [, series] = options.series;
    if (series) series.width = 1;
    // Lines across would look like values.
    for (const axis of options.axes ?? []) axis.grid = { show: false };
  }
}

/** The parts of all values that lie in each bin, for each unit of its width. */
function densities({ bins, counts }: Histogram): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count, at) => {
    const width = (bins[at + 1] ?? 0) - (bins[at] ?? 0);
    return all > 0 && width > 0 ? count / all / width : 0;
  });
}

const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);

/** One histogram, or any values, as bars. */
export class BarsFigure implements Figure {
  constructor(
    readonly place: Place,
    private readonly name: string,
    private readonly x: readonly number[],
    private readonly y: readonly number[],
    /** Half of the room between two bars. */
    private readonly half: number,
    private readonly nameOf: (x: number) => string,
  ) {}

  axis = (): Axis => "value";
  log = () => false;
  height = () => HEIGHT;
  revision = () => 0;
  shape = () => "";
  formatX = (x: number) => this.nameOf(x);
  extent = () => [(this.x[0] ?? 0) - this.half, (this.x.at(-1) ?? 0) + this.half] as const;
  range = () => [Math.min(0, least(this.y)), null] as const;

  traces(): Trace[] {
    const all = this.y.reduce((sum, y) => sum + y, 0);
    return [{ ...trace(this.name, [...this.x], [...this.y]), last: all }];
  }

  behind(plot: uPlot, colour: (name: string) => string): void {
    const { ctx } = plot;
    const zero = plot.valToPos(0, "y", true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    ctx.clip();
    ctx.fillStyle = colour("accent");
    ctx.globalAlpha = 0.75;
    this.x.forEach((x, at) => {
      const left = Math.round(plot.valToPos(x - this.half, "x", true));
      const right = Math.round(plot.valToPos(x + this.half, "x", true));
      const top = plot.valToPos(this.y[at] ?? 0, "y", true);
      const gap = right - left > 4 ? 1 : 0;
      ctx.fillRect(left + gap, Math.min(top, zero), right - left - 2 * gap || 1, Math.abs(zero - top));
    });
    ctx.restore();
  }

  /** Bars are drawn, no line. */
  tune(options: uPlot.Options): void {
    const [across] = options.axes ?? [];
    if (across) across.grid = { show: false };
    const [, series] = options.series;
    if (series) Object.assign(series, { paths: () => null, points: { show: false } });
  }
}

export function barsOf(place: Place, one: Histogram): BarsFigure {
  const x = one.counts.map((_, at) => middle(one.bins, at));
  const half = ((one.bins.at(-1) ?? 0) - (one.bins[0] ?? 0)) / one.counts.length / 2 || 0.5;
  return new BarsFigure(place, "values", x, one.counts, half, (value) => formatNumber(value));
}
