import type { Group } from "../api";

/** A line of the table: a run, by its place among all that matched, or the head of a group. */
export type Line =
  | { kind: "run"; run: number }
  | { kind: "group"; group: number; value: unknown; runs: number; folded: boolean };

/** Where runs stand among the lines, with the heads of groups between them. */
export class Places {
  readonly count: number;
  /** For each group, its line and its first run. */
  private readonly lines: number[] = [];
  private readonly firsts: number[] = [];

  constructor(
    private readonly matched: number,
    private readonly groups: readonly Group[],
    private readonly folded: ReadonlySet<number>,
  ) {
    let line = 0;
    let run = 0;
    groups.forEach((group, at) => {
      this.lines.push(line);
      this.firsts.push(run);
      line += 1 + (folded.has(at) ? 0 : group.runs);
      run += group.runs;
    });
    this.count = groups.length ? line : matched;
  }

  lineAt(at: number): Line | null {
    if (at < 0 || at >= this.count) return null;
    if (!this.groups.length) return { kind: "run", run: at };
    const group = below(this.lines, at);
    const inside = at - (this.lines[group] ?? 0) - 1;
    const head = this.groups[group];
    if (!head) return null;
    if (inside >= 0) return { kind: "run", run: (this.firsts[group] ?? 0) + inside };
    return { kind: "group", group, folded: this.folded.has(group), ...head };
  }

  /** The line of a run; that of its group while that is folded. */
  lineOf(run: number): number {
    if (!this.groups.length) return Math.min(run, this.matched - 1);
    const group = below(this.firsts, run);
    const line = this.lines[group] ?? 0;
    return this.folded.has(group) ? line : line + 1 + run - (this.firsts[group] ?? 0);
  }

  /** The line of a group's head. */
  headOf(group: number): number {
    return this.lines[group] ?? 0;
  }

  groupOf(run: number): number {
    return below(this.firsts, run);
  }

  /** The first run of a group, and the one behind its last. */
  runsOf(group: number): [number, number] {
    const first = this.firsts[group] ?? 0;
    return [first, first + (this.groups[group]?.runs ?? 0)];
  }
}

/** The last place whose number is not above `value`. */
function below(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
