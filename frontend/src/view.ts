import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { groupKeys, matches, parsePattern } from "./model/groups";
import type { Axis } from "./model/lines";
import type { RunModel } from "./model/run";
import type { AttemptCard } from "./wire";

/** How many charts there are before a person asks for all. */
const FEW_CHARTS = 12;

/** What a person has chosen in one view of a run. */
export class View {
  readonly axis = signal<Axis>("step");
  readonly log = signal(false);
  readonly smoothing = signal(0);
  readonly search = signal("");
  readonly all = signal(false);
  /** A part of the axis; null for all of it. */
  readonly zoom = signal<[number, number] | null>(null);
  /** Rises when the page's colours change. */
  readonly theme = signal(0);
  /** Attempts that were switched on or off by hand. */
  protected readonly switched = signal<ReadonlyMap<number, boolean>>(new Map());

  /** The last search that was a regular expression. */
  readonly pattern: Signal<RegExp> = signal(/(?:)/);
  readonly badPattern = computed(() => parsePattern(this.search.value) === null);

  /** Attempts that can be compared here, the newest first. */
  readonly attempts: ReadonlySignal<AttemptCard[]> = computed(() => {
    const attempts = this.model.card.value?.attempts ?? [];
    const newest = attempts.at(-1);
    const cell = attempts.find(({ n }) => n === this.focus.value)?.cell ?? newest?.cell;
    const others = attempts.filter((one) => one !== newest && one.cell === cell);
    const rest = attempts.filter((one) => one !== newest && one.cell !== cell);
    return newest ? [newest, ...others.reverse(), ...rest.reverse()].slice(0, 12) : [];
  });

  readonly visible: ReadonlySignal<AttemptCard[]> = computed(() => {
    const attempts = this.attempts.value;
    const cell = attempts[0]?.cell;
    return attempts.filter(
      (one) => this.switched.value.get(one.n) ?? (one.cell === cell && attempts.indexOf(one) < 6),
    );
  });

  readonly groups = computed(() => {
    const pattern = this.pattern.value;
    return groupKeys(this.model.keys.value).filter((group) => matches(group, pattern));
  });

  readonly shown = computed(() =>
    this.all.value ? this.groups.value : this.groups.value.slice(0, FEW_CHARTS),
  );

  constructor(
    readonly model: RunModel,
    readonly focus: Signal<number>,
    /** Names what the charts of this view have in common. */
    readonly id: string,
  ) {}

  /** Follows what is chosen; what is returned ends it. */
  connect(): () => void {
    return effect(() => {
      const pattern = parsePattern(this.search.value);
      if (pattern) this.pattern.value = pattern;
    });
  }

  isVisible(attempt: AttemptCard): boolean {
    return this.visible.value.includes(attempt);
  }

  toggle(attempt: AttemptCard): void {
    const switched = new Map(this.switched.value);
    switched.set(attempt.n, !this.isVisible(attempt));
    this.switched.value = switched;
  }

  setAxis(axis: Axis): void {
    this.zoom.value = null;
    this.axis.value = axis;
  }
}
