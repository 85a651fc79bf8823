import { computed, effect, signal, type Signal } from "@preact/signals";

import type { Place } from "../../components/plot";
import { parsePattern } from "../../model/groups";
import type { Axis } from "../../model/lines";
import { watchTheme } from "../../theme";
import { query, setQuery } from "../router";

const AXES: readonly string[] = ["step", "time", "relative"];

/** How the charts of a comparison are drawn; it stands in the address. */
export class CompareView implements Place {
  readonly id = "nbt-compare";
  readonly axis: Signal<Axis>;
  /** The metric that is across, if one is. */
  readonly metric: Signal<string>;
  readonly log: Signal<boolean>;
  readonly smoothing: Signal<number>;
  readonly search: Signal<string>;
  readonly pattern: Signal<RegExp> = signal(/(?:)/);
  readonly badPattern = computed(() => parsePattern(this.search.value) === null);
  readonly zoom = signal<[number, number] | null>(null);
  readonly theme = signal(0);

  constructor() {
    const found = query.peek();
    const across = found.get("across") ?? "step";
    const known = AXES.includes(across);
    this.axis = signal(known ? (across as Axis) : "value");
    this.metric = signal(known ? "" : across);
    this.log = signal(found.get("log") === "1");
    this.smoothing = signal(Math.min(0.99, Math.max(0, Number(found.get("smooth")) || 0)));
    this.search = signal(found.get("metrics") ?? "");
    const zoom = (found.get("zoom") ?? "").split("~").map(Number);
    if (zoom.length === 2 && zoom.every(Number.isFinite)) this.zoom.value = zoom as [number, number];
  }

  /** Keeps the address up to date; what is returned ends it. */
  connect(): () => void {
    const ends = [
      effect(() => {
        const pattern = parsePattern(this.search.value);
        if (pattern) this.pattern.value = pattern;
      }),
      effect(() => {
        const across = this.x.value;
        const values = {
          across: across === "step" ? null : across,
          log: this.log.value ? "1" : null,
          smooth: this.smoothing.value ? String(this.smoothing.value) : null,
          metrics: this.search.value,
          zoom: this.zoom.value?.join("~") ?? null,
        };
        // Reading the address as well would have this write what others have changed.
        queueMicrotask(() => setQuery(values));
      }),
      watchTheme(() => (this.theme.value += 1)),
    ];
    return () => ends.forEach((end) => end());
  }

  /** What the server calls that which is across. */
  readonly x = computed(() => (this.axis.value === "value" ? this.metric.value : this.axis.value));

  setAxis(axis: Axis): void {
    this.zoom.value = null;
    this.metric.value = "";
    this.axis.value = axis;
  }

  setMetric(key: string): void {
    if (!key) return this.setAxis("step");
    this.zoom.value = null;
    this.metric.value = key;
    this.axis.value = "value";
  }
}
