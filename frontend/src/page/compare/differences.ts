import { isTelling, rank } from "../../model/groups";
import type { ComparedRun } from "../api";
import { numberOf, whole } from "../table/format";

export type Better = "low" | "high" | null;

/** One value of all runs. */
export interface Difference {
  kind: "config" | "summary";
  name: string;
  /** In the order of the runs; undefined where a run has none. */
  values: unknown[];
  differs: boolean;
  numeric: boolean;
}

const LOW = /loss|err|mse|mae|perplex|ppl|latency|bpc|nll|wer|cer|fid/i;

/** Values of config and summary, those that differ and tell most first. */
export function differences(runs: readonly ComparedRun[]): Difference[] {
  const found: Difference[] = [];
  for (const kind of ["summary", "config"] as const) {
    const flat = runs.map((run) => flatten(run[kind]));
    const names = [...new Set(flat.flatMap((values) => [...values.keys()]))];
    const rows = names.map((name) => {
      const values = flat.map((one) => one.get(name));
      const differs = new Set(values.map((value) => (value === undefined ? "" : JSON.stringify(value)))).size > 1;
      const given = values.filter((value) => value !== undefined && value !== null);
      const numeric = given.length > 0 && given.every((value) => numberOf(value) !== null);
      return { kind, name, values, differs, numeric };
    });
    const order = (row: Difference) => (kind === "summary" ? rank(row.name) : 0);
    found.push(...rows.sort((a, b) => order(a) - order(b)));
  }
  return found;
}

/** Values inside of others, by their path. */
export function flatten(values: Record<string, unknown>, prefix = ""): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(values)) {
    if (value && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length) {
      for (const [inner, one] of flatten(value as Record<string, unknown>, `${prefix}${name}.`)) {
        found.set(inner, one);
      }
    } else {
      found.set(prefix + name, value);
    }
  }
  return found;
}

/** Which values of a metric are good, as its name has it. */
export function betterOf({ kind, name, numeric }: Difference): Better {
  if (kind !== "summary" || !numeric) return null;
  if (LOW.test(name)) return "low";
  return isTelling(name) ? "high" : null;
}

/** The places of the best values. */
export function bestOf(values: readonly unknown[], better: Better): ReadonlySet<number> {
  if (!better) return new Set();
  let best = better === "low" ? Infinity : -Infinity;
  const numbers = values.map((value) => numberOf(value) ?? NaN);
  for (const number of numbers) {
    if (better === "low" ? number < best : number > best) best = number;
  }
  const found = numbers.flatMap((number, at) => (number === best ? [at] : []));
  // Where all are the same, none is best.
  return new Set(found.length < numbers.length && Number.isFinite(best) ? found : []);
}

/** Names of all values, as the choices of the scatter chart: `summary.loss`. */
export function namesOf(runs: readonly ComparedRun[]): string[] {
  return differences(runs).map(({ kind, name }) => `${kind}.${name}`);
}

export const textOf = (value: unknown) => whole(value ?? "");
