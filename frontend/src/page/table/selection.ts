import { computed, signal } from "@preact/signals";

import type { RunRow } from "../api";

/** What is kept of a run that is selected: enough to change it, and to change it back. */
export type Chosen = Pick<RunRow, "id" | "name" | "tags" | "state">;

/** The runs that a person has marked; they stay marked wherever the table shows them. */
export class Selection {
  readonly runs = signal<ReadonlyMap<string, Chosen>>(new Map());
  readonly size = computed(() => this.runs.value.size);
  /** Where a range begins, as a place among all that matched. */
  anchor: number | null = null;

  has(id: string): boolean {
    return this.runs.value.has(id);
  }

  toggle(run: Chosen, place: number): void {
    this.set([run], !this.has(run.id));
    this.anchor = place;
  }

  /** Marks runs, or does no more. */
  set(runs: readonly Chosen[], marked: boolean): void {
    const found = new Map(this.runs.value);
    for (const { id, name, tags, state } of runs) {
      if (marked) found.set(id, { id, name, tags, state });
      else found.delete(id);
    }
    this.runs.value = found;
  }

  clear(): void {
    this.anchor = null;
    if (this.size.value) this.runs.value = new Map();
  }
}
