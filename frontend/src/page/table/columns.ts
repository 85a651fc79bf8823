import { isTelling, rank } from "../../model/groups";
import type { Column, RunRow } from "../api";

/** A column of the table: what is shown of a run, and how it is called by the server. */
export interface Shown {
  /** In the address: `name`, `config.lr`, `summary.loss`, `spark.loss`. */
  id: string;
  title: string;
  /** What runs are sorted and grouped by; `null`: they cannot be. */
  sort: string | null;
  numeric: boolean;
  width: number;
}

export const SPARK = "spark.";

const BUILT_IN: Shown[] = [
  { id: "name", title: "name", sort: "name", numeric: false, width: 220 },
  { id: "state", title: "state", sort: "state", numeric: false, width: 110 },
  { id: "started", title: "started", sort: "started_at", numeric: false, width: 104 },
  { id: "seconds", title: "duration", sort: "duration_seconds", numeric: true, width: 100 },
  { id: "tags", title: "tags", sort: null, numeric: false, width: 150 },
  { id: "project", title: "project", sort: "project", numeric: false, width: 130 },
  { id: "notes", title: "notes", sort: "notes", numeric: false, width: 200 },
  { id: "attempts", title: "attempts", sort: "attempts", numeric: true, width: 84 },
  { id: "rows", title: "rows", sort: "rows", numeric: true, width: 84 },
  { id: "group", title: "group", sort: "group", numeric: false, width: 120 },
  { id: "job_type", title: "job type", sort: "job_type", numeric: false, width: 110 },
  { id: "notebook", title: "notebook", sort: "notebook", numeric: false, width: 180 },
  { id: "host", title: "host", sort: "host", numeric: false, width: 130 },
  { id: "reason", title: "reason", sort: "reason", numeric: false, width: 240 },
  { id: "ended", title: "ended", sort: "ended_at", numeric: false, width: 104 },
  { id: "id", title: "id", sort: "id", numeric: false, width: 130 },
];

export const BUILT_IN_IDS = BUILT_IN.map(({ id }) => id);
const FIRST = ["name", "state", "started", "seconds"];

/** The column of this name; `null` for a name that cannot be one. */
export function columnOf(id: string, known: readonly Column[]): Shown | null {
  const built = BUILT_IN.find((one) => one.id === id);
  if (built) return built;
  const dot = id.indexOf(".");
  const kind = id.slice(0, dot);
  const title = id.slice(dot + 1);
  if (!title) return null;
  if (kind === "spark") return { id, title, sort: null, numeric: false, width: 110 };
  if (kind !== "config" && kind !== "summary") return null;
  const numeric = known.find(({ name }) => name === id)?.kind === "number";
  const width = Math.min(190, Math.max(numeric ? 84 : 110, 46 + 7.2 * title.length));
  return { id, title, sort: id, numeric, width };
}

/** What the server is asked to add to the rows. */
export const valuesOf = (ids: readonly string[]) =>
  ids.filter((id) => id.startsWith("config.") || id.startsWith("summary."));

/** The metrics of which curves are wanted; there are eight at most. */
export const sparksOf = (ids: readonly string[]) =>
  ids.filter((id) => id.startsWith(SPARK)).map((id) => id.slice(SPARK.length)).slice(0, 8);

/** A value of a run; those inside of others are found by their path. */
export function valueOf(run: RunRow, id: string): unknown {
  const dot = id.indexOf(".");
  if (dot < 0) return (run as unknown as Record<string, unknown>)[id];
  const kind = id.slice(0, dot);
  return kind === "config" || kind === "summary" ? within(run[kind], id.slice(dot + 1)) : undefined;
}

export function within(values: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(values, path)) return values[path];
  let dot = path.indexOf(".");
  for (; dot >= 0; dot = path.indexOf(".", dot + 1)) {
    const inner = values[path.slice(0, dot)];
    if (inner && typeof inner === "object" && !Array.isArray(inner)) {
      const found = within(inner as Record<string, unknown>, path.slice(dot + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const keyOf = (name: string) => name.slice(name.indexOf(".") + 1);
const lastPart = (name: string) => keyOf(name).replace(/^.*\//, "");

// What people vary, and what is another in every run without saying anything.
const VARIED = [
  /(^|[._])(lr|learning_rate)/i,
  /model|arch/i,
  /optim/i,
  /batch/i,
  /data|depth|layers|dropout|decay/i,
];
const IDLE = /seed|path|dir|version|device|workers/i;

function idle(name: string): number {
  const at = VARIED.findIndex((pattern) => pattern.test(keyOf(name)));
  return IDLE.test(name) ? 9 : at < 0 ? 8 : at;
}

/** The sort of metric that a name stands for: `train/loss-4` is a loss. */
const family = (name: string) => lastPart(name).replace(/[^a-z]+/gi, "").toLowerCase();

const seen = (name: string) => (/(^|[/_.])(val|eval|test|valid)/i.test(keyOf(name)) ? 0 : 1);

/** Values that may be worth a column: the most common ones, the telling ones first. */
export function candidates(known: readonly Column[]): string[] {
  const config = known.filter(({ name }) => name.startsWith("config.")).slice(0, 24);
  const summary = known
    .filter(({ name, kind }) => name.startsWith("summary.") && kind === "number")
    .slice(0, 40)
    .sort(
      (a, b) =>
        rank(lastPart(a.name)) - rank(lastPart(b.name)) || seen(a.name) - seen(b.name),
    );
  return [...config, ...summary.slice(0, 12)].map(({ name }) => name);
}

/** Columns that nobody chose: of config what differs, of the summary what tells most. */
export function defaults(known: readonly Column[], rows: readonly RunRow[]): string[] {
  const wanted = candidates(known);
  const config = wanted
    .filter((name) => name.startsWith("config."))
    .map((name) => ({ name, differ: distinct(rows, name) }))
    .filter(({ differ }) => differ > 1)
    .sort((a, b) => idle(a.name) - idle(b.name))
    .slice(0, 4)
    .map(({ name }) => name);
  const summary = wanted.filter((name) => name.startsWith("summary."));
  const telling = summary.filter((name) => isTelling(lastPart(name)));
  const others = summary.filter((name) => !telling.includes(name));
  // One of each sort says more than three losses.
  const sorts = new Map([...telling, ...others].reverse().map((name) => [family(name), name]));
  const best = [...telling, ...others].filter((name) => sorts.get(family(name)) === name).slice(0, 3);
  const curve = telling[0] ? [`${SPARK}${keyOf(telling[0])}`] : [];
  const tags = rows.some((run) => run.tags.length) ? ["tags"] : [];
  return [...FIRST, ...tags, ...best.slice(0, 1), ...curve, ...best.slice(1), ...config];
}

export const FIRST_COLUMNS: readonly string[] = FIRST;

function distinct(rows: readonly RunRow[], name: string): number {
  return new Set(rows.map((run) => JSON.stringify(valueOf(run, name)))).size;
}
