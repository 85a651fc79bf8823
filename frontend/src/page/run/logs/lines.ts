import type { LogLine, Logs } from "../../api";

/** Lines that a page keeps; more of them are in the download. */
export const MOST = 20_000;

export interface Shown {
  lines: LogLine[];
  total: number;
  matched: number;
}

/** The newest lines after those that are known: null if some between are missing. */
export function withNewer(known: Shown, newer: Logs): Shown | null {
  const [first] = newer.lines;
  const last = known.lines.at(-1);
  if (first && last && newer.lines.length < newer.matched && first.number > last.number + 1) {
    // Between the two there may be others, or those in between did not match.
    return null;
  }
  const from = first?.number ?? Infinity;
  const kept = known.lines.filter(({ number }) => number < from);
  return {
    lines: [...kept, ...newer.lines].slice(-MOST),
    total: newer.total,
    matched: newer.matched,
  };
}

/** Older lines before those that are known. */
export function withOlder(known: Shown, older: Logs): Shown {
  const before = known.lines[0]?.number ?? Infinity;
  return {
    ...known,
    total: older.total,
    lines: [...older.lines.filter(({ number }) => number < before), ...known.lines].slice(0, MOST),
  };
}
