import { formatNumber } from "../../model/format";

const UNITS = [
  [60, "s"],
  [3600, "min"],
  [86400, "h"],
  [86400 * 7, "d"],
] as const;

/** How long ago, in one word: `12 min ago`, `3 d ago`; older ones by their date. */
export function ago(microseconds: number, now: number): string {
  const seconds = Math.max(0, now / 1e3 - microseconds / 1e6);
  if (seconds < 5) return "now";
  let scale = 1;
  for (const [end, unit] of UNITS) {
    if (seconds < end) return `${Math.floor(seconds / scale)} ${unit} ago`;
    scale = end;
  }
  const date = new Date(microseconds / 1e3);
  const thisYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    ...(thisYear ? {} : { year: "numeric" }),
  });
}

export const exactly = (microseconds: number) =>
  new Date(microseconds / 1e3).toLocaleString(undefined, {
    dateStyle: "full",
    timeStyle: "medium",
  });

const SPECIAL: Record<string, number> = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/** A value as a number, also one that JSON cannot hold; `null` for anything else. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && Object.hasOwn(SPECIAL, value) ? (SPECIAL[value] ?? null) : null;
}

/** Any value, in few characters. */
export function short(value: unknown): string {
  if (value === null || value === undefined) return "";
  const number = numberOf(value);
  if (number !== null) return formatNumber(number);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Any value, all of it. */
export const whole = (value: unknown) =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");
