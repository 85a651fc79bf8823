import { signal } from "@preact/signals";

import type { Line } from "../../../model/lines";
import type { SeriesRequest } from "../../api";
import { series, type Cut } from "../../client";

/** A person who drags and scrolls has not chosen yet. */
const PATIENCE = 150;

/** What is asked for, and how its x becomes that of the chart. */
export interface Ask {
  request: SeriesRequest;
  x(value: number): number;
}

export const nameOf = (attempt: number, key: string) => `${attempt} ${key}`;

/** The curves of one chart on the stretch that is seen, as well as the server knows them. */
export class Closeup {
  readonly lines = signal<ReadonlyMap<string, Line>>(new Map());
  readonly failed = signal<string | null>(null);
  /** Rises with every answer. */
  count = 0;
  private abort: AbortController | null = null;
  private timer = 0;

  /** Wants these instead of what was wanted before; nothing: the series that the page has. */
  want(asks: Ask[]): void {
    this.stop();
    if (!asks.length) {
      if (this.lines.peek().size) this.set(new Map());
      this.failed.value = null;
      return;
    }
    this.timer = window.setTimeout(() => void this.fetch(asks), PATIENCE);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  private async fetch(asks: Ask[]): Promise<void> {
    const abort = (this.abort = new AbortController());
    try {
      const answers = await Promise.all(asks.map(({ request }) => series(request, abort.signal)));
      const lines = new Map<string, Line>();
      answers.forEach((cuts, at) => {
        const ask = asks[at];
        for (const cut of cuts) {
          const wanted = ask?.request.series[cut.part.index];
          if (ask && wanted) lines.set(nameOf(cut.part.attempt, wanted.key), lineOf(cut, ask.x));
        }
      });
      if (abort.signal.aborted) return;
      this.failed.value = null;
      this.set(lines);
    } catch (error) {
      if (!abort.signal.aborted) this.failed.value = String((error as Error).message);
    }
  }

  private set(lines: ReadonlyMap<string, Line>): void {
    this.count += 1;
    this.lines.value = lines;
  }
}

/** A cut as a line: each extreme once, gaps where a value is no number. */
export function lineOf(cut: Cut, x: (value: number) => number): Line {
  const line: Line = { x: [], y: [] };
  const { points } = cut;
  for (let at = 0; at < points.length; at += 2) {
    const px = points[at] ?? NaN;
    const py = points[at + 1] ?? NaN;
    if (at && px === points[at - 2] && Object.is(py, points[at - 1])) continue;
    if (!Number.isFinite(px)) continue;
    line.x.push(x(px));
    line.y.push(Number.isFinite(py) ? py : null);
  }
  return line;
}

/** A line with a stretch of it better known: what is around it goes on to the edges of a chart. */
export function refined(coarse: Line, fine: Line): Line {
  const [from, to] = [fine.x[0], fine.x.at(-1)];
  if (from === undefined || to === undefined) return coarse;
  const before = coarse.x.findIndex((x) => x >= from);
  const after = coarse.x.findIndex((x) => x > to);
  const head = before < 0 ? coarse.x.length : before;
  const tail = after < 0 ? coarse.x.length : after;
  return {
    x: [...coarse.x.slice(0, head), ...fine.x, ...coarse.x.slice(tail)],
    y: [...coarse.y.slice(0, head), ...fine.y, ...coarse.y.slice(tail)],
  };
}
