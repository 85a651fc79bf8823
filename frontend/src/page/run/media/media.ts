import type { MediaEntry, MediaKey } from "../../api";
import { apiUrl } from "../../client";
import type { Theme } from "../../theme";
import type { RunState } from "../state";

/** What was logged at one step, in the order in which it was given. */
export interface Moment {
  step: number;
  entries: MediaEntry[];
}

export function momentsOf(entries: readonly MediaEntry[]): Moment[] {
  const moments: Moment[] = [];
  for (const entry of entries) {
    const last = moments.at(-1);
    if (last?.step === entry.step) last.entries.push(entry);
    else moments.push({ step: entry.step, entries: [entry] });
  }
  return moments;
}

/** The place of the last moment that is not after `step`; the newest where nothing was chosen. */
export function placeOf(moments: readonly Moment[], step: number | null): number {
  if (step === null) return moments.length - 1;
  const after = moments.findIndex((moment) => moment.step > step);
  return after < 0 ? moments.length - 1 : Math.max(0, after - 1);
}

export const fileUrl = (state: RunState, name: string, query: Record<string, number> = {}) =>
  apiUrl(`${state.path}/media/files/${name}`, query);
/** A frame with nothing of the page's: it is told of the colours, unless they are the system's. */
export const frameUrl = (state: RunState, name: string, theme: Theme) =>
  apiUrl(`${state.path}/media/frames/${name}`, theme === "auto" ? {} : { scheme: theme });

export const captionOf = ({ info }: Pick<MediaEntry, "info">): string =>
  typeof info.caption === "string" ? info.caption : "";

/** Media in a cell of a table. */
export type CellMedia = Pick<MediaEntry, "kind" | "file" | "info">;

const CELL = "nbtrack.media";

export function cellMedia(value: unknown): CellMedia | null {
  if (typeof value !== "object" || value === null || !(CELL in value)) return null;
  const found = (value as Record<string, unknown>)[CELL];
  if (typeof found !== "object" || found === null) return null;
  const { kind, file, info } = found as Record<string, unknown>;
  if (typeof kind !== "string") return null;
  return {
    kind: kind as CellMedia["kind"],
    file: typeof file === "string" ? file : null,
    info: typeof info === "object" && info !== null ? (info as MediaEntry["info"]) : {},
  };
}

export interface Section {
  name: string;
  keys: MediaKey[];
  /** It is closed until somebody opens it. */
  aside: boolean;
}

/** Histograms of a model belong to its tab too, and are many. */
const ASIDE = ["gradients", "parameters"];
export const isAside = (key: string) => ASIDE.some((name) => key.startsWith(`${name}/`));

/** Keys by what they begin with; those that share it with no other stand together. */
export function sectionsOf(keys: readonly MediaKey[], search: RegExp): Section[] {
  const found = keys.filter(({ key }) => search.test(key));
  const counts = new Map<string, number>();
  for (const { key } of found) counts.set(first(key), (counts.get(first(key)) ?? 0) + 1);
  const sections = new Map<string, MediaKey[]>();
  for (const one of found) {
    const name = first(one.key);
    const title = name && ((counts.get(name) ?? 0) > 1 || ASIDE.includes(name)) ? name : "";
    const section = sections.get(title);
    if (section) section.push(one);
    else sections.set(title, [one]);
  }
  const rank = ({ name, aside }: Section) => (aside ? 2 : name ? 1 : 0);
  return [...sections]
    .map(([name, of]) => ({ name, keys: of, aside: ASIDE.includes(name) }))
    .sort((a, b) => rank(a) - rank(b));
}

const first = (key: string) => (key.includes("/") ? key.slice(0, key.indexOf("/")) : "");
