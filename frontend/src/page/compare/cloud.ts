import { effect, signal, type Signal } from "@preact/signals";

import type { Figure, Place } from "../../components/plot";
import { MAX_KEYS } from "../../model/groups";
import type { Axis } from "../../model/lines";
import type { Trace } from "../../model/traces";
import type { ComparedRun } from "../api";
import { formatNumber } from "../../model/format";
import { within } from "../table/columns";
import { numberOf, short } from "../table/format";

/** A run as a point. */
export interface Dot {
  run: ComparedRun;
  x: number;
  y: number;
  colour: number;
}

/** What points are coloured by: a colour of the palette for each kind of value. */
export interface Kind {
  name: string;
  colour: number;
}

export interface Cloud {
  dots: Dot[];
  kinds: Kind[];
  /** The names of places on an axis of texts. */
  xNames: string[];
  yNames: string[];
}

/** A value of config or summary, `config.lr`; or a time. */
export function valueOf(run: ComparedRun, name: string): unknown {
  if (name === "seconds") return run.seconds;
  const dot = name.indexOf(".");
  const kind = name.slice(0, dot);
  return kind === "config" || kind === "summary" ? within(run[kind], name.slice(dot + 1)) : undefined;
}

/** Places runs by two values, and colours them by a third. */
export function cloudOf(
  runs: readonly ComparedRun[],
  [x, y, colour]: readonly [string, string, string],
  logX: boolean,
  logY: boolean,
  own: (run: ComparedRun) => number,
): Cloud {
  const across = scaleOf(runs, x, logX);
  const up = scaleOf(runs, y, logY);
  const { kinds, of } = kindsOf(runs, colour);
  const dots = runs.flatMap((run) => {
    const px = across.place(run);
    const py = up.place(run);
    if (px === null || py === null) return [];
    return [{ run, x: px, y: py, colour: colour ? of(run) : own(run) }];
  });
  return { dots, kinds, xNames: across.names, yNames: up.names };
}

function scaleOf(runs: readonly ComparedRun[], name: string, log: boolean) {
  const values = runs.map((run) => valueOf(run, name)).filter((value) => value !== null && value !== undefined);
  const numeric = values.every((value) => numberOf(value) !== null);
  const names = numeric ? [] : [...new Set(values.map(short))].sort();
  const place = (run: ComparedRun): number | null => {
    const value = valueOf(run, name);
    if (value === null || value === undefined) return null;
    const number = numeric ? numberOf(value) : names.indexOf(short(value));
    if (number === null || !Number.isFinite(number) || (numeric && log && number <= 0)) return null;
    return number;
  };
  return { names, place };
}

function kindsOf(runs: readonly ComparedRun[], name: string) {
  const given = runs.map((run) => valueOf(run, name));
  const numbers = given.map(numberOf);
  const distinct = [...new Set(given.map(short))];
  if (distinct.length <= MAX_KEYS || numbers.some((number) => number === null)) {
    const numeric = numbers.every((number) => number !== null);
    const names = numeric ? distinct.sort((a, b) => Number(a) - Number(b)) : distinct.sort();
    const kinds = names.map((one, at) => ({ name: one || "none", colour: at % MAX_KEYS }));
    return { kinds, of: (run: ComparedRun) => names.indexOf(short(valueOf(run, name))) % MAX_KEYS };
  }
  // Too many numbers for a colour each: quarters of the runs.
  const sorted = numbers.filter((number) => number !== null).sort((a, b) => a - b);
  const ends = [1, 2, 3].map((part) => sorted[Math.floor((part * sorted.length) / 4)] ?? 0);
  const bounds = [sorted[0] ?? 0, ...ends, sorted.at(-1) ?? 0];
  const kinds = [0, 1, 2, 3].map((at) => ({
    name: `${formatNumber(bounds[at] ?? 0)} – ${formatNumber(bounds[at + 1] ?? 0)}`,
    colour: at,
  }));
  const of = (run: ComparedRun) => {
    const number = numberOf(valueOf(run, name)) ?? NaN;
    return ends.filter((end) => number >= end).length;
  };
  return { kinds, of };
}

const ROOM = 0.05;

/** The chart of a cloud. */
export class ScatterFigure implements Figure {
  readonly place: Place;
  readonly dots = true;
  private readonly zoom: Signal<[number, number] | null>;

  constructor(
    readonly cloud: Signal<Cloud>,
    private readonly logs: { x: Signal<boolean>; y: Signal<boolean> },
    theme: Signal<number>,
    private readonly open: (run: ComparedRun) => void,
  ) {
    this.zoom = signal<[number, number] | null>(null);
    this.place = { id: "nbt-scatter", zoom: this.zoom, theme };
  }

  /** Keeps room at both ends of the axis; what is returned ends it. */
  connect(): () => void {
    let before = "";
    return effect(() => {
      const { dots } = this.cloud.value;
      const log = this.logX();
      // Other points have another axis; on a logarithmic one a place below zero has no end.
      const now = `${log}|${dots.map(({ x }) => x)}`;
      if (dots.length && (!this.zoom.value || now !== before)) this.zoom.value = this.whole(dots, log);
      before = now;
    });
  }

  axis = (): Axis => "value";
  log = () => this.logs.y.value && !this.cloud.value.yNames.length;
  logX = () => this.logs.x.value && !this.cloud.value.xNames.length;
  height = () => 440;
  revision = () => 0;

  shape(): string {
    const { dots } = this.cloud.value;
    return `${this.log()}|${this.logX()}|${dots.map(({ run, x, y, colour }) => [run.id, x, y, colour])}`;
  }

  formatX = (value: number) => nameAt(this.cloud.peek().xNames, value);
  format = (value: number) => nameAt(this.cloud.peek().yNames, value);

  traces(): Trace[] {
    return this.cloud.value.dots.map(({ run, x, y, colour }, at) => ({
      colour,
      strong: false,
      faint: false,
      x: [x],
      y: [y],
      name: run.name || run.id,
      last: y,
      nans: 0,
      attempt: at,
    }));
  }

  picked(trace: Trace): void {
    const dot = this.cloud.value.dots[trace.attempt];
    if (dot) this.open(dot.run);
  }

  private whole(dots: readonly Dot[], log: boolean): [number, number] {
    const numbers = dots.map(({ x }) => x);
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    if (log && low > 0) {
      const factor = (high / low) ** ROOM || 1;
      return high > low ? [low / factor, high * factor] : [low / 2, high * 2];
    }
    const room = high > low ? (high - low) * ROOM : Math.abs(low) * 0.1 || 0.5;
    return [low - room, high + room];
  }
}

function nameAt(names: readonly string[], value: number): string {
  if (!names.length) return formatNumber(value);
  return Number.isInteger(value) ? (names[value] ?? "") : "";
}
