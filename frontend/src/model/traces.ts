import type { AttemptCard } from "../wire";
import { MAX_KEYS, type Group } from "./groups";
import { lineOf, smooth, type Axis, type Line } from "./lines";
import type { RunModel } from "./run";

/** One curve of a chart. */
export interface Trace {
  /** The place of its colour in the palette. */
  colour: number;
  /** Drawn in full colour and named in the legend; others are paler. */
  strong: boolean;
  /** The values as they are, behind their smooth curve. */
  faint: boolean;
  x: number[];
  y: (number | null)[];
  /** What it is called in the legend. */
  name: string;
  /** The newest value, and how many of all were NaN. */
  last: number;
  nans: number;
  /** The attempt that it is of. */
  attempt: number;
  /** Something to hold the others against, such as a limit. */
  dashed?: boolean;
}

export interface Choice {
  axis: Axis;
  smoothing: number;
  log: boolean;
  /** Attempts to draw, the newest first. */
  attempts: AttemptCard[];
  /** All that could be drawn, in the order of their colours. */
  palette: AttemptCard[];
  /** A curve that is better known than the series has it. */
  line?(attempt: number, key: string, coarse: () => Line): Line | undefined;
}

/** The curves of one chart, those on top last. */
export function tracesOf(model: RunModel, group: Group, choice: Choice): Trace[] {
  const keys = group.lines;
  const traces: Trace[] = [];
  const draw = (n: number, started: number, strong: boolean, place: number) => {
    for (const [at, { prefix, key }] of [...keys.entries()].reverse()) {
      const series = model.metric(n, key);
      if (!series) continue;
      const coarse = () => lineOf(series, choice.axis, model.clock(n), started);
      const { x, y } = choice.line?.(n, key, coarse) ?? coarse();
      const shown = choice.log ? y.map((value) => (value !== null && value > 0 ? value : null)) : y;
      const colour = (keys.length > 1 ? at : place) % MAX_KEYS;
      const { lastY: last, nans } = series;
      const trace = { colour, strong, x, last, nans, attempt: n, name: prefix || group.title };
      if (choice.smoothing > 0) {
        traces.push({ ...trace, faint: true, y: shown });
        traces.push({ ...trace, faint: false, y: smooth(shown, choice.smoothing) });
      } else {
        traces.push({ ...trace, faint: false, y: shown });
      }
    }
  };
  // Rows that no tracked cell made.
  draw(0, (model.card.peek()?.started ?? 0) / 1e6, choice.palette.length === 0, 0);
  for (const attempt of [...choice.attempts].reverse()) {
    const place = choice.palette.indexOf(attempt);
    draw(attempt.n, attempt.started / 1e6, place === 0, place);
  }
  return traces;
}
