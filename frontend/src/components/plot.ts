import { effect, untracked, type Signal } from "@preact/signals";
import uPlot from "uplot";

import { formatNumber } from "../model/format";
import type { Axis } from "../model/lines";
import type { Trace } from "../model/traces";

/** Pixels of a chart that asks for no others. */
export const HEIGHT = 150;
/** Pixels from a curve at which a click means it. */
const NEAR = 24;

/** A value in a chart's legend. */
export interface Reading {
  name: string;
  colour: string;
  value: number;
}

/** What a chart says beside its curves. */
export interface Legend {
  /** Where the cursor is; null: the values are the last ones. */
  at: string | null;
  readings: Reading[];
  nans: number;
}

/** A point of a curve. */
export interface Pointed {
  trace: Trace;
  x: number;
  value: number;
}

/** What a chart draws; see {@link Plot}. */
export interface Figure {
  /** Curves that can be told apart by name, those on top last. */
  traces(): Trace[];
  /**
   * Changes when the curves are others, or look otherwise, so that the chart is made anew. What it
   * and `revision` read has the chart drawn again.
   */
  shape(): string;
  /** Changes when the numbers do. */
  revision(): number;
  /** What is across. */
  axis(): Axis;
  /** Values on a logarithmic axis. */
  log(): boolean;
  /** The ends of the axis of values, where a person has chosen them. */
  range?(): readonly [number | null, number | null];
  /** What a value is called; else a number. */
  format?(value: number): string;
  /** Curves are points, one each. */
  readonly dots?: boolean;
  /** Places on a logarithmic axis. */
  logX?(): boolean;
  /** What a place on the axis is called; else as the axis has it. */
  formatX?(value: number): string;
  /** Between which values there may be lines; else tens. */
  steps?(): { incrs: number[] };
  /** The ends of the axis across, where they are not those of the curves. */
  extent?(): readonly [number, number] | null;
  /** Pixels. */
  height?(): number;
  /** Draws behind the curves; `colour` is one of the theme. */
  behind?(plot: uPlot, colour: (name: string) => string): void;
  /** What is at a place on the axis, to be said beside its name. */
  at?(x: number): string;
  /** Charts of the same place share a cursor and a zoom. */
  readonly place: Place;
  /** Changes how it is drawn. */
  tune?(options: uPlot.Options): void;
  /** Hears what is done to the curves; `closest` has the one that the cursor is on. */
  listen?(over: HTMLElement, closest: () => Pointed | null): void;
}

/** What charts beside each other have in common. */
export interface Place {
  readonly id: string;
  /** A part of the axis; null for all of it. */
  readonly zoom: Signal<[number, number] | null>;
  /** Rises when the page's colours change. */
  readonly theme: Signal<number>;
}

/** Milliseconds of drawing in one frame: the charts that are left wait for the next one. */
const SHARE = 8;

const waiting = new Set<Plot>();
let frame = 0;

function askForFrame(): void {
  frame ||= requestAnimationFrame(drawSome);
}

/** Draws charts in the order in which they asked for it. */
function drawSome(): void {
  frame = 0;
  const start = performance.now();
  // Asked of all before anything is drawn, the browser lays out once.
  for (const plot of waiting) plot.measure();
  try {
    for (const plot of waiting) {
      waiting.delete(plot);
      plot.draw();
      if (performance.now() - start >= SHARE) break;
    }
  } finally {
    if (waiting.size) askForFrame();
  }
}

/** One chart, kept up to date while it is in view. */
export class Plot {
  private plot: uPlot | null = null;
  private traces: Trace[] = [];
  private shape = "";
  private revision = -1;
  private width = 0;
  private readonly colours = new Map<string, string>();
  private readonly stop: () => void;
  private readonly observer: ResizeObserver;
  private readonly styles: CSSStyleDeclaration;

  constructor(
    private readonly host: HTMLElement,
    private readonly figure: Figure,
    private readonly legend: Signal<Legend>,
  ) {
    this.styles = getComputedStyle(host);
    this.stop = effect(() => {
      // What is read here has the chart drawn again.
      figure.shape();
      figure.revision();
      void figure.place.zoom.value;
      void figure.place.theme.value;
      this.schedule();
    });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
  }

  destroy(): void {
    this.stop();
    this.observer.disconnect();
    waiting.delete(this);
    this.plot?.destroy();
  }

