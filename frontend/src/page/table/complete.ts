import type { Column } from "../api";
import { sqlName } from "./request";
import { STATES } from "./states";

/** Names of the filter language besides config and summary. */
const NAMES = [
  "name",
  "state",
  "started_at",
  "ended_at",
  "duration_seconds",
  "project",
  "tags",
  "notes",
  "attempts",
  "rows",
  '"group"',
  "job_type",
  "notebook",
  "host",
  "id",
  "reason",
];

export interface Completion {
  /** What is put in, and for which part of the text. */
  text: string;
  from: number;
  to: number;
  /** What it is. */
  hint: string;
}

const MOST = 12;

/** What may be meant by the word before the cursor. */
export function completions(
  text: string,
  cursor: number,
  columns: readonly Column[],
): Completion[] {
  const before = text.slice(0, cursor);
  const value = /\bstate\s*(?:=|!=|<>|in\s*\((?:[^)]*,)?)\s*('[a-z]*)$/i.exec(before);
  if (value) {
    const from = cursor - (value[1]?.length ?? 0);
    return STATES.map((state) => `'${state}'`)
      .filter((one) => one.startsWith(value[1] ?? "") && one !== value[1])
      .map((one) => ({ text: one, from, to: cursor, hint: "state" }));
  }
  // Inside of a text there are no names.
  if ((before.match(/'/g)?.length ?? 0) % 2) return [];
  const word = /[A-Za-z_"][\w."/-]*$/.exec(before)?.[0] ?? "";
  if (!word) return [];
  const from = cursor - word.length;
  const sought = word.replaceAll('"', "").toLowerCase();
  const known = [
    ...NAMES.map((name) => ({ name, text: name, hint: "run" })),
    ...columns.map(({ name, kind, runs }) => ({
      name,
      text: sqlName(name),
      hint: `${kind} · ${runs.toLocaleString("en")} runs`,
    })),
  ];
  const place = (name: string) => name.replaceAll('"', "").toLowerCase().indexOf(sought);
  return known
    .filter(({ name, text }) => place(name) >= 0 && text !== word)
    .sort((a, b) => Math.sign(place(a.name)) - Math.sign(place(b.name)))
    .slice(0, MOST)
    .map(({ text, hint }) => ({ text, from, to: cursor, hint }));
}
