import { computed, signal } from "@preact/signals";

import type { RunRow, RunsPage } from "../api";
import { get, pageUrl, server } from "../client";
import { go, query } from "../router";
import { candidates, columnOf, defaults, FIRST_COLUMNS, sparksOf, valuesOf, type Shown } from "./columns";
import { count, Edits } from "./edits";
import { writeList } from "./lists";
import { Places } from "./places";
import { wantedOf } from "./request";
import { PAGE, Runs } from "./runs";
import { Selection } from "./selection";
import { Sparks } from "./sparks";
import { choose, readState } from "./state";

/** Runs that can be marked, and beside each other, at most. */
const MOST_MARKED = 10_000;
export const MOST_COMPARED = 200;

/** A table of runs: what a person has chosen, and what came of it. */
export class Table {
  readonly runs = new Runs();
  readonly selection = new Selection();
  readonly sparks = new Sparks();
  readonly edits = new Edits(
    () => this.store.value,
    () => this.runs.forget(),
  );
  readonly state = computed(() => readState(query.value));
  /** The store that is shown: the first, where the address names none. */
  readonly store = computed(
    () => this.state.value.store || (server.value?.stores[0]?.key ?? ""),
  );
  /** The line that keys act on; -1: none. */
  readonly active = signal(-1);
  readonly places = computed(() => {
    const head = this.runs.head.value;
    return new Places(head?.matched ?? 0, head?.groups ?? [], this.state.value.folded);
  });
  readonly columns = computed<Shown[]>(() => {
    const { columns, widths } = this.state.value;
    const known = this.runs.head.value?.columns ?? [];
    return (columns.length ? columns : this.ids.value)
      .map((id) => columnOf(id, known))
      .filter((column) => column !== null)
      .map((column) => ({ ...column, width: widths.get(column.id) ?? column.width }));
  });
  /** How far it was scrolled when it was last seen. */
  scroll = 0;
  /** The columns that the table finds best, and of which store. */
  private readonly best = signal<{ store: string; ids: string[] } | null>(null);
  private readonly ids = computed<readonly string[]>(() => {
    const best = this.best.value;
    return best?.store === this.store.value ? best.ids : FIRST_COLUMNS;
  });
  private seeking = "";
  private of = "";

  /** Asks for what is chosen; called whenever that changes. */
  ask(): void {
    const store = this.store.value;
    if (!store) return;
    if (this.of && this.of !== store) this.selection.clear();
    this.of = store;
    const { columns } = this.state.value;
    const ids = columns.length ? columns : this.ids.value;
    this.runs.ask({ ...wantedOf(this.state.value), store }, valuesOf(ids));
  }

  /** Finds columns worth seeing, once a store's first answer is there. */
  async findColumns(): Promise<void> {
    const head = this.runs.head.value;
    const store = this.store.value;
    if (!head || head.store !== store || !head.total || this.best.value?.store === store) return;
    if (this.seeking === store) return;
    this.seeking = store;
    const columns = candidates(head.columns);
    try {
      const { rows } = await get<RunsPage>("/runs", { store, columns, limit: PAGE });
      this.best.value = { store, ids: defaults(head.columns, rows) };
    } catch {
      this.seeking = "";
    }
  }

  /** Says which lines are in sight. */
  see(first: number, last: number): void {
    const places = this.places.peek();
    const seen: number[] = [];
    for (let at = first; at <= last; at++) {
      const line = places.lineAt(at);
      if (line?.kind === "run") seen.push(line.run);
    }
    const [low, high] = [seen[0], seen.at(-1)];
    if (low === undefined || high === undefined) return;
    this.runs.see(low, high + 1);
    const keys = sparksOf(this.columns.peek().map(({ id }) => id));
    const rows = seen.map((at) => this.runs.at(at)).filter((run) => run !== undefined);
    if (keys.length) this.sparks.see(this.store.peek(), rows, keys);
  }

  runAt(line: number): RunRow | undefined {
    const found = this.places.value.lineAt(line);
    return found?.kind === "run" ? this.runs.at(found.run) : undefined;
  }