  private schedule(): void {
    waiting.add(this);
    askForFrame();
  }

  measure(): void {
    this.width = this.host.clientWidth;
  }

  draw(): void {
    const { figure } = this;
    const shape = untracked(() => `${figure.place.theme.value}|${figure.shape()}`);
    const revision = untracked(() => figure.revision());
    if (shape !== this.shape) this.colours.clear();
    if (shape !== this.shape || revision !== this.revision) {
      this.traces = untracked(() => figure.traces());
      const tables = this.traces.map(({ x, y }) => [x, y] as uPlot.AlignedData);
      const data = tables.length ? uPlot.join(tables) : ([[]] as uPlot.AlignedData);
      if (this.plot && shape === this.shape && this.plot.series.length === data.length) {
        this.plot.setData(data, false);
      } else {
        this.plot?.destroy();
        this.plot = new uPlot(
          untracked(() => this.options()),
          data,
          this.host,
        );
      }
      this.shape = shape;
      this.revision = revision;
    }
    this.rescale();
    const { left = -1, idx } = this.plot?.cursor ?? {};
    this.tell(left >= 0 ? (idx ?? null) : null);
  }

  private rescale(): void {
    const zoom = this.figure.place.zoom.peek();
    const x = this.plot?.data[0];
    if (!this.plot || !x?.length) return;
    const [min, max] = zoom ??
      untracked(() => this.figure.extent?.()) ?? [x[0] ?? 0, x[x.length - 1] ?? 1];
    this.plot.batch(() => {
      this.plot?.setScale("x", max > min ? { min, max } : { min: min - 0.5, max: max + 0.5 });
    });
  }

  private resize(): void {
    this.measure();
    const { width } = this;
    if (this.plot && width && width !== this.plot.width) {
      this.plot.setSize({ width, height: this.height });
    }
  }

  private get height(): number {
    return untracked(() => this.figure.height?.() ?? HEIGHT);
  }

  private colour(name: string): string {
    let colour = this.colours.get(name);
    if (colour === undefined) {
      colour = this.styles.getPropertyValue(`--nbt-${name}`).trim() || "#888";
      this.colours.set(name, colour);
    }
    return colour;
  }

  private stroke(trace: Trace): string {
    return this.colour(`line-${trace.colour}`) + (trace.faint ? "44" : trace.strong ? "" : "88");
  }

