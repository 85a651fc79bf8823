import { query, setQuery } from "../router";
import { readList, writeList } from "./lists";
import type { RunState } from "./states";
import { isState } from "./states";

/** What a person has chosen of the table: all of it stands in the address. */
export interface TableState {
  store: string;
  search: string;
  where: string;
  states: RunState[];
  tags: string[];
  projects: string[];
  /** Names of the server, `-` before one: its largest values first. */
  sort: string[];
  group: string;
  /** The names of the columns; empty: those that the table finds best. */
  columns: string[];
  widths: ReadonlyMap<string, number>;
  /** Runs that were put out of sight. */
  trash: boolean;
  /** Places of the groups that are folded. */
  folded: ReadonlySet<number>;
}

export const NEWEST: readonly string[] = ["-started_at"];

export function readState(found: URLSearchParams): TableState {
  const text = (name: string) => found.get(name) ?? "";
  const list = (name: string) => readList(found.get(name));
  const sort = list("sort");
  return {
    store: text("store"),
    search: text("q"),
    where: text("where"),
    states: list("state").filter(isState),
    tags: list("tag"),
    projects: list("project"),
    sort: sort.length ? sort : [...NEWEST],
    group: text("group"),
    columns: list("cols"),
    widths: readWidths(text("widths")),
    trash: text("trash") === "1",
    folded: new Set(list("folded").map(Number).filter(Number.isInteger)),
  };
}

export function writeState(state: Partial<TableState>): Record<string, string | null> {
  const found: Record<string, string | null> = {};
  const { store, search, where, states, tags, projects, sort, group, columns } = state;
  if (store !== undefined) found.store = store;
  if (search !== undefined) found.q = search;
  if (where !== undefined) found.where = where;
  if (states) found.state = writeList(states);
  if (tags) found.tag = writeList(tags);
  if (projects) found.project = writeList(projects);
  if (sort) found.sort = sort.join() === NEWEST.join() ? null : writeList(sort);
  if (group !== undefined) found.group = group;
  if (columns) found.cols = writeList(columns);
  if (state.widths) found.widths = writeWidths(state.widths);
  if (state.trash !== undefined) found.trash = state.trash ? "1" : null;
  if (state.folded) found.folded = writeList([...state.folded].map(String));
  return found;
}

function readWidths(text: string): Map<string, number> {
  const found = readList(text);
  const widths = new Map<string, number>();
  for (let at = 0; at + 1 < found.length; at += 2) {
    const width = Number(found[at + 1]);
    if (width >= 40 && width <= 1200) widths.set(found[at] ?? "", width);
  }
  return widths;
}

const writeWidths = (widths: ReadonlyMap<string, number>) =>
  writeList([...widths].flatMap(([name, width]) => [name, String(Math.round(width))]));

/** The state of the address, as it is now. */
export const current = () => readState(query.value);

/** Chooses something; what is shown then is other runs if `step` says so, a step of its own. */
export function choose(change: Partial<TableState>, step = false): void {
  setQuery(writeState(change), { step });
}
