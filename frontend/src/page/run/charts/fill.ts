import type { RunModel } from "../../../model/run";
import type { AttemptCard, Card, Part } from "../../../wire";
import type { RunDetail, SeriesOf } from "../../api";
import { series, type Cut } from "../../client";

/** Series that one request may ask for. */
const MOST = 500;
const BUCKETS = 500;

/** Fills the model of a run of which nothing is kept for live views, from its rows. */
export async function fill(model: RunModel, detail: RunDetail, abort: AbortSignal): Promise<void> {
  const attempts = [0, ...detail.attempts.filter(({ rows }) => rows).map(({ n }) => n)];
  const wanted: SeriesOf[] = attempts.flatMap((attempt) =>
    detail.keys.map((key) => ({ run: detail.id, key, attempt })),
  );
  const parts: Part[] = [];
  const points: Float64Array[] = [];
  const add = (cut: Cut, kind: Part["kind"], key: string) => {
    if (!cut.part.buckets) return;
    parts.push({
      kind,
      attempt: cut.part.attempt,
      key,
      count: cut.part.count,
      nans: 0,
      last_x: cut.points.at(-2) ?? null,
      last_y: cut.points.at(-1) ?? null,
      start: 0,
      buckets: cut.part.buckets,
    });
    points.push(cut.points);
  };
  for (let at = 0; at < wanted.length; at += MOST) {
    const some = wanted.slice(at, at + MOST);
    const request = { store: detail.store, series: some, buckets: BUCKETS };
    const [steps, times] = await Promise.all([
      series({ ...request, x: "step" }, abort),
      series({ ...request, x: "time" }, abort),
    ]);
    for (const cut of steps) {
      const key = some[cut.part.index]?.key ?? "";
      add(cut, "metric", key);
      const other = times.find(({ part }) => part.index === cut.part.index);
      const isFirst = !parts.some(
        ({ kind, attempt }) => kind === "clock" && attempt === cut.part.attempt,
      );
      if (other && isFirst) add({ part: cut.part, points: clock(cut, other) }, "clock", "");
    }
  }
  if (abort.aborted || model.card.peek()) return;
  const all = new Float64Array(points.reduce((sum, one) => sum + one.length, 0));
  points.reduce((at, one) => (all.set(one, at), at + one.length), 0);
  const card = cardOf(detail);
  model.apply({
    update: { wire: 1, number: -1, base: null, kernel: null, card, parts },
    points: all,
  });
}

/** Steps and the times at which they came: the ends of the buckets of both are the same rows. */
function clock(steps: Cut, times: Cut): Float64Array {
  return steps.points.map((x, at) => (at % 2 ? (times.points[at - 1] ?? NaN) : x));
}

function cardOf(detail: RunDetail): Card {
  return {
    id: detail.id,
    name: detail.name,
    project: detail.project,
    tags: detail.tags,
    state: detail.state,
    reason: detail.reason,
    started: detail.started,
    ended: detail.ended,
    attempts: detail.attempts.map(
      (one): AttemptCard => ({
        n: one.n,
        cell: one.cell_id ?? one.label,
        cell_try: one.cell_try,
        label: one.label,
        name: one.name,
        tags: one.tags,
        state: one.state,
        started: one.started ?? detail.started,
        ended: one.ended,
        config: {},
      }),
    ),
    rows: detail.rows,
    rate: null,
    progress: null,
    position: null,
    console: [],
    error: null,
    memory_limit: null,
    dropped: detail.dropped,
    left_out: 0,
    time: detail.ended ?? detail.started,
  };
}