  private options(): uPlot.Options {
    const { figure } = this;
    const { place } = figure;
    const time = figure.axis() === "time";
    const [low, high] = figure.range?.() ?? [null, null];
    const axis = {
      stroke: this.colour("muted"),
      grid: { stroke: this.colour("grid"), width: 1 },
      ticks: { show: false },
      font: `11px ${this.colour("font")}`,
    };
    const options: uPlot.Options = {
      width: this.width || 300,
      height: this.height,
      legend: { show: false },
      padding: [8, time ? 22 : 16, 0, 0],
      cursor: {
        sync: { key: place.id, setSeries: false },
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false },
        y: false,
        bind: { dblclick: () => () => ((place.zoom.value = null), null) },
      },
      scales: {
        x: { time, ...(figure.logX?.() ? { distr: 3 as const } : {}) },
        y: {
          ...(figure.log() ? { distr: 3 as const } : {}),
          range: (_plot, min, max) => range(low ?? min, high ?? max, figure.log(), low, high),
        },
      },
      axes: [
        { ...axis, size: 24, space: time ? 96 : 60, values: time ? clock : short(figure.formatX) },
        {
          ...axis,
          size: figure.format ? 62 : 48,
          space: 28,
          values: short(figure.format),
          ...figure.steps?.(),
        },
      ],
      series: [
        {},
        ...this.traces.map((trace) => ({
          stroke: this.stroke(trace),
          ...(trace.dashed ? { dash: [5, 4] } : {}),
          width: trace.strong && !trace.faint ? 1.75 : 1.25,
          points: {
            // Later data may have more of them.
            show: (_plot: uPlot, at: number) => (this.traces[at - 1]?.x.length ?? 0) < 3,
            size: figure.dots ? 9 : 4,
            fill: this.stroke(trace),
          },
        })),
      ],
      hooks: {
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            const from = plot.posToVal(left, "x");
            const to = plot.posToVal(left + width, "x");
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            // A chart without data shares the cursor too, and has no places.
            if (width >= 4 && from < to) place.zoom.value = [from, to];
          },
        ],
        setCursor: [(plot) => this.tell(plot.cursor.idx ?? null)],
        drawClear: [(plot) => untracked(() => figure.behind?.(plot, (name) => this.colour(name)))],
        ready: [({ over }) => figure.listen?.(over, () => this.closest())],
      },
    };
    figure.tune?.(options);
    return options;
  }

  /** The curve that the cursor is on. */
  private closest(): Pointed | null {
    const { plot, figure } = this;
    const { idx, left = 0, top = 0 } = plot?.cursor ?? {};
    if (!plot || idx === null || idx === undefined || !plot.over.matches(":hover")) return null;
    let found = null;
    let distance = NEAR;
    this.traces.forEach((trace, at) => {
      const x = (figure.dots ? trace.x[0] : plot.data[0][idx]) ?? NaN;
      const value = figure.dots ? (trace.y[0] ?? NaN) : nearest(plot.data[at + 1] ?? [], idx);
      const away = figure.dots ? plot.valToPos(x, "x") - left : 0;
      const far = Math.hypot(away, plot.valToPos(value, "y") - top);
      if (trace.faint || !(far <= distance)) return;
      distance = far;
      found = { trace, x, value };
    });
    return found;
  }

  /** Has the legend say the values at an index of the data, or the last ones. */
  private tell(index: number | null): void {
    const { plot } = this;
    if (!plot) return;
    const pointed = index === null ? null : this.closest();
    const dots = this.figure.dots ?? false;
    const x = dots ? pointed?.x : index === null ? null : plot.data[0][index];
    const readings: Reading[] = [];
    let nans = 0;
    this.traces.forEach((trace, at) => {
      // A pale curve is named while the cursor is on it.
      if (trace.faint || (!trace.strong && trace !== pointed?.trace)) return;
      nans += trace.nans;
      const value =
        trace === pointed?.trace
          ? pointed.value
          : index === null
            ? trace.last
            : nearest(plot.data[at + 1] ?? [], index);
      readings.push({ name: trace.name, colour: this.stroke(trace), value });
    });
    const place = x === null || x === undefined ? null : this.placeName(x);
    this.legend.value = { at: place, readings: readings.reverse(), nans };
  }

  private placeName(x: number): string {
    const { formatX } = this.figure;
    if (formatX) return formatX(x);
    const axis = untracked(() => this.figure.axis());
    const name = untracked(() => this.figure.at?.(x)) ?? "";
    if (axis === "time") return new Date(x * 1e3).toLocaleTimeString() + name;
    if (axis === "relative") return `${formatNumber(x)} s`;
    return axis === "step" ? `step ${formatNumber(x, 6)}` : formatNumber(x);
  }
}

/** The value at an index, or the one before it where this curve has none. */
function nearest(values: ArrayLike<number | null | undefined>, index: number): number {
  for (let at = index; at >= 0; at--) {
    const value = values[at];
    if (value !== null && value !== undefined) return value;
  }
  return NaN;
}

const short =
  (format = (value: number) => formatNumber(value, 5)) =>
  (_plot: uPlot, values: (number | null)[]) =>
    values.map((value) => (value === null ? "" : format(value)));

/** Times of day; days, where they are further apart. */
const clock = (_plot: uPlot, times: number[], _axis: number, _space: number, step: number) =>
  times.map((time) => {
    const date = new Date(time * 1e3);
    if (step >= 86400) return date.toLocaleDateString([], { month: "short", day: "numeric" });
    const text = date.toTimeString().slice(0, step < 60 ? 8 : 5);
    return step < 1 ? text + (time % 1).toFixed(2).slice(1) : text;
  });

/** Room above and below; a curve that does not move is in the middle. A chosen end stays. */
function range(
  min: number | null,
  max: number | null,
  log: boolean,
  low: number | null,
  high: number | null,
): [number, number] {
  if (min === null || max === null) return log ? [1, 10] : [0, 1];
  if (log) {
    const [bottom, top] = uPlot.rangeLog(min, max, 10, false);
    return [low ?? bottom ?? min, high ?? top ?? max];
  }
  const room = max > min ? 0.06 * (max - min) : Math.abs(max) * 0.1 || 1;
  return [low ?? min - room, high ?? max + room];
}
