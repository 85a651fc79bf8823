import { signal } from "@preact/signals";

import type { RunRow, Sparks as Answer } from "../api";
import { send } from "../client";

const SETTLE = 80;
const MOST = 200;

/** Small curves of the runs in sight. */
export class Sparks {
  /** Rises with every answer. */
  readonly changes = signal(0);
  /** The values, and how many rows their run had then. */
  private readonly found = new Map<string, { values: (number | null)[]; rows: number }>();
  private wanted: { store: string; runs: readonly RunRow[]; keys: readonly string[] } | null = null;
  private timer = 0;
  private abort: AbortController | null = null;

  of(run: string, key: string): (number | null)[] | undefined {
    return this.found.get(`${run}\0${key}`)?.values;
  }

  /** Says which are in sight; those that are missing come soon. */
  see(store: string, runs: readonly RunRow[], keys: readonly string[]): void {
    this.wanted = { store, runs, keys };
    clearTimeout(this.timer);
    if (keys.length) this.timer = setTimeout(() => void this.fetch(), SETTLE) as unknown as number;
  }

  close(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  private async fetch(): Promise<void> {
    if (!this.wanted) return;
    const { store, runs, keys } = this.wanted;
    // A run that goes on has other curves when it has more rows.
    const old = runs.filter((run) =>
      keys.some((key) => this.found.get(`${run.id}\0${key}`)?.rows !== run.rows),
    );
    const asked = old.slice(0, MOST);
    if (!asked.length) return;
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    try {
      const body = { store, runs: asked.map(({ id }) => id), keys };
      const { sparks } = await send<Answer>("POST", "/sparks", body, abort.signal);
      if (abort.signal.aborted) return;
      for (const run of asked) {
        for (const key of keys) this.found.set(`${run.id}\0${key}`, { values: [], rows: run.rows });
      }
      for (const { run, key, values } of sparks) {
        const name = `${run}\0${key}`;
        this.found.set(name, { values, rows: this.found.get(name)?.rows ?? 0 });
      }
      this.changes.value += 1;
    } catch {
      // They are there to glance at: without them the table says what it says.
    }
  }
}

/** A path through the values, in a box of this size; a gap ends a stretch. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const numbers = values.filter((value): value is number => value !== null);
  if (!numbers.length) return "";
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const across = width / Math.max(1, values.length - 1);
  let path = "";
  let pen = "M";
  values.forEach((value, at) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const y = high > low ? height * (1 - (value - low) / (high - low)) : height / 2;
    path += `${pen}${(at * across).toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  });
  return values.length === 1 ? `${path}h${width}` : path;
}
