"""What the server and its pages say to each other, as JSON under ``<base_url>nbtrack/api``.

The front end's types are generated from these structures. Times are microseconds since 1970
(UTC), durations seconds. A number that JSON cannot hold is one of the strings ``NaN``,
``Infinity`` and ``-Infinity``; it stands in ``config`` and ``summary`` only.

===================================== ======= ==================================================
address                               method  answer
===================================== ======= ==================================================
``/``                                 GET     :class:`Server`
``/runs``                             GET     :class:`RunsPage`; arguments: :class:`RunsQuery`
``/runs/export``                      GET     the same runs, all of them, as CSV or Parquet
``/sparks``                           POST    :class:`SparksRequest` → :class:`Sparks`
``/edits``                            POST    :class:`EditRequest` → :class:`Edited`
``/compare``                          POST    :class:`CompareRequest` → :class:`Compared`
``/series``                           POST    :class:`SeriesRequest` → a head, then points
``/views/<store>``                    GET     :class:`Views`
``/views/<store>/<name>``             PUT     anything JSON holds, up to 256 KiB; DELETE removes it
``/runs/<store>/<run>``               GET     :class:`RunDetail`; PATCH with :class:`RunEdit`
``/runs/<store>/<run>/cells``         GET     :class:`Cells`
``/runs/<store>/<run>/logs``          GET     :class:`Logs`; arguments: :class:`LogsQuery`
``/runs/<store>/<run>/logs/download`` GET     everything that was seen, as text
``/runs/<store>/<run>/files``         GET     :class:`Files`
``/runs/<store>/<run>/files/<path>``  GET     a file's bytes; ``?download=1`` to keep it
``/live/<store>/<run>``               GET     what brings a page up to date, see ``live/wire.py``
``/live/<store>/<run>/stream``        GET     such messages as they come, each behind its length
===================================== ======= ==================================================

An error is ``{"message": …}`` with a status of 400 (the request), 403 (not allowed), 404 (no such
thing), 413 (too large) or 503 (the run cannot be read now).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..store.schema import AttemptState, RunState


class StoreCard(msgspec.Struct, kw_only=True):
    """A store that is served.

    Attributes:
        key: What it is called in addresses.
        name: What a person calls it: the name of the folder that it is in.
    """

    key: str
    name: str
    path: str


class Server(msgspec.Struct, kw_only=True):
    """Who answers.

    Attributes:
        wire: The version of live messages.
        read_only: Nothing can be changed.
    """

    version: str
    wire: int
    read_only: bool
    stores: list[StoreCard]


class RunsQuery(msgspec.Struct, kw_only=True):
    """Which runs, in what order, and what of them.

    Attributes:
        store: A store's key; empty for the first.
        where: An SQL expression, as in ``nbtrack.runs(where=)``; empty for all.
        search: Words that the name, id, tags, notes, notebook or project contain.
        sort: Names, separated by commas; ``-`` before one has its largest value come first.
        group: A name such as ``config.lr``: runs are sorted by it first. Empty for none.
        columns: The names of values of config and summary that are wanted, as ``config.lr``; they
            are what ``config`` and ``summary`` of a row hold.
        discarded: Runs that were put out of sight, and no others.
    """

    store: str = ""
    where: str = ""
    search: str = ""
    sort: str = ""
    group: str = ""
    columns: list[str] = []
    offset: int = 0
    limit: int = 100
    discarded: bool = False


class RunRow(msgspec.Struct, kw_only=True):
    """A run as a row of the table; ``seconds`` is None while it runs."""

    id: str
    name: str
    project: str
    state: RunState
    reason: str
    started: int
    ended: int | None
    seconds: float | None
    attempts: int
    rows: int
    tags: list[str]
    notes: str | None
    group: str | None
    job_type: str | None
    notebook: str | None
    host: str
    discarded: bool
    config: dict[str, Any]
    summary: dict[str, Any]


class Column(msgspec.Struct, kw_only=True):
    """A value that runs have, ``config.lr`` or ``summary.loss``, and how many have it."""

    name: str
    kind: Literal["number", "text", "boolean"]
    runs: int


class Group(msgspec.Struct, kw_only=True):
    """Runs that have the same value of what the table is grouped by, in the order of the rows."""

    value: Any
    runs: int


class Unreadable(msgspec.Struct, kw_only=True):
    """A run that cannot be read, and why."""

    id: str
    reason: str


class RunsPage(msgspec.Struct, kw_only=True):
    """A part of a table of runs.

    Attributes:
        store: The key of the store that it is of.
        revision: Changes when anything in the store does.
        total: Runs in the store that are not out of sight.
        matched: Runs that the query is true of.
        running: How many of those go on.
        offset: The place of the first of ``rows`` among them.
        columns: All that there is to choose from, the most common first.
        groups: All of them, if a group was asked for.
    """

    store: str
    revision: str
    total: int
    matched: int
    running: int
    offset: int
    rows: list[RunRow]
    columns: list[Column]
    groups: list[Group]
    unreadable: list[Unreadable]


class SparksRequest(msgspec.Struct, kw_only=True):
    """Curves of a few metrics, for the rows that are seen; up to 200 runs and 8 keys."""

    store: str
    runs: list[str]
    keys: list[str]


class Spark(msgspec.Struct, kw_only=True):
    """Up to 40 values of one key of a run's latest attempt that has it; None for a gap."""

    run: str
    key: str
    values: list[float | None]


