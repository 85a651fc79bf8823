import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";

import type { Place } from "../../../components/plot";
import { query, setQuery } from "../../router";
import type { RunState } from "../state";

/** Milliseconds after which what was chosen stands in the address. */
const PAUSE = 300;

/** What panels beside each other have in common: the step that is looked at. */
export class MediaPlace {
  /** The step that somebody chose; null: the newest. */
  readonly step = signal<number | null>(stepOf(query.peek().get("step")));
  /** All panels move when one does. */
  readonly together = signal(true);
  /** Where charts over steps lie: beside those of metrics, if they are over steps too. */
  readonly charts: ReadonlySignal<Place>;
  private readonly own: Place;

  constructor(readonly state: RunState) {
    this.own = { id: `nbtrack-media-${state.run}`, zoom: signal(null), theme: state.view.theme };
    this.charts = computed(() => (state.view.axis.value === "step" ? state.view : this.own));
  }

  /** Keeps the address as what was chosen; what is returned ends it. */
  connect(): () => void {
    let timer = 0;
    const end = effect(() => {
      const step = this.step.value;
      clearTimeout(timer);
      timer = window.setTimeout(
        () => setQuery({ step: step === null ? null : String(step) }),
        PAUSE,
      );
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }
}

function stepOf(text: string | null): number | null {
  return text !== null && /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}
