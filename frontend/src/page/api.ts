/* Generated from nbtrack/server/api by `make frontend`. */

export interface Api {
  Alert: Alert;
  AttemptDetail: AttemptDetail;
  CellDetail: CellDetail;
  Cells: Cells;
  Column: Column;
  CompareRequest: CompareRequest;
  Compared: Compared;
  ComparedRun: ComparedRun;
  EditRequest: EditRequest;
  Edited: Edited;
  ExceptionCard: ExceptionCard;
  FileEntry: FileEntry;
  Files: Files;
  Group: Group;
  LogLine: LogLine;
  Logs: Logs;
  LogsQuery: LogsQuery;
  PostMortemCard: PostMortemCard;
  RunDetail: RunDetail;
  RunEdit: RunEdit;
  RunRow: RunRow;
  RunsPage: RunsPage;
  RunsQuery: RunsQuery;
  SeriesHead: SeriesHead;
  SeriesOf: SeriesOf;
  SeriesPart: SeriesPart;
  SeriesRequest: SeriesRequest;
  Server: Server;
  Spark: Spark;
  Sparks: Sparks;
  SparksRequest: SparksRequest;
  StoreCard: StoreCard;
  Unreadable: Unreadable;
  Views: Views;
}
/**
 * What ``alert()`` was called with.
 *
 *     Attributes:
 *         title: In a few words.
 *         text: In more.
 *         level: ``INFO``, ``WARN`` or ``ERROR``.
 *         time: When, in microseconds since 1970 (UTC).
 *         attempt: The attempt that was open, or 0.
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
 *     Attributes:
 *         cell: The place of the cell among :class:`Cells`; None in a script.
 *         label: ``[12]``.
 */
export interface AttemptDetail {
  cell: number | null;
  cell_id: string | null;
  cell_try: number;
  config: {
    [k: string]: unknown;
  };
  cpu_seconds: number | null;
  ended: number | null;
  exception: ExceptionCard | null;
  label: string;
  n: number;
  name: string | null;
  rows: number;
  started: number | null;
  state: "crashed" | "failed" | "finished" | "interrupted" | "running";
  summary: {
    [k: string]: unknown;
  };
  tags: string[];
  wall_seconds: number | null;
}
/**
 * What was raised; ``cell`` is its label, ``[12]``.
 */
export interface ExceptionCard {
  cell: string | null;
  line: number | null;
  message: string;
  traceback: string;
  type: string;
}
/**
 * One execution of a cell, tracked or not.
 *
 *     Attributes:
 *         n: Its place among the executions of the run, from 1.
 *         attempt: The attempt that it was; None if it was not tracked.
 */
export interface CellDetail {
  attempt: number | null;
  cell_id: string | null;
  cpu_seconds: number | null;
  ended: number | null;
  exception: ExceptionCard | null;
  execution_count: number | null;
  label: string;
  n: number;
  peak_gpu_memory_bytes: number | null;
  peak_memory_bytes: number | null;
  source: string;
  started: number | null;
  state: "crashed" | "failed" | "finished" | "interrupted" | "running" | "unseen";
  wall_seconds: number | null;
}
/**
 * All of them, in the order in which they began.
 */
export interface Cells {
  cells: CellDetail[];
}
/**
 * A value that runs have, ``config.lr`` or ``summary.loss``, and how many have it.
 */
export interface Column {
  kind: "boolean" | "number" | "text";
  name: string;
  runs: number;
}
/**
 * Several runs of a store beside each other, up to 200.
 */
export interface CompareRequest {
  runs: string[];
  store: string;
}
/**
 * Those that there are, in the order that was asked for.
 */
export interface Compared {
  runs: ComparedRun[];
}
/**
 * One of them, with all of its config and summary.
 *
 *     Attributes:
 *         attempts: The numbers of its attempts that have rows, 0 for rows that belong to none.
 *         keys: The metrics that it has.
 */
export interface ComparedRun {
  attempts: number[];
  config: {
    [k: string]: unknown;
  };
  id: string;
  keys: string[];
  name: string;
  seconds: number | null;
  started: number;
  state: "crashed" | "failed" | "finished" | "running";
  summary: {
    [k: string]: unknown;
  };
  tags: string[];
}
/**
 * The same change of many runs, up to 10,000.
 */
