import { signal } from "@preact/signals";

import type { RunRow, RunsPage } from "../api";
import { ApiError, get, getIfChanged } from "../client";
import type { wantedOf } from "./request";

export const PAGE = 100;
/** Pages that are kept: those around what is seen. */
const KEPT = 40;
/** Milliseconds that a page has to be in sight before it is asked for. */
const SETTLE = 50;
/** Rows in one answer where only their ids are wanted. */
const MANY = 1000;

export type Wanted = ReturnType<typeof wantedOf>;
export type Head = Omit<RunsPage, "rows" | "offset">;

interface Kept {
  rows: RunRow[];
  etag: string | null;
  /** Something in the store has changed since. */
  stale: boolean;
}

interface Asked {
  wanted: Wanted;
  columns: readonly string[];
}

const known = (error: unknown) =>
  error instanceof ApiError ? error : new ApiError(0, String(error));

/** The runs that a person asked for: those in sight are here, others come when they are seen. */
export class Runs {
  /** What the last answer said beside its rows. */
  readonly head = signal<Head | null>(null);
  /** Why what is asked for now cannot be shown; the rows are those of before. */
  readonly error = signal<ApiError | null>(null);
  readonly loading = signal(true);
  /** Rises with every change of the rows. */
  readonly changes = signal(0);
  /** Rises when other runs are shown. */
  readonly resets = signal(0);
  private pages = new Map<number, Kept>();
  private readonly fetching = new Map<number, AbortController>();
  private shown: Asked | null = null;
  private pending: Asked | null = null;
  private opening: AbortController | null = null;
  private span: [number, number] = [0, PAGE];
  private timer = 0;
  private poll: AbortController | null = null;

  /** Asks for other runs, or for other values of the same. */
  ask(wanted: Wanted, columns: readonly string[]): void {
    const { shown } = this;
    if (shown && JSON.stringify(shown.wanted) === JSON.stringify(wanted)) {
      this.opening?.abort();
      this.pending = null;
      this.error.value = null;
      this.loading.value = false;
      if (shown.columns.join("\0") === columns.join("\0")) return;
      this.shown = { wanted, columns };
      this.forget();
      return;
    }
    this.pending = { wanted, columns };
    void this.open();
  }

  /** The run at a place among all that matched, as far as it is here. */
  at(place: number): RunRow | undefined {
    return this.pages.get(Math.floor(place / PAGE))?.rows[place % PAGE];
  }

  /** The place of a run, if it is here. */
  placeOf(id: string): number | null {
    for (const [page, { rows }] of this.pages) {
      const at = rows.findIndex((run) => run.id === id);
      if (at >= 0) return page * PAGE + at;
    }
    return null;
  }

  /** All rows that are here. */
  here(): RunRow[] {
    return [...this.pages].sort(([a], [b]) => a - b).flatMap(([, { rows }]) => rows);
  }

  /** Says which places are in sight: from the first to before the last. */
  see(first: number, last: number): void {
    this.span = [first, Math.max(first + 1, last)];
    for (const [page, abort] of this.fetching) {
      if (!this.isSeen(page)) {
        abort.abort();
        this.fetching.delete(page);
      }
    }
    if (!this.fetching.size && !this.opening && !this.missing().length) this.loading.value = false;
    clearTimeout(this.timer);
    if (this.missing().length) this.timer = setTimeout(() => this.fill(), SETTLE) as unknown as number;
  }

  /** The runs from a place to before another, wherever they are. */
  async range(first: number, last: number): Promise<RunRow[]> {
    const found: RunRow[] = [];
    for (let at = first; at < last; ) {
      const run = this.at(at);
      if (run) {
        found.push(run);
        at += 1;
        continue;
      }
      const query = { ...this.shown?.wanted, offset: at, limit: Math.min(MANY, last - at) };
      const { rows } = await get<RunsPage>("/runs", query);
      if (!rows.length) break;
      found.push(...rows);
      at += rows.length;
    }
    return found;
  }

