import { computed, effect, signal } from "@preact/signals";

import type { Place } from "../../../components/plot";
import type { Group } from "../../../model/groups";
import type { Axis } from "../../../model/lines";
import { View } from "../../../view";
import type { AttemptCard } from "../../../wire";
import { query, setQuery } from "../../router";
import type { RunState } from "../state";
import { completed, PLAIN, type ChartLook, type Layout, type Size } from "./layout";

const KEY = "nbtrack.charts";
/** Attempts that are offered beside each other. */
const MOST = 12;
const AXES: readonly string[] = ["step", "time", "relative"];

/** The view of a run on its own page: all of {@link View}, and how its charts are laid out. */
export class PageView extends View {
  /** The metric that is across, while the axis is `value`. */
  readonly metric = signal("");
  /** Those of charts that have something else across than was chosen. */
  private readonly places = new Map<string, Place>();
  readonly layout = signal<Layout>(PLAIN);
  /** The attempt that a link or a person has chosen; 0: the newest. */
  readonly selected = computed(() => Number(query.value.get("attempt")) || 0);

  override readonly attempts = computed<AttemptCard[]>(() => {
    const all = this.model.card.value?.attempts ?? [];
    const first = all.find(({ n }) => n === this.selected.value) ?? all.at(-1);
    const others = all.filter((one) => one !== first).reverse();
    const same = others.filter(({ cell }) => cell === first?.cell);
    const rest = others.filter(({ cell }) => cell !== first?.cell);
    return first ? [first, ...same, ...rest].slice(0, MOST) : [];
  });

  override readonly visible = computed<AttemptCard[]>(() => {
    const attempts = this.attempts.value;
    const alone = attempts[0]?.n === this.selected.value;
    const cell = attempts[0]?.cell;
    return attempts.filter(
      (one, at) =>
        this.switched.value.get(one.n) ?? (at === 0 || (!alone && one.cell === cell && at < 6)),
    );
  });

  constructor(
    readonly run: RunState,
    id: string,
  ) {
    super(run.model, signal(0), id);
    this.take(completed(saved() ?? {}));
    const values = query.peek();
    if (values.has("search")) this.search.value = values.get("search") ?? "";
    if (values.has("axis")) this.setAcross(values.get("axis") ?? "step");
    if (values.has("smooth")) this.smoothing.value = Number(values.get("smooth")) || 0;
    if (values.has("log")) this.log.value = values.get("log") === "1";
  }

  /** What is across, as it stands in an address: `step`, or `=` and a metric's key. */
  across(): string {
    return this.axis.value === "value" ? `=${this.metric.value}` : this.axis.value;
  }

  setAcross(text: string): void {
    if (text.startsWith("=")) {
      this.metric.value = text.slice(1);
      this.setAxis("value");
    } else this.setAxis(AXES.includes(text) ? (text as Axis) : "step");
  }

  /**
   * What is across the chart of these metrics, as {@link across} has it: where nobody chose
   * anything else than the step, the metric that was defined to be across all of them.
   */
  acrossOf(keys: readonly string[]): string {
    const chosen = this.across();
    if (chosen !== "step") return chosen;
    const axes = this.model.card.value?.axes ?? {};
    const [metric] = keys.map((key) => axes[key]);
    return metric && keys.every((key) => axes[key] === metric) ? `=${metric}` : chosen;
  }

  /** Charts with the same across share a cursor and a zoom. */
  placeOf(across: string): Place {
    if (across === this.across()) return this;
    let place = this.places.get(across);
    if (!place) {
      place = { id: `${this.id} ${across}`, zoom: signal(null), theme: this.theme };
      this.places.set(across, place);
    }
    return place;
  }

  /** Whether a chart is left out: a person said so, or else whoever defined its metrics. */
  isHidden({ title, lines }: Group): boolean {
    const hidden = this.model.card.value?.hidden ?? [];
    return this.look(title).hidden ?? lines.every(({ key }) => hidden.includes(key));
  }

  /** The whole of how it looks now. */
  now(): Layout {
    return {
      ...this.layout.value,
      axis: this.across(),
      log: this.log.value,
      smoothing: this.smoothing.value,
      search: this.search.value,
    };
  }

  take(layout: Layout): void {
    this.layout.value = layout;
    this.log.value = layout.log;
    this.smoothing.value = layout.smoothing;
    this.search.value = layout.search;
    this.setAcross(layout.axis);
  }

  /** Keeps the address and this browser's memory as the view is, while its tab is open. */
  remember(): () => void {
    return effect(() => {
      const now = this.now();
      setQuery({
        search: now.search,
        axis: now.axis === "step" ? null : now.axis,
        smooth: now.smoothing ? String(now.smoothing) : null,
        log: now.log ? "1" : null,
      });
      // A search and a metric are of one run, the rest is a habit.
      keep({ ...now, search: "", axis: now.axis.startsWith("=") ? "step" : now.axis });
    });
  }

  look(title: string): ChartLook {
    return this.layout.value.looks[title] ?? {};
  }

  setLook(title: string, change: Partial<ChartLook>): void {
    const { layout } = this;
    const look = { ...layout.value.looks[title], ...change };
    layout.value = { ...layout.value, looks: { ...layout.value.looks, [title]: look } };
  }

  setSize(size: Size): void {
    this.layout.value = { ...this.layout.value, size };
  }

  fold(section: string): void {
    const { folded } = this.layout.value;
    this.layout.value = {
      ...this.layout.value,
      folded: folded.includes(section)
        ? folded.filter((one) => one !== section)
        : [...folded, section],
    };
  }

  order(order: string[]): void {
    this.layout.value = { ...this.layout.value, order };
  }
}

function saved(): Partial<Layout> | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<Layout> | null;
  } catch {
    return null;
  }
}

function keep(layout: Layout): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(layout));
  } catch {
    // A browser that keeps nothing still draws.
  }
}