  /** Marks a line, or all from the last one that was. */
  async mark(line: number, range: boolean): Promise<void> {
    const found = this.places.value.lineAt(line);
    if (!found) return;
    if (found.kind === "group") {
      const [first, last] = this.places.value.runsOf(found.group);
      const runs = await this.runs.range(first, Math.min(last, first + MOST_MARKED));
      this.selection.set(runs, !runs.every(({ id }) => this.selection.has(id)));
      return;
    }
    const { anchor } = this.selection;
    if (range && anchor !== null) {
      const [low, high] = [Math.min(anchor, found.run), Math.max(anchor, found.run)];
      this.selection.set(await this.runs.range(low, Math.min(high + 1, low + MOST_MARKED)), true);
      return;
    }
    const run = this.runs.at(found.run);
    if (run) this.selection.toggle(run, found.run);
  }

  /** Marks all that matched, or none if all are. */
  async markAll(): Promise<void> {
    const matched = this.runs.head.value?.matched ?? 0;
    const most = Math.min(matched, MOST_MARKED);
    if (this.selection.size.value >= most) return this.selection.clear();
    try {
      this.selection.set(await this.runs.range(0, most), true);
    } catch (error) {
      this.edits.say({ text: String(error), bad: true, undo: null });
    }
    if (matched > most) {
      this.edits.say({ text: `the first ${count(most)} are selected`, bad: false, undo: null });
    }
  }

  compare(): void {
    const runs = [...this.selection.runs.value.keys()].slice(0, MOST_COMPARED);
    if (!runs.length) return;
    const found = new URLSearchParams({ store: this.store.value, runs: writeList(runs) });
    go(`${pageUrl("/compare")}?${found}`);
  }

  fold(group: number): void {
    const folded = new Set(this.state.value.folded);
    if (!folded.delete(group)) folded.add(group);
    choose({ folded });
  }

  /** Sorts by a column; `more`: after those that it is sorted by already. */
  sort(column: Shown, more: boolean): void {
    if (column.sort === null) return;
    const { sort } = this.state.value;
    const at = sort.findIndex((one) => one.replace(/^-/, "") === column.sort);
    const before = sort[at];
    // Of numbers and times the largest come first, of names those that begin with A.
    const falls = column.numeric || column.sort.endsWith("_at");
    const first = `${falls ? "-" : ""}${column.sort}`;
    const second = `${falls ? "" : "-"}${column.sort}`;
    const next = before === undefined ? first : before === first ? second : "";
    if (!more) return choose({ sort: next ? [next] : [] });
    const others = sort.filter((_, place) => place !== at);
    if (before === undefined) return choose({ sort: [...others, next] });
    choose({ sort: next ? sort.map((one, place) => (place === at ? next : one)) : others });
  }

  /** Puts a column before another one; `null`: to the end. */
  moveColumn(id: string, before: string | null): void {
    if (id === before) return;
    const ids = this.columns.value.map((column) => column.id).filter((one) => one !== id);
    const at = before === null ? ids.length : ids.indexOf(before);
    ids.splice(at < 0 ? ids.length : at, 0, id);
    choose({ columns: ids });
  }

  /** Moves a column by one place. */
  shiftColumn(id: string, by: -1 | 1): void {
    const ids = this.columns.value.map((column) => column.id);
    const at = ids.indexOf(id);
    const to = at + by;
    if (at < 0 || to < 0 || to >= ids.length) return;
    ids.splice(at, 1);
    ids.splice(to, 0, id);
    choose({ columns: ids });
  }

  toggleColumn(id: string): void {
    const ids = this.columns.value.map((column) => column.id);
    const kept = ids.filter((one) => one !== id);
    choose({ columns: kept.length < ids.length ? kept : [...ids, id] });
  }

  resizeColumn(id: string, width: number): void {
    const widths = new Map(this.state.value.widths);
    widths.set(id, Math.min(1200, Math.max(50, width)));
    choose({ widths });
  }
}
