/* Generated from nbtrack/live/card.py by `make frontend`. */

/**
 * One message to a viewer; the points of its parts follow it, in their order.
 *
 * Attributes:
 *     wire: The version of all this.
 *     number: Of this state of the run; rises.
 *     base: The state that this is the difference to; None: it is everything there is.
 *     kernel: What a Jupyter server says of the kernel, ``busy``, ``idle``, ``dead``; None where
 *         the kernel itself sends this.
 */
export interface Update {
  base: number | null;
  card: Card;
  kernel: string | null;
  number: number;
  parts: Part[];
  wire: number;
}
/**
 * A run at one moment.
 *
 * Attributes:
 *     state: running, finished, failed or crashed; ``reason`` says why, in words.
 *     attempts: In order.
 *     rate: Rows in a second, of late; None while there are none.
 *     position: The line that runs, as far as that is known.
 *     console: The last lines below the cell that runs or ran last.
 *     error: What the latest try of a cell raised, if that failed.
 *     memory_limit: Bytes that this kernel may use.
 *     left_out: Series that nobody follows because there are too many.
 *     alerts: The last ones, in order.
 *     axes: Metrics for which another was defined to be across, and that one.
 *     hidden: Metrics that are not drawn unless somebody asks.
 *     time: When all this was so, in microseconds since 1970 on the recorder's clock.
 */
export interface Card {
  alerts: Alert[];
  attempts: AttemptCard[];
  axes: {
    [k: string]: string;
  };
  console: string[];
  dropped: number;
  ended: number | null;
  error: ErrorCard | null;
  hidden: string[];
  id: string;
  left_out: number;
  memory_limit: number | null;
  name: string;
  position: number | null;
  progress: Progress | null;
  project: string;
  rate: number | null;
  reason: string;
  rows: number;
  started: number;
  state: "crashed" | "failed" | "finished" | "running";
  tags: string[];
  time: number;
}
/**
 * What ``alert()`` was called with.
 *
 * Attributes:
 *     title: In a few words.
 *     text: In more.
 *     level: ``INFO``, ``WARN`` or ``ERROR``.
 *     time: When, in microseconds since 1970 (UTC).
 *     attempt: The attempt that was open, or 0.
 */
export interface Alert {
  attempt: number;
  level: string;
  text: string;
  time: number;
  title: string;
}
/**
 * One execution of a tracked cell.
 *
 * Attributes:
 *     n: Its number in the run.
 *     cell: The same for every execution of one cell.
 *     cell_try: Its number among the executions of its cell.
 *     label: What the notebook shows beside the cell, ``[12]``.
 *     config: What is special about it: the values that are not the same in all attempts, as
 *         text. All of them while there is but one attempt.
 *     started: Microseconds since 1970, as ``ended``.
 */
export interface AttemptCard {
  cell: string;
  cell_try: number;
  config: {
    [k: string]: string;
  };
  ended: number | null;
  label: string;
  n: number;
  name: string | null;
  started: number;
  state: "crashed" | "failed" | "finished" | "interrupted" | "running";
  tags: string[];
}
/**
 * What a cell raised: in words, without escapes that colour.
 *
 * Attributes:
 *     cell: The label of the cell, ``[12]``.
 *     cell_id: Its id in the notebook, for a link to it.
 *     attempt: The attempt's number; None for a cell that was not tracked.
 */
export interface ErrorCard {
  attempt: number | null;
  cell: string;
  cell_id: string | null;
  line: number | null;
  message: string;
  traceback: string;
  type: string;
}
/**
 * How far ``nbtrack.progress()`` has come.
 *
 * Attributes:
 *     label: What is counted, in the person's words; may be empty.
 *     done: Items so far.
 *     total: Of how many; None if nobody knows.
 *     seconds: Since the first item was asked for.
 *     rate: Items in a second, of late; None before the first is done.
 *     closed: The loop has ended.
 */
export interface Progress {
  closed: boolean;
  done: number;
  label: string;
  rate: number | null;
  seconds: number;
  total: number | null;
}
/**
 * What came to one series.
 *
 * Attributes:
 *     kind: ``metric``: x is the step. ``clock``: the step, and as y the time of its row, in
 *         microseconds since 1970. ``system``: x is that time.
 *     attempt: 0 for rows that belong to none; -1 for ``system``.
 *     count: Values so far; ``nans`` of them were NaN.
 *     last_x, last_y: The newest value; None if it is not finite, which JSON cannot hold.
 *     start: The bucket from which on the viewer's points are replaced.
 *     buckets: How many follow, four numbers each: x and y of the bucket's two extremes in the
 *         order in which they came.
 */
export interface Part {
  attempt: number;
  buckets: number;
  count: number;
  key: string;
  kind: "clock" | "metric" | "system";
  last_x: number | null;
  last_y: number | null;
  nans: number;
  start: number;
}
