import type { RunsQuery } from "../api";
import type { TableState } from "./state";

/** A text in SQL. */
export const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** A name as the filter language writes it: `config.lr`, `summary."train/loss"`. */
export function sqlName(name: string): string {
  const dot = name.indexOf(".");
  const [head, rest] = dot < 0 ? ["", name] : [name.slice(0, dot + 1), name.slice(dot + 1)];
  const parts = rest.split(".").map((part) => {
    const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(part) && !RESERVED.has(part.toLowerCase());
    return plain ? part : `"${part.replaceAll('"', '""')}"`;
  });
  return head + parts.join(".");
}

const RESERVED = new Set(
  "all and as asc case cast check column create default desc distinct else end from group having in limit not null offset on or order select table then to union unique using when where with".split(
    " ",
  ),
);

const among = (name: string, values: readonly string[]) =>
  `${name} IN (${values.map(quoted).join(", ")})`;

/** The filter box and the quick filters as one expression. */
export function whereOf(state: TableState): string {
  const typed = state.where.trim();
  const parts: string[] = [];
  if (state.states.length) parts.push(among("state", state.states));
  if (state.projects.length) parts.push(among("project", state.projects));
  parts.push(...state.tags.map((tag) => `list_contains(tags, ${quoted(tag)})`));
  if (!parts.length) return typed;
  return [...(typed ? [`(${typed})`] : []), ...parts].join(" AND ");
}

export type Wanted = Pick<RunsQuery, "store" | "where" | "search" | "sort" | "group" | "discarded">;

/** Which runs are meant, and in what order; not which of them. */
export function wantedOf(state: TableState): Wanted {
  return {
    store: state.store,
    where: whereOf(state),
    search: state.search.trim(),
    sort: state.sort.join(","),
    group: state.group,
    discarded: state.trash,
  };
}
