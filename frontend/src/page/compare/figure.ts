import { signal } from "@preact/signals";

import type { Figure } from "../../components/plot";
import { smooth } from "../../model/lines";
import type { Trace } from "../../model/traces";
import { series } from "../client";
import { go, runUrl } from "../router";
import { FEW, type Comparison } from "./comparison";
import { alignX, bucketsFor, lineOfCut, type Curve } from "./curves";
import type { CompareView } from "./view";

const SETTLE = 120;

/** One metric of several runs. Its curves come when it is first drawn, and again for a zoom. */
export class CompareFigure implements Figure {
  readonly place: CompareView;
  /** What a person is told while curves come, or where they cannot. */
  readonly word = signal("");
  private readonly loads = signal(0);
  /** By what is across, then by run; beside it those of the part that is zoomed into. */
  private full = new Map<string, Curve>();
  private part = new Map<string, Curve>();
  private across = "";
  private asked = "";
  private stretch = "";
  private ticks = 0;
  private timer = 0;
  private abort: AbortController | null = null;

  constructor(
    readonly comparison: Comparison,
    view: CompareView,
    readonly key: string,
  ) {
    this.place = view;
  }

  axis = () => this.place.axis.value;
  log = () => this.place.log.value;
  height = () => 190;

  shape(): string {
    const { place, comparison } = this;
    const shown = comparison.visible.value.map(({ id }) => id);
    return [
      place.x.value,
      place.log.value,
      place.smoothing.value,
      shown.includes(comparison.pointed.value ?? "") ? comparison.pointed.value : "",
      shown,
    ].join("|");
  }

  revision(): number {
    this.want();
    return this.loads.value;
  }

  traces(): Trace[] {
    const { comparison, place } = this;
    const shown = comparison.visible.value.filter(({ id }) => this.curveOf(id));
    const few = shown.length <= FEW;
    const pointed = comparison.pointed.value;
    const curves = new Map(shown.map(({ id }) => [id, this.curveOf(id)!]));
    if (!few) alignX([...curves.values()], place.axis.value === "step").forEach((curve, at) => curves.set(shown[at]!.id, curve));
    const traces: Trace[] = [];
    // The first run, and the one that is pointed at, are on top.
    const order = [...shown].reverse().sort((a, b) => Number(a.id === pointed) - Number(b.id === pointed));
    for (const run of order) {
      const { x, y } = curves.get(run.id)!;
      const positive = place.log.value ? y.map((value) => (value !== null && value > 0 ? value : null)) : y;
      const trace = {
        colour: comparison.colourOf(run.id),
        strong: pointed && curves.has(pointed) ? run.id === pointed : few,
        faint: false,
        name: nameOf(run, comparison),
        last: lastOf(y),
        nans: 0,
        attempt: comparison.runs.value.indexOf(run),
        x,
      };
      const smoothing = place.smoothing.value;
      if (smoothing > 0) {
        if (few) traces.push({ ...trace, faint: true, y: positive });
        traces.push({ ...trace, y: smooth(positive, smoothing) });
      } else {
        traces.push({ ...trace, y: positive });
      }
    }
    return traces;
  }

  /** Whoever clicks on a curve wants to see its run. */
  picked(trace: Trace): void {
    const run = this.comparison.runs.value[trace.attempt];
    if (run) go(runUrl(this.comparison.store.value, run.id, "charts"));
  }

  private curveOf(id: string): Curve | undefined {
    return this.part.get(id) ?? this.full.get(id);
  }

  /** Asks for what is missing: called by the chart whenever anything that counts has changed. */
  private want(): void {
    const { comparison, place } = this;
    const x = place.x.value;
    const zoom = place.zoom.value;
    const ticks = comparison.ticks.value;
    const runs = comparison.runs.value.filter(({ keys }) => keys.includes(this.key));
    const stretch = zoom ? zoom.join("~") : "";
    if (x !== this.across) {
      this.full = new Map();
      this.part = new Map();
    } else if (stretch !== this.stretch) {
      this.part = new Map();
    }
    this.across = x;
    this.stretch = stretch;
    const held = zoom ? this.part : this.full;
    const moved = ticks !== this.ticks;
    const wanted = runs.filter((run) => !held.has(run.id) || (moved && run.state === "running"));
    this.ticks = ticks;
    const asked = `${x}|${stretch}|${ticks}|${wanted.map(({ id }) => id)}`;
    if (!wanted.length || asked === this.asked) return;
    this.asked = asked;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.fetch(wanted.map(({ id }) => id), zoom), zoom ? SETTLE : 0) as unknown as number;
  }

  private async fetch(runs: string[], zoom: [number, number] | null): Promise<void> {
    const { place, comparison, across } = this;
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    this.word.value = "loading …";
    // The page's time is in seconds, the server's in microseconds.
    const scale = across === "time" ? 1e6 : 1;
    try {
      const cuts = await series(
        {
          store: comparison.store.peek(),
          series: runs.map((run) => ({ run, key: this.key })),
          x: across,
          ...(zoom ? { start: zoom[0] * scale, end: zoom[1] * scale } : {}),
          buckets: bucketsFor(runs.length),
        },
        abort.signal,
      );
      if (abort.signal.aborted || across !== place.x.peek()) return;
      const held = zoom ? this.part : this.full;
      for (const { part, points } of cuts) {
        const run = runs[part.index];
        if (run !== undefined) held.set(run, lineOfCut(points, scale));
      }
      // A run without any is not asked for again and again.
      for (const run of runs) if (!held.has(run)) held.set(run, { x: [], y: [] });
    } catch (error) {
      if (abort.signal.aborted) return;
      // What is here stays.
      this.asked = "";
      this.word.value = error instanceof Error ? error.message : String(error);
      return;
    }
    this.word.value = "";
    this.loads.value += 1;
  }
}

const lastOf = (y: readonly (number | null)[]) => y.filter((value) => value !== null).at(-1) ?? NaN;

/** Names that tell runs apart, as the legend needs them. */
function nameOf(run: { id: string; name: string }, comparison: Comparison): string {
  const same = comparison.runs.value.filter(({ name }) => name === run.name).length > 1;
  return same ? `${run.name} ${run.id.slice(-6)}` : run.name || run.id;
}