export interface EditRequest {
  add_tags?: string[];
  discarded?: boolean | null;
  remove_tags?: string[];
  runs: string[];
  store: string;
}
/**
 * The runs that were changed; why the others could not be, by id.
 */
export interface Edited {
  changed: string[];
  failed: {
    [k: string]: string;
  };
}
/**
 * A file in a run's directory; ``path`` is relative to it, with ``/``.
 */
export interface FileEntry {
  kind: "audio" | "binary" | "diff" | "html" | "image" | "notebook" | "text" | "video";
  modified: number;
  path: string;
  size: number;
}
/**
 * All of them, by path; at most 10,000, and whether there are more.
 */
export interface Files {
  files: FileEntry[];
  more: boolean;
}
/**
 * Runs that have the same value of what the table is grouped by, in the order of the rows.
 */
export interface Group {
  runs: number;
  value: unknown;
}
/**
 * One line, with the escapes that colour it.
 *
 *     Attributes:
 *         number: Its place in the whole log, from 1.
 *         cell: The ``n`` of the cell that showed it; None between cells and in scripts.
 *         label: That cell's label, ``[12]``.
 */
export interface LogLine {
  cell: number | null;
  label: string | null;
  number: number;
  stream: "display" | "result" | "stderr" | "stdout";
  text: string;
  time: number;
}
/**
 * The lines, and how many there are in all and of those that were asked for.
 */
export interface Logs {
  lines: LogLine[];
  matched: number;
  total: number;
}
/**
 * Which lines.
 *
 *     Attributes:
 *         cell: Only those of the cell with this ``n``.
 *         search: Only those that contain this, whatever the case.
 *         before: Only lines with a lower number: for those further up.
 *         limit: The last so many, 1 to 5,000.
 */
export interface LogsQuery {
  before?: number | null;
  cell?: number | null;
  limit?: number;
  search?: string;
}
/**
 * How a run died, as far as that is known.
 *
 *     Attributes:
 *         certainty: proven, likely or unknown.
 *         memory: Bytes that were held, one value a sample, the last ones.
 *         look_up: A command that says more.
 */
export interface PostMortemCard {
  cause: string;
  cell: string | null;
  certainty: string;
  line: number | null;
  look_up: string | null;
  memory: number[];
  memory_bytes: number | null;
  memory_limit_bytes: number | null;
  output: string;
  source: string | null;
  stack: string | null;
}
/**
 * Everything about a run that is not long.
 *
 *     Attributes:
 *         notebook: The notebook's path, or None.
 *         command: The script with its arguments, or None.
 *         damage: What of its files cannot be read, in words.
 *         keys: The metrics that were logged, in the order in which they came.
 */
export interface RunDetail {
  alerts: Alert[];
  attempts: AttemptDetail[];
  command: string[] | null;
  config: {
    [k: string]: unknown;
  };
  cwd: string | null;
  damage: string[];
  discarded: boolean;
  dropped: number;
  ended: number | null;
  exception: ExceptionCard | null;
  git_branch: string | null;
  git_commit: string | null;
  group: string | null;
  host: string;
  id: string;
  job_type: string | null;
  keys: string[];
  name: string;
  nbtrack: string | null;
  notebook: string | null;
  notes: string | null;
  os: string | null;
  path: string;
  post_mortem: PostMortemCard | null;
  project: string;
  python: string | null;
  reason: string;
  rows: number;
  seconds: number | null;
  started: number;
  state: "crashed" | "failed" | "finished" | "running";
  store: string;
  summary: {
    [k: string]: unknown;
  };
  tags: string[];
  user: string | null;
}
/**
 * A change of one run; what is left out stays as it is.
 */
export interface RunEdit {
  discarded?: boolean;
  name?: string;
  notes?: string | null;
  tags?: string[];
}
/**
 * A run as a row of the table; ``seconds`` is None while it runs.
 */
