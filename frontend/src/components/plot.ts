import { effect, type Signal } from "@preact/signals";
import uPlot from "uplot";

import { formatNumber } from "../model/format";
import type { Group } from "../model/groups";
import { tracesOf, type Trace } from "../model/traces";
import type { View } from "../view";

const HEIGHT = 150;

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

/** One chart, kept up to date while it is in view. */
export class Plot {
  private plot: uPlot | null = null;
  private traces: Trace[] = [];
  private shape = "";
  private revision = -1;
  private frame = 0;
  private readonly stop: () => void;
  private readonly observer: ResizeObserver;
  private readonly styles: CSSStyleDeclaration;

  constructor(
    private readonly host: HTMLElement,
    private readonly view: View,
    private readonly group: Group,
    private readonly legend: Signal<Legend>,
  ) {
    this.styles = getComputedStyle(host);
    this.stop = effect(() => {
      // What is read here has the chart drawn again.
      void view.model.revision.value;
      void view.axis.value;
      void view.log.value;
      void view.smoothing.value;
      void view.visible.value;
      void view.zoom.value;
      void view.theme.value;
      this.schedule();
    });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
  }

  destroy(): void {
    this.stop();
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.plot?.destroy();
  }

  private schedule(): void {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.frame = 0;
    const { view } = this;
    const choice = {
      axis: view.axis.peek(),
      smoothing: view.smoothing.peek(),
      log: view.log.peek(),
      attempts: view.visible.peek(),
      palette: view.attempts.peek(),
    };
    const shape = [
      choice.axis,
      choice.log,
      choice.smoothing,
      view.theme.peek(),
      choice.attempts.map(({ n }) => n),
      choice.palette.map(({ n }) => n),
      this.group.lines.map(({ key }) => key),
    ].join("|");
    const revision = this.revisionOf();
    if (shape !== this.shape || revision !== this.revision) {
      this.traces = tracesOf(view.model, this.group, choice);
      const tables = this.traces.map(({ x, y }) => [x, y] as uPlot.AlignedData);
      const data = tables.length ? uPlot.join(tables) : ([[]] as uPlot.AlignedData);
      if (this.plot && shape === this.shape && this.plot.series.length === data.length) {
        this.plot.setData(data, false);
      } else {
        this.plot?.destroy();
        this.plot = new uPlot(this.options(choice.log), data, this.host);
      }
      this.shape = shape;
      this.revision = revision;
    }
    this.rescale();
    this.tell(null);
  }

  /** Changes when anything that the chart could draw does. */
  private revisionOf(): number {
    const { model } = this.view;
    let latest = 0;
    for (const { n } of [{ n: 0 }, ...this.view.attempts.peek()]) {
      for (const { key } of this.group.lines) {
        latest = Math.max(latest, model.metric(n, key)?.revision ?? 0);
      }
    }
    return latest;
  }

  private rescale(): void {
    const zoom = this.view.zoom.peek();
    const x = this.plot?.data[0];
    if (!this.plot || !x?.length) return;
    const [min, max] = zoom ?? [x[0] ?? 0, x[x.length - 1] ?? 1];
    this.plot.batch(() => {
      this.plot?.setScale("x", max > min ? { min, max } : { min: min - 0.5, max: max + 0.5 });
    });
  }

  private resize(): void {
    const width = this.host.clientWidth;
    if (this.plot && width && width !== this.plot.width) {
      this.plot.setSize({ width, height: HEIGHT });
    }
  }

  private colour(name: string): string {
    return this.styles.getPropertyValue(`--nbt-${name}`).trim() || "#888";
  }

  private stroke(trace: Trace): string {
    return this.colour(`line-${trace.colour}`) + (trace.faint ? "44" : trace.newest ? "" : "88");
  }

  private options(log: boolean): uPlot.Options {
    const { view } = this;
    const axis = {
      stroke: this.colour("muted"),
      grid: { stroke: this.colour("grid"), width: 1 },
      ticks: { show: false },
      font: `11px ${this.colour("font")}`,
    };
    return {
      width: this.host.clientWidth || 300,
      height: HEIGHT,
      legend: { show: false },
      padding: [8, 8, 0, 0],
      cursor: {
        sync: { key: view.id, setSeries: false },
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false },
        y: false,
        bind: { dblclick: () => () => ((view.zoom.value = null), null) },
      },
      scales: {
        x: { time: view.axis.peek() === "time" },
        y: log ? { distr: 3 } : { range: (_plot, min, max) => range(min, max) },
      },
      axes: [
        { ...axis, size: 24, space: 60, ...(view.axis.peek() === "time" ? {} : { values: short }) },
        { ...axis, size: 48, space: 28, values: short },
      ],
      series: [
        {},
        ...this.traces.map((trace) => ({
          stroke: this.stroke(trace),
          width: trace.newest && !trace.faint ? 1.75 : 1.25,
          points: { show: trace.x.length < 3, size: 4, fill: this.stroke(trace) },
        })),
      ],
      hooks: {
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            view.zoom.value = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        setCursor: [(plot) => this.tell(plot.cursor.idx ?? null)],
      },
    };
  }

  /** Has the legend say the values at an index of the data, or the last ones. */
  private tell(index: number | null): void {
    const { plot } = this;
    if (!plot) return;
    const x = index === null ? null : plot.data[0][index];
    const readings: Reading[] = [];
    let nans = 0;
    this.traces.forEach((trace, at) => {
      if (!trace.newest || trace.faint) return;
      nans += trace.series.nans;
      const value =
        index === null ? trace.series.lastY : nearest(plot.data[at + 1] ?? [], index);
      readings.push({ name: trace.name, colour: this.stroke(trace), value });
    });
    const place = x === null || x === undefined ? null : this.placeName(x);
    this.legend.value = { at: place, readings: readings.reverse(), nans };
  }

  private placeName(x: number): string {
    const axis = this.view.axis.peek();
    if (axis === "time") return new Date(x * 1e3).toLocaleTimeString();
    return axis === "step" ? `step ${formatNumber(x, 6)}` : `${formatNumber(x)} s`;
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

const short = (_plot: uPlot, values: (number | null)[]) =>
  values.map((value) => (value === null ? "" : formatNumber(value, 5)));

/** Room above and below; a curve that does not move is in the middle. */
function range(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const room = max > min ? 0.06 * (max - min) : Math.abs(max) * 0.1 || 1;
  return [min - room, max + room];
}
