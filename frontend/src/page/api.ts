/* Generated from nbtrack/server/api by `make frontend`. */

export interface Api {
  Alert: Alert;
  ArtifactCard: ArtifactCard;
  ArtifactDetail: ArtifactDetail;
  ArtifactsPage: ArtifactsPage;
  ArtifactsQuery: ArtifactsQuery;
  AttemptDetail: AttemptDetail;
  CellDetail: CellDetail;
  Cells: Cells;
  Code: Code;
  CodeInfo: CodeInfo;
  Column: Column;
  CompareRequest: CompareRequest;
  Compared: Compared;
  ComparedRun: ComparedRun;
  EditRequest: EditRequest;
  Edited: Edited;
  Entries: Entries;
  EntriesQuery: EntriesQuery;
  Entry: Entry;
  ExceptionCard: ExceptionCard;
  FileEntry: FileEntry;
  Files: Files;
  Group: Group;
  Kernel: Kernel;
  KernelRun: KernelRun;
  LayerInfo: LayerInfo;
  Lineage: Lineage;
  LineageEdge: LineageEdge;
  LineageNode: LineageNode;
  LogLine: LogLine;
  Logs: Logs;
  LogsQuery: LogsQuery;
  MediaEntries: MediaEntries;
  MediaEntry: MediaEntry;
  MediaKey: MediaKey;
  MediaKeys: MediaKeys;
  MediaQuery: MediaQuery;
  ModelInfo: ModelInfo;
  ModelLine: ModelLine;
  Models: Models;
  PartDetail: PartDetail;
  PartDifference: PartDifference;
  PostMortemCard: PostMortemCard;
  RunArtifact: RunArtifact;
  RunArtifacts: RunArtifacts;
  RunDetail: RunDetail;
  RunEdit: RunEdit;
  RunLink: RunLink;
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
  TableColumn: TableColumn;
  TablePage: TablePage;
  TableQuery: TableQuery;
  Unreadable: Unreadable;
  VersionCard: VersionCard;
  Views: Views;
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
 * An artifact in a list: its newest version, and how many there are.
 */
export interface ArtifactCard {
  aliases: string[];
  created: number;
  description: string | null;
  files: number;
  name: string;
  size: number;
  type: string;
  version: number;
  versions: number;
}
/**
 * All versions, the newest first.
 */
export interface ArtifactDetail {
  name: string;
  type: string;
  versions: VersionCard[];
}
/**
 * One version, with all that was said of it later.
 *
 * Attributes:
 *     digest: Of all that is in it: equal digests, equal content.
 *     run: The run that made it.
 *     used_by: The runs that used it.
 */
export interface VersionCard {
  aliases: string[];
  created: number;
  description: string | null;
  digest: string;
  files: number;
  metadata: {
    [k: string]: unknown;
  };
  run: RunLink | null;
  size: number;
  used_by: RunLink[];
  version: number;
}
/**
 * A run that something leads to.
 *
 * Attributes:
 *     name, state: None if it is not in this store any more.
 */
export interface RunLink {
  id: string;
  name: string | null;
  state: ("crashed" | "failed" | "finished" | "running") | null;
}
/**
 * A part of them, those with the newest version first.
 *
 * Attributes:
 *     unreadable: Why some cannot be shown, by name.
 */
export interface ArtifactsPage {
  artifacts: ArtifactCard[];
  matched: number;
  store: string;
  total: number;
  unreadable: {
    [k: string]: string;
  };
}
/**
 * Which artifacts of a store.
 *
 * Attributes:
 *     store: A store's key; empty for the first.
 *     search: Words that the name, type, description, aliases or metadata contain.
 *     limit: From 1 to 1,000.
 */
export interface ArtifactsQuery {
  limit?: number;
  offset?: number;
  search?: string;
  store?: string;
}
/**
 * One execution of a tracked cell.
 *
 * Attributes:
 *     cell: The place of the cell among :class:`Cells`; None in a script.
 *     label: ``[12]``.
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
 * Attributes:
 *     n: Its place among the executions of the run, from 1.
 *     attempt: The attempt that it was; None if it was not tracked.
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
 * From which code and in which environment each part of the run came, the oldest first.
 */
export interface Code {
  parts: CodeInfo[];
}
/**
 * The code and the environment of one process that owned a run.
 *
 * Attributes:
 *     format: The format version.
 *     writer: The owner's writer.
 *     time: When its part of the run began, microseconds UTC.
 *     done: Whether it was looked at; before, only what the process itself knew is here.
 *     first: Whether the patch and the packages are at the top of the run's folder.
 *     commit: What was checked out; None outside of git, and before the first commit.
 *     branch: And on which branch, if on one.
 *     remote: Where the repository came from, without credentials.
 *     root: The folder that paths of the patch start from.
 *     dirty: Whether anything differed from the commit.
 *     cwd: The working directory.
 *     entry: The script.
 *     notebook: The notebook, as its front end calls it.
 *     python: The version of Python.
 *     packages: Name to version of what was installed.
 *     left_out: Changed files that are not in the patch, each with the reason.
 *     masked: Files of the patch in which secrets were masked.
 *     whole: Files that the patch holds as if they were new, since lines before had secrets.
 *     deleted: Files that are gone and not in the patch, since their lines had secrets.
 *     problem: Why something of this is missing.
 */
export interface CodeInfo {
  branch: string | null;
  commit: string | null;
  cwd: string | null;
  deleted: string[];
  dirty: boolean | null;
  done: boolean;
  entry: string | null;
  first: boolean;
  format: number;
  left_out: {
    [k: string]: string;
  };
  masked: string[];
  notebook: string | null;
  packages: {
    [k: string]: string;
  };
  problem: string | null;
  python: string | null;
  remote: string | null;
  root: string | null;
  time: number;
  whole: string[];
  writer: string;
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
 * Attributes:
 *     attempts: The numbers of its attempts that have rows, 0 for rows that belong to none.
 *     keys: The metrics that it has.
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
 * A part of them, by path.
 */
export interface Entries {
  entries: Entry[];
  matched: number;
  offset: number;
  total: number;
}
/**
 * A file of an artifact, or what it refers to elsewhere.
 *
 * Attributes:
 *     uri: Where it is, if it is elsewhere.
 *     kind: What a page does with it.
 */
export interface Entry {
  digest: string | null;
  kind: "audio" | "binary" | "diff" | "html" | "image" | "notebook" | "text" | "video";
  path: string;
  size: number | null;
  uri: string | null;
}
/**
 * Which entries of a version: those whose path contains ``search``; up to 2,000.
 */
export interface EntriesQuery {
  limit?: number;
  offset?: number;
  search?: string;
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
 * What a kernel records; None if nothing is known of it.
 */
export interface Kernel {
  run: KernelRun | null;
}
/**
 * The run that a kernel began last, as it is now; ``store`` is the key of its store.
 */
export interface KernelRun {
  name: string;
  reason: string;
  run: string;
  state: "crashed" | "failed" | "finished" | "running";
  store: string;
}
/**
 * A part of a model: a layer, a step of a pipeline, or an attribute that fitting made.
 *
 * Attributes:
 *     name: Its path in the model, such as ``encoder.0.linear``; empty for the model itself.
 *     type: The name of its class.
 *     depth: How many parts it lies in; 0 for the model itself.
 *     parameters: How many numbers it learns, with those of its parts. What a model uses twice
 *         counts once.
 *     trainable: How many of those are trained.
 *     output_shape: What it gave in the first pass: a list of sizes (of an attribute, its own
 *         shape); a list of such lists or a mapping to them where it gave several; None where
 *         that was not seen. In a shape, None is a size that may vary.
 *     size_bytes: What its parameters and buffers take in memory, with those of its parts.
 */
export interface LayerInfo {
  depth: number;
  name: string;
  output_shape: unknown[] | {} | null;
  parameters: number;
  size_bytes: number | null;
  trainable: number;
  type: string;
}
/**
 * What came before and what after, in both directions; at most 150 nodes.
 */
export interface Lineage {
  edges: LineageEdge[];
  more: boolean;
  nodes: LineageNode[];
}
/**
 * ``start`` made ``end``, or was used by it.
 */
export interface LineageEdge {
  end: string;
  start: string;
}
/**
 * A run, or a version of an artifact.
 *
 * Attributes:
 *     id: Names it among the nodes.
 *     name: The run's name, or ``name:v3``.
 *     rank: How many steps after what was asked for it comes; less than 0: before it.
 *     there: It is still in the store.
 */
export interface LineageNode {
  artifact: string | null;
  id: string;
  kind: "artifact" | "run";
  name: string;
  rank: number;
  run: RunLink | null;
  there: boolean;
  type: string | null;
  version: number | null;
}
/**
 * One line, with the escapes that colour it.
 *
 * Attributes:
 *     number: Its place in the whole log, from 1.
 *     cell: The ``n`` of the cell that showed it; None between cells and in scripts.
 *     label: That cell's label, ``[12]``.
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
 * Attributes:
 *     cell: Only those of the cell with this ``n``.
 *     search: Only those that contain this, whatever the case.
 *     before: Only lines with a lower number: for those further up.
 *     limit: The last so many, 1 to 5,000.
 */
export interface LogsQuery {
  before?: number | null;
  cell?: number | null;
  limit?: number;
  search?: string;
}
/**
 * By step and index, and how many steps there are in all.
 */
export interface MediaEntries {
  attempt: number;
  entries: MediaEntry[];
  steps: number;
}
/**
 * One thing that was logged.
 *
 * Attributes:
 *     index: Its place among those that were logged as a list.
 *     file: Its name among ``/media/files``; None where ``info`` has all of it.
 *     size: Bytes of the file.
 *     frame: There is a document of it among ``/media/frames``.
 */
export interface MediaEntry {
  file: string | null;
  frame: boolean;
  index: number;
  info: {
    [k: string]: unknown;
  };
  kind: "audio" | "figure" | "histogram" | "html" | "image" | "table" | "text" | "video";
  size: number;
  step: number;
  time: number;
}
/**
 * Everything that was logged under one key.
 *
 * Attributes:
 *     kind: The kind of the latest one.
 *     count: How many there are, over all attempts.
 *     attempts: The attempts that have any, 0 for what belongs to none.
 */
export interface MediaKey {
  attempts: number[];
  count: number;
  key: string;
  kind: "audio" | "figure" | "histogram" | "html" | "image" | "table" | "text" | "video";
}
/**
 * The keys in alphabetical order; at most 5,000, and whether there are more.
 */
export interface MediaKeys {
  keys: MediaKey[];
  more: boolean;
}
/**
 * Which of one key.
 *
 * Attributes:
 *     attempt: Of this attempt; None: of the latest that has any.
 *     steps: At most so many steps, 1 to 2,000: of more, some that lie evenly among them.
 */
export interface MediaQuery {
  attempt?: number | null;
  key: string;
  steps?: number;
}
/**
 * A model that was watched.
 *
 * Attributes:
 *     name: What it is called in the run; no two are called the same.
 *     framework: What it is made with.
 *     type: The name of its class.
 *     parameters, trainable, size_bytes: As in :class:`LayerInfo`, of all of it.
 *     layers: Its parts, each before those that lie in it. The first is the model itself.
 *     settings: The arguments that an estimator of scikit-learn was made with, as JSON.
 *     text: The model as it prints itself, cut where that is long.
 */
export interface ModelInfo {
  framework: "keras" | "sklearn" | "torch";
  layers: LayerInfo[];
  name: string;
  parameters: number;
  settings: {
    [k: string]: unknown;
  };
  size_bytes: number | null;
  text: string;
  trainable: number;
  type: string;
}
/**
 * A model in one line; ``/models`` has its layers.
 */
export interface ModelLine {
  framework: "keras" | "sklearn" | "torch";
  name: string;
  parameters: number;
  trainable: number;
  type: string;
}
/**
 * The models that were watched, in the order in which that began.
 */
export interface Models {
  models: ModelInfo[];
}
/**
 * What one process recorded of a run that others went on with.
 *
 * Attributes:
 *     n: Its number, from 1.
 *     ended: None unless it said so.
 *     attempts: The numbers of those that it began.
 *     rows: None where some rows cannot be told from those of other parts.
 *     differences: In what it differs from the first part.
 */
export interface PartDetail {
  attempts: number[];
  differences: PartDifference[];
  ended: number | null;
  host: string;
  n: number;
  notebook: string | null;
  rows: number | null;
  started: number | null;
  state: "crashed" | "failed" | "finished" | "running";
  user: string | null;
}
/**
 * One thing that is not as it was in the first part of a run.
 *
 * Attributes:
 *     what: ``config.<key>``, ``Python``, ``commit``, ``package <name>``, or ``patch``, of which
 *         the values are digests.
 *     before: The value in the first part; None if there was none.
 *     now: The value in this part.
 */
export interface PartDifference {
  before: unknown;
  now: unknown;
  what: string;
}
/**
 * How a run died, as far as that is known.
 *
 * Attributes:
 *     certainty: proven, likely or unknown.
 *     memory: Bytes that were held, one value a sample, the last ones.
 *     look_up: A command that says more.
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
 * A version that a run made or used, as it was recorded then.
 *
 * Attributes:
 *     there: The store still has that version.
 *     aliases: What it is called now.
 */
export interface RunArtifact {
  aliases: string[];
  attempt: number;
  digest: string;
  name: string;
  role: "made" | "used";
  size: number;
  there: boolean;
  time: number;
  type: string;
  version: number;
}
/**
 * What a run made and used, in the order in which it did.
 */
export interface RunArtifacts {
  artifacts: RunArtifact[];
}
/**
 * Everything about a run that is not long.
 *
 * Attributes:
 *     artifacts: How many versions it made and used; ``/artifacts`` has them.
 *     notebook: The notebook's path, or None.
 *     command: The script with its arguments, or None.
 *     damage: What of its files cannot be read, in words.
 *     keys: The metrics that were logged, in the order in which they came.
 *     parts: Those of a run that was resumed, in order; empty if one process recorded all of it.
 */
export interface RunDetail {
  alerts: Alert[];
  artifacts: number;
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
  models: ModelLine[];
  name: string;
  nbtrack: string | null;
  notebook: string | null;
  notes: string | null;
  os: string | null;
  parts: PartDetail[];
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
 * Attributes:
 *     store: The key of the store that it is of.
 *     revision: Changes when anything in the store does.
 *     total: Runs in the store that are not out of sight.
 *     matched: Runs that the query is true of.
 *     running: How many of those go on.
 *     offset: The place of the first of ``rows`` among them.
 *     columns: All that there is to choose from, the most common first.
 *     groups: All of them, if a group was asked for.
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
 * Attributes:
 *     store: A store's key; empty for the first.
 *     where: An SQL expression, as in ``nbtrack.runs(where=)``; empty for all.
 *     search: Words that the name, id, tags, notes, notebook or project contain.
 *     sort: Names, separated by commas; ``-`` before one has its largest value come first.
 *     group: A name such as ``config.lr``: runs are sorted by it first. Empty for none.
 *     columns: The names of values of config and summary that are wanted, as ``config.lr``; they
 *         are what ``config`` and ``summary`` of a row hold.
 *     discarded: Runs that were put out of sight, and no others.
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
 * They are x and y of the bucket's two extremes, in the order of x.
 *
 * Attributes:
 *     index: Its place in the request.
 *     attempt: The attempt that it is of.
 *     count: Rows that it was made of.
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
 * Attributes:
 *     kind: ``metric``, or ``system`` with the attempt -1.
 *     attempt: An attempt's number; None: the latest that has the key.
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
 * Attributes:
 *     x: What is across: ``step``, ``time`` (microseconds since 1970), ``relative`` (seconds since
 *         the attempt's first row), or the key of a metric, joined by step.
 *     start, end: The part of ``x`` that is wanted; None: all of it.
 *     buckets: How many, 1 to 5,000.
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
 * Attributes:
 *     wire: The version of live messages.
 *     read_only: Nothing can be changed.
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
 * Attributes:
 *     key: What it is called in addresses.
 *     name: What a person calls it: the name of the folder that it is in.
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
 * A column, and what its values are.
 *
 * Those that are none of the other kinds are what JSON holds. Media in a cell are an object with
 * the key ``nbtrack.media`` alone; in it are ``kind``, ``file``, ``size`` and ``info``.
 */
export interface TableColumn {
  kind: "boolean" | "json" | "number" | "text" | "time";
  name: string;
}
/**
 * Rows of a table, a value for each column. Long texts are cut to 2,000 letters.
 *
 * Attributes:
 *     total: Rows of the table; ``matched``: those that were searched for.
 *     offset: The place of the first of ``rows`` among those.
 */
export interface TablePage {
  columns: TableColumn[];
  matched: number;
  offset: number;
  rows: unknown[][];
  total: number;
}
/**
 * Which rows of a table.
 *
 * Attributes:
 *     sort: The place of a column, from 0; -1: as they were logged.
 *     search: Rows of which a value contains this, whatever the case.
 *     limit: From 1 to 1,000.
 */
export interface TableQuery {
  descending?: boolean;
  limit?: number;
  offset?: number;
  search?: string;
  sort?: number;
}
/**
 * What people have saved of how they look at runs, by name.
 */
export interface Views {
  views: {
    [k: string]: unknown;
  };
}