class Sparks(msgspec.Struct, kw_only=True):
    """What there is of what was asked for."""

    sparks: list[Spark]


class EditRequest(msgspec.Struct, kw_only=True):
    """The same change of many runs, up to 10,000."""

    store: str
    runs: list[str]
    add_tags: list[str] = []
    remove_tags: list[str] = []
    discarded: bool | None = None


class Edited(msgspec.Struct, kw_only=True):
    """The runs that were changed; why the others could not be, by id."""

    changed: list[str]
    failed: dict[str, str]


class RunEdit(msgspec.Struct, kw_only=True):
    """A change of one run; what is left out stays as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType | None = msgspec.UNSET
    discarded: bool | msgspec.UnsetType = msgspec.UNSET


class CompareRequest(msgspec.Struct, kw_only=True):
    """Several runs of a store beside each other, up to 200."""

    store: str
    runs: list[str]


class ComparedRun(msgspec.Struct, kw_only=True):
    """One of them, with all of its config and summary.

    Attributes:
        attempts: The numbers of its attempts that have rows, 0 for rows that belong to none.
        keys: The metrics that it has.
    """

    id: str
    name: str
    state: RunState
    started: int
    seconds: float | None
    tags: list[str]
    config: dict[str, Any]
    summary: dict[str, Any]
    attempts: list[int]
    keys: list[str]


class Compared(msgspec.Struct, kw_only=True):
    """Those that there are, in the order that was asked for."""

    runs: list[ComparedRun]


class SeriesOf(msgspec.Struct, kw_only=True):
    """One series that is wanted.

    Attributes:
        kind: ``metric``, or ``system`` with the attempt -1.
        attempt: An attempt's number; None: the latest that has the key.
    """

    run: str
    key: str
    attempt: int | None = None
    kind: Literal["metric", "system"] = "metric"


class SeriesRequest(msgspec.Struct, kw_only=True):
    """Series of runs of one store, up to 500, cut into buckets of equally many rows.

    Attributes:
        x: What is across: ``step``, ``time`` (microseconds since 1970), ``relative`` (seconds since
            the attempt's first row), or the key of a metric, joined by step.
        start, end: The part of ``x`` that is wanted; None: all of it.
        buckets: How many, 1 to 5,000.
    """

    store: str
    series: list[SeriesOf]
    x: str = "step"
    start: float | None = None
    end: float | None = None
    buckets: int = 500


class SeriesPart(msgspec.Struct, kw_only=True):
    """One series of the answer: four numbers for each of its buckets follow the head.

    They are x and y of the bucket's two extremes, in the order of x.

    Attributes:
        index: Its place in the request.
        attempt: The attempt that it is of.
        count: Rows that it was made of.
    """

    index: int
    attempt: int
    count: int
    buckets: int


class SeriesHead(msgspec.Struct, kw_only=True):
    """The head of an answer to ``/series``; built as a live message is, see ``live/wire.py``."""

    parts: list[SeriesPart]


class ExceptionCard(msgspec.Struct, kw_only=True):
    """What was raised; ``cell`` is its label, ``[12]``."""

    type: str
    message: str
    traceback: str
    cell: str | None
    line: int | None


class PostMortemCard(msgspec.Struct, kw_only=True):
    """How a run died, as far as that is known.

    Attributes:
        certainty: proven, likely or unknown.
        memory: Bytes that were held, one value a sample, the last ones.
        look_up: A command that says more.
    """

    cause: str
    certainty: str
    cell: str | None
    line: int | None
    source: str | None
    memory: list[float]
    memory_bytes: int | None
    memory_limit_bytes: int | None
    output: str
    stack: str | None
    look_up: str | None


class AttemptDetail(msgspec.Struct, kw_only=True):
    """One execution of a tracked cell.

    Attributes:
        cell: The place of the cell among :class:`Cells`; None in a script.
        label: ``[12]``.
    """

    n: int
    cell: int | None
    cell_id: str | None
    cell_try: int
    label: str
    name: str | None
    tags: list[str]
    state: AttemptState
    started: int | None
    ended: int | None
    wall_seconds: float | None
    cpu_seconds: float | None
    rows: int
    config: dict[str, Any]
    summary: dict[str, Any]
    exception: ExceptionCard | None


class RunDetail(msgspec.Struct, kw_only=True):
    """Everything about a run that is not long.

    Attributes:
        notebook: The notebook's path, or None.
        command: The script with its arguments, or None.
        damage: What of its files cannot be read, in words.
        keys: The metrics that were logged, in the order in which they came.
    """

    store: str
    id: str
    name: str
    project: str
    state: RunState
    reason: str
    exception: ExceptionCard | None
    post_mortem: PostMortemCard | None
    started: int
    ended: int | None
    seconds: float | None
    tags: list[str]
    notes: str | None
    group: str | None
    job_type: str | None
    discarded: bool
    notebook: str | None
    command: list[str] | None
    cwd: str | None
    host: str
    user: str | None
    os: str | None
    python: str | None
    nbtrack: str | None
    git_commit: str | None
    git_branch: str | None
    path: str
    rows: int
    dropped: int
    damage: list[str]
    config: dict[str, Any]
    summary: dict[str, Any]
    attempts: list[AttemptDetail]
    keys: list[str]


class CellDetail(msgspec.Struct, kw_only=True):
    """One execution of a cell, tracked or not.

    Attributes:
        n: Its place among the executions of the run, from 1.
        attempt: The attempt that it was; None if it was not tracked.
    """

    n: int
    cell_id: str | None
    execution_count: int | None
    label: str
    source: str
    state: Literal["running", "finished", "failed", "interrupted", "crashed", "unseen"]
    attempt: int | None
    exception: ExceptionCard | None
    started: int | None
    ended: int | None
    wall_seconds: float | None
    cpu_seconds: float | None
    peak_memory_bytes: int | None
    peak_gpu_memory_bytes: int | None


class Cells(msgspec.Struct, kw_only=True):
    """All of them, in the order in which they began."""

    cells: list[CellDetail]


class LogsQuery(msgspec.Struct, kw_only=True):
    """Which lines.

    Attributes:
        cell: Only those of the cell with this ``n``.
        search: Only those that contain this, whatever the case.
        before: Only lines with a lower number: for those further up.
        limit: The last so many, 1 to 5,000.
    """

    cell: int | None = None
    search: str = ""
    before: int | None = None
    limit: int = 1000


class LogLine(msgspec.Struct, kw_only=True):
    """One line, with the escapes that colour it.

    Attributes:
        number: Its place in the whole log, from 1.
        cell: The ``n`` of the cell that showed it; None between cells and in scripts.
        label: That cell's label, ``[12]``.
    """

    number: int
    cell: int | None
    label: str | None
    stream: Literal["stdout", "stderr", "result", "display"]
    time: int
    text: str


class Logs(msgspec.Struct, kw_only=True):
    """The lines, and how many there are in all and of those that were asked for."""

    lines: list[LogLine]
    total: int
    matched: int


class FileEntry(msgspec.Struct, kw_only=True):
    """A file in a run's directory; ``path`` is relative to it, with ``/``."""

    path: str
    size: int
    modified: int
    kind: Literal["text", "image", "audio", "video", "html", "notebook", "diff", "binary"]


class Files(msgspec.Struct, kw_only=True):
    """All of them, by path; at most 10,000, and whether there are more."""

    files: list[FileEntry]
    more: bool


class Views(msgspec.Struct, kw_only=True):
    """What people have saved of how they look at runs, by name."""

    views: dict[str, Any]
