import { computed, signal } from "@preact/signals";

import { MAX_KEYS } from "../../model/groups";
import type { Compared, ComparedRun } from "../api";
import { ApiError, send } from "../client";
import { query, setQuery } from "../router";
import { readList, writeList } from "../table/lists";

/** With more than so many, curves are pale until one is pointed at. */
export const FEW = MAX_KEYS;
export const MOST = 200;

/** Runs beside each other: which, and which of them are drawn. */
export class Comparison {
  readonly store = computed(() => query.value.get("store") ?? "");
  readonly ids = computed(() => [...new Set(readList(query.value.get("runs")))].slice(0, MOST));
  readonly hidden = computed(() => new Set(readList(query.value.get("hidden"))));
  /** All that came; also runs that were taken out since. */
  readonly loaded = signal<ComparedRun[]>([]);
  readonly error = signal<ApiError | null>(null);
  readonly loading = signal(true);
  /** The run that a person points at. */
  readonly pointed = signal<string | null>(null);
  /** Rises when runs that go on may have more. */
  readonly ticks = signal(0);
  readonly runs = computed(() => {
    const known = new Map(this.loaded.value.map((run) => [run.id, run]));
    return this.ids.value.map((id) => known.get(id)).filter((run) => run !== undefined);
  });
  readonly visible = computed(() => this.runs.value.filter(({ id }) => !this.hidden.value.has(id)));
  readonly missing = computed(() =>
    this.loading.value ? [] : this.ids.value.filter((id) => !this.runs.value.some((run) => run.id === id)),
  );
  readonly keys = computed(() => [...new Set(this.runs.value.flatMap(({ keys }) => keys))]);
  // A run keeps its colour when another is taken out.
  private readonly colours = new Map<string, number>();

  colourOf(id: string): number {
    let colour = this.colours.get(id);
    if (colour === undefined) this.colours.set(id, (colour = this.colours.size));
    return colour % MAX_KEYS;
  }

  async load(abort?: AbortSignal): Promise<void> {
    const runs = this.ids.peek();
    if (!runs.length) {
      this.loading.value = false;
      return;
    }
    for (const id of runs) this.colourOf(id);
    try {
      const body = { store: this.store.peek(), runs };
      const found = await send<Compared>("POST", "/compare", body, abort);
      if (abort?.aborted) return;
      this.loaded.value = found.runs;
      this.error.value = null;
    } catch (error) {
      if (abort?.aborted) return;
      this.error.value = error instanceof ApiError ? error : new ApiError(0, String(error));
    }
    this.loading.value = false;
  }

  /** Takes a run out. */
  remove(id: string): void {
    setQuery({ runs: writeList(this.ids.value.filter((one) => one !== id)) }, { step: true });
    if (this.pointed.value === id) this.pointed.value = null;
  }

  toggle(id: string): void {
    const hidden = new Set(this.hidden.value);
    if (!hidden.delete(id)) hidden.add(id);
    this.hide([...hidden]);
  }

  hide(ids: readonly string[]): void {
    setQuery({ hidden: writeList(ids) });
  }
}