export interface RunRow {
  attempts: number;
  config: {
    [k: string]: unknown;
  };
  discarded: boolean;
  ended: number | null;
  group: string | null;
  host: string;
  id: string;
  job_type: string | null;
  name: string;
  notebook: string | null;
  notes: string | null;
  project: string;
  reason: string;
  rows: number;
  seconds: number | null;
  started: number;
  state: "crashed" | "failed" | "finished" | "running";
  summary: {
    [k: string]: unknown;
  };
  tags: string[];
}
/**
 * A part of a table of runs.
 *
 *     Attributes:
 *         store: The key of the store that it is of.
 *         revision: Changes when anything in the store does.
 *         total: Runs in the store that are not out of sight.
 *         matched: Runs that the query is true of.
 *         running: How many of those go on.
 *         offset: The place of the first of ``rows`` among them.
 *         columns: All that there is to choose from, the most common first.
 *         groups: All of them, if a group was asked for.
 */
export interface RunsPage {
  columns: Column[];
  groups: Group[];
  matched: number;
  offset: number;
  revision: string;
  rows: RunRow[];
  running: number;
  store: string;
  total: number;
  unreadable: Unreadable[];
}
/**
 * A run that cannot be read, and why.
 */
export interface Unreadable {
  id: string;
  reason: string;
}
/**
 * Which runs, in what order, and what of them.
 *
 *     Attributes:
 *         store: A store's key; empty for the first.
 *         where: An SQL expression, as in ``nbtrack.runs(where=)``; empty for all.
 *         search: Words that the name, id, tags, notes, notebook or project contain.
 *         sort: Names, separated by commas; ``-`` before one has its largest value come first.
 *         group: A name such as ``config.lr``: runs are sorted by it first. Empty for none.
 *         columns: The names of values of config and summary that are wanted, as ``config.lr``; they
 *             are what ``config`` and ``summary`` of a row hold.
 *         discarded: Runs that were put out of sight, and no others.
 */
export interface RunsQuery {
  columns?: string[];
  discarded?: boolean;
  group?: string;
  limit?: number;
  offset?: number;
  search?: string;
  sort?: string;
  store?: string;
  where?: string;
}
/**
 * The head of an answer to ``/series``; built as a live message is, see ``live/wire.py``.
 */
export interface SeriesHead {
  parts: SeriesPart[];
}
/**
 * One series of the answer: four numbers for each of its buckets follow the head.
 *
 *     They are x and y of the bucket's two extremes, in the order of x.
 *
 *     Attributes:
 *         index: Its place in the request.
 *         attempt: The attempt that it is of.
 *         count: Rows that it was made of.
 */
export interface SeriesPart {
  attempt: number;
  buckets: number;
  count: number;
  index: number;
}
/**
 * One series that is wanted.
 *
 *     Attributes:
 *         kind: ``metric``, or ``system`` with the attempt -1.
 *         attempt: An attempt's number; None: the latest that has the key.
 */
export interface SeriesOf {
  attempt?: number | null;
  key: string;
  kind?: "metric" | "system";
  run: string;
}
/**
 * Series of runs of one store, up to 500, cut into buckets of equally many rows.
 *
 *     Attributes:
 *         x: What is across: ``step``, ``time`` (microseconds since 1970), ``relative`` (seconds since
 *             the attempt's first row), or the key of a metric, joined by step.
 *         start, end: The part of ``x`` that is wanted; None: all of it.
 *         buckets: How many, 1 to 5,000.
 */
export interface SeriesRequest {
  buckets?: number;
  end?: number | null;
  series: SeriesOf[];
  start?: number | null;
  store: string;
  x?: string;
}
/**
 * Who answers.
 *
 *     Attributes:
 *         wire: The version of live messages.
 *         read_only: Nothing can be changed.
 */
export interface Server {
  read_only: boolean;
  stores: StoreCard[];
  version: string;
  wire: number;
}
/**
 * A store that is served.
 *
 *     Attributes:
 *         key: What it is called in addresses.
 *         name: What a person calls it: the name of the folder that it is in.
 */
export interface StoreCard {
  key: string;
  name: string;
  path: string;
}
/**
 * Up to 40 values of one key of a run's latest attempt that has it; None for a gap.
 */
export interface Spark {
  key: string;
  run: string;
  values: (number | null)[];
}
/**
 * What there is of what was asked for.
 */
export interface Sparks {
  sparks: Spark[];
}
/**
 * Curves of a few metrics, for the rows that are seen; up to 200 runs and 8 keys.
 */
export interface SparksRequest {
  keys: string[];
  runs: string[];
  store: string;
}
/**
 * What people have saved of how they look at runs, by name.
 */
export interface Views {
  views: {
    [k: string]: unknown;
  };
}
