import type uPlot from "uplot";

import type { Figure, Place } from "../../../components/plot";
import { MAX_KEYS } from "../../../model/groups";
import type { Axis } from "../../../model/lines";
import type { Trace } from "../../../model/traces";
import type { TablePage } from "../../api";

const KINDS = ["bar", "line", "scatter", "histogram", "confusion", "pr", "roc"] as const;

/** Which columns of a table go where: what `record/` keeps of a chart. */
export interface Chart {
  kind: (typeof KINDS)[number];
  x: string;
  y: string | null;
  stroke: string | null;
  value: string | null;
  title: string;
  x_title: string | null;
  y_title: string | null;
}

/** What somebody logged with a table, if a chart can be drawn from it. */
export function chartOf(given: unknown): Chart | null {
  if (typeof given !== "object" || given === null) return null;
  const found = given as Record<string, unknown>;
  const text = (name: string) => (typeof found[name] === "string" ? found[name] : null);
  const kind = KINDS.find((one) => one === found.kind);
  const x = text("x");
  if (!kind || x === null) return null;
  return {
    kind,
    x,
    y: text("y"),
    stroke: text("stroke"),
    value: text("value"),
    title: text("title") ?? "",
    x_title: text("x_title"),
    y_title: text("y_title"),
  };
}

/** The values of a column; none where there is no such column. */
export function columnOf(table: TablePage, name: string | null): unknown[] {
  const at = table.columns.findIndex((column) => column.name === name);
  return at < 0 ? [] : table.rows.map((row) => row[at]);
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : NaN);
export const wordOf = (value: unknown): string =>
  typeof value === "string" ? value : value === null || value === undefined ? "–" : String(value);

/** Lines or points from the rows of a table: one trace for each value of `stroke`. */
export class CurvesFigure implements Figure {
  private readonly curves: Trace[];

  constructor(
    readonly place: Place,
    private readonly chart: Chart,
    table: TablePage,
  ) {
    this.curves = curvesOf(chart, table);
  }

  axis = (): Axis => "value";
  log = () => false;
  height = () => 230;
  revision = () => 0;
  shape = () => "";
  traces = () => this.curves;

  private get isPart() {
    return this.chart.kind === "pr" || this.chart.kind === "roc";
  }

  extent() {
    return this.isPart ? ([0, 1] as const) : null;
  }

  range() {
    return this.isPart ? ([0, 1.02] as const) : ([null, null] as const);
  }

  /** Of a guess: what a classifier that knows nothing does. */
  behind(plot: uPlot, colour: (name: string) => string): void {
    if (this.chart.kind !== "roc") return;
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = colour("muted");
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(plot.valToPos(0, "x", true), plot.valToPos(0, "y", true));
    ctx.lineTo(plot.valToPos(1, "x", true), plot.valToPos(1, "y", true));
    ctx.stroke();
    ctx.restore();
  }

  tune(options: uPlot.Options): void {
    if (this.chart.kind !== "scatter") return;
    for (const series of options.series.slice(1)) {
      Object.assign(series, { paths: () => null, points: { ...series.points, show: true, size: 6 } });
    }
  }
}

function curvesOf(chart: Chart, table: TablePage): Trace[] {
  const xs = columnOf(table, chart.x).map(numberOf);
  const ys = columnOf(table, chart.y).map(numberOf);
  const names = chart.stroke ? columnOf(table, chart.stroke).map(wordOf) : [];
  const groups = new Map<string, [number, number][]>();
  xs.forEach((x, at) => {
    const y = ys[at] ?? NaN;
    if (!Number.isFinite(x)) return;
    const name = names[at] ?? chart.y_title ?? chart.y ?? "";
    const group = groups.get(name);
    if (group) group.push([x, y]);
    else groups.set(name, [[x, y]]);
  });
  return [...groups].map(([name, points], at) => {
    // Rows of a curve keep their order where they lie above each other.
    const sorted = [...points].sort(([a], [b]) => a - b);
    const x = apart(sorted.map(([value]) => value));
    return {
      colour: at % MAX_KEYS,
      strong: true,
      faint: false,
      x,
      y: sorted.map(([, y]) => (Number.isFinite(y) ? y : null)),
      name,
      last: sorted.at(-1)?.[1] ?? NaN,
      nans: sorted.filter(([, y]) => !Number.isFinite(y)).length,
      attempt: at,
    };
  });
}

/** The same places, each a little behind the one before it: a chart has one value at each. */
function apart(sorted: readonly number[]): number[] {
  const width = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0) || 1;
  const step = (width * 1e-7) / Math.max(1, sorted.length);
  const found: number[] = [];
  sorted.forEach((x, at) => found.push(at && x <= (found[at - 1] ?? x) ? (found[at - 1] ?? x) + step : x));
  return found;
}

/** The table of a confusion matrix: how often each class was taken for each. */
export interface Matrix {
  classes: string[];
  /** By actual class, then by predicted class. */
  counts: number[][];
}

export function matrixOf(chart: Chart, table: TablePage): Matrix {
  const predicted = columnOf(table, chart.x).map(wordOf);
  const actual = columnOf(table, chart.y).map(wordOf);
  const values = columnOf(table, chart.value).map(numberOf);
  const classes = [...new Set([...actual, ...predicted])];
  const places = new Map(classes.map((name, at) => [name, at]));
  const counts = classes.map(() => classes.map(() => 0));
  actual.forEach((name, at) => {
    const row = counts[places.get(name) ?? -1];
    const column = places.get(predicted[at] ?? "") ?? -1;
    if (row && column >= 0) row[column] = (row[column] ?? 0) + (values[at] ?? 0);
  });
  return { classes, counts };
}