  /** Looks whether anything has changed. */
  async look(): Promise<void> {
    if (this.pending && !this.opening) return this.open();
    if (!this.shown || this.poll || this.pending) return;
    const page = Math.floor(this.span[0] / PAGE);
    const before = this.pages.get(page);
    if (!before || this.fetching.has(page)) return this.fill();
    this.poll = new AbortController();
    try {
      await this.fetch(page, this.poll.signal);
    } catch {
      // The next look may have more luck; what is shown stays.
    } finally {
      this.poll = null;
    }
  }

  /** Has everything come again that is in sight. */
  forget(): void {
    for (const kept of this.pages.values()) Object.assign(kept, { stale: true, etag: null });
    for (const abort of this.fetching.values()) abort.abort();
    this.fetching.clear();
    // What is seen is known to be old: reading many changed runs again takes a moment.
    this.loading.value = this.pages.size > 0;
    this.fill();
  }

  /** Asks for nothing any more. */
  close(): void {
    clearTimeout(this.timer);
    for (const abort of this.fetching.values()) abort.abort();
    this.opening?.abort();
    this.poll?.abort();
  }

  private async open(): Promise<void> {
    const asked = this.pending;
    if (!asked) return;
    this.opening?.abort();
    const abort = (this.opening = new AbortController());
    this.loading.value = true;
    try {
      const query = { ...asked.wanted, columns: asked.columns, offset: 0, limit: PAGE };
      const found = await getIfChanged<RunsPage>("/runs", query, null, abort.signal);
      if (abort.signal.aborted || !found) return;
      for (const one of this.fetching.values()) one.abort();
      this.fetching.clear();
      this.shown = asked;
      this.pending = null;
      this.pages = new Map();
      this.span = [0, PAGE];
      this.error.value = null;
      this.take(0, found.value, found.etag);
      this.resets.value += 1;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error.value = known(error);
      // A filter that is wrong stays so; a server that was away may come back.
      if (this.error.value.status === 400) this.pending = null;
    }
    if (this.opening === abort) {
      this.opening = null;
      this.loading.value = false;
    }
  }

  private isSeen(page: number): boolean {
    return page * PAGE < this.span[1] && (page + 1) * PAGE > this.span[0];
  }

  private missing(): number[] {
    const [first, last] = this.span;
    const end = Math.min(last, this.head.value?.matched ?? last);
    const found: number[] = [];
    for (let page = Math.floor(first / PAGE); page * PAGE < end; page++) {
      if (this.pages.get(page)?.stale === false || this.fetching.has(page)) continue;
      found.push(page);
    }
    return found;
  }

  private fill(): void {
    if (!this.shown) return;
    for (const page of this.missing()) {
      const abort = new AbortController();
      this.fetching.set(page, abort);
      this.fetch(page, abort.signal)
        .catch((error: unknown) => {
          if (!abort.signal.aborted) this.error.value = known(error);
        })
        .finally(() => {
          if (this.fetching.get(page) !== abort) return;
          this.fetching.delete(page);
          if (!this.fetching.size && !this.opening) this.loading.value = false;
        });
    }
  }

  private async fetch(page: number, abort: AbortSignal): Promise<void> {
    const { shown } = this;
    if (!shown) return;
    const query = { ...shown.wanted, columns: shown.columns, offset: page * PAGE, limit: PAGE };
    const before = this.pages.get(page);
    const found = await getIfChanged<RunsPage>("/runs", query, before?.etag ?? null, abort);
    if (abort.aborted || shown !== this.shown) return;
    // What is shown still comes, but a question that was refused has no other answer.
    if (!this.pending && this.error.peek()?.status !== 400) this.error.value = null;
    if (found) this.take(page, found.value, found.etag);
    else if (before) before.stale = false;
  }

  private take(page: number, { rows, offset: _, ...head }: RunsPage, etag: string | null): void {
    const other = this.head.value?.revision !== head.revision;
    if (other) {
      for (const kept of this.pages.values()) kept.stale = true;
    }
    this.pages.set(page, { rows, etag, stale: false });
    const middle = Math.floor(this.span[0] / PAGE);
    if (this.pages.size > KEPT) {
      const far = [...this.pages.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
      for (const one of far.slice(0, this.pages.size - KEPT)) this.pages.delete(one);
    }
    this.head.value = head;
    this.changes.value += 1;
    if (other) this.fill();
  }
}
