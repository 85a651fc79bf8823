"""The records of a journal and the documents of a run, as types.

A record is one msgpack array whose first element tells its kind. Within a format version the
arrays never change their order, and only grow at the end. Times are int64 microseconds since
1970 (UTC); durations are seconds from a monotonic clock.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from .._process import ProcessIdentity
from .death import Job

FORMAT_VERSION = 2

Role = Literal["owner", "worker", "recorder"]
# "moved": init() in the cell took the attempt, still without rows, into another run.
Outcome = Literal["finished", "failed", "interrupted", "moved"]
RunState = Literal["running", "finished", "failed", "crashed"]
AttemptState = Literal["running", "finished", "failed", "interrupted", "crashed"]
# What a person reads under a cell: two streams, the value of its last line, what it displayed.
Stream = Literal["stdout", "stderr", "result", "display"]
MediaKind = Literal["image", "audio", "video", "html", "table", "histogram", "figure", "text"]
ChangeKind = Literal[
    "alert",
    "artifact",
    "closed",
    "config",
    "dropped",
    "memory",
    "metric",
    "model",
    "owner_died",
    "saved",
    "summary",
]

# msgpack extension type of an integer beyond 64 bits, as its decimal digits.
BIG_INT = 1


class Failure(msgspec.Struct, kw_only=True, omit_defaults=False):
    """An exception, as the person saw it.

    Attributes:
        type: Name of the exception's class.
        message: Its text.
        traceback: The traceback's text, the person's own frames only.
        cell: Which cell: ``[12]`` by its execution number.
        line: The line in that cell, from 1.
    """

    type: str
    message: str
    traceback: str
    cell: str | None = None
    line: int | None = None


class Row(msgspec.Struct, array_like=True, tag=0, gc=False):
    """One ``log()`` call."""

    seq: int
    time: int
    attempt: int
    step: int
    data: dict[str, Any]


class AttemptStart(msgspec.Struct, array_like=True, tag=1):
    """A tracked cell begins. ``config`` is the run's config as it was then.

    ``cell`` names its :class:`CellStart`; 0 in a script, and in format 1.
    """

    seq: int
    time: int
    attempt: int
    cell_try: int
    cell_id: str | None
    execution_count: int | None
    name: str | None
    tags: list[str]
    source: str
    config: dict[str, Any]
    cell: int = 0


class AttemptEnd(msgspec.Struct, array_like=True, tag=2):
    """A tracked cell has ended."""

    seq: int
    time: int
    attempt: int
    outcome: Outcome
    failure: Failure | None
    wall_seconds: float
    cpu_seconds: float


class CellError(msgspec.Struct, array_like=True, tag=3):
    """A cell that is not tracked raised. Format 1 only: since then :class:`CellEnd` says so."""

    seq: int
    time: int
    attempt: int
    cell_id: str | None
    execution_count: int | None
    source: str
    failure: Failure


class Change(msgspec.Struct, array_like=True, tag=4):
    """Something about the run changed; ``value`` is anything JSON can hold.

    ========== ===========================================================
    config     ``key`` was set to ``value`` in the config
    summary    ``key`` was set to ``value`` in the summary by hand
    closed     the owner ended the run; ``value`` is a :class:`Closing`
    owner_died seen by the recorder; ``key`` is the owner's writer, ``value`` a
               :class:`~nbtrack.store.death.Death`
    dropped    ``value`` rows could not be kept since the last such record
    memory     seen by the recorder: the memory limit was reached; ``key`` is
               the owner's writer, ``value`` a :class:`MemoryAlert`
    model      the model called ``key`` is watched from now on; ``value`` is
               its ``framework``, ``type``, ``parameters`` and ``trainable``
    artifact   the run made or used the version ``key``, such as ``data:v3``;
               ``value`` is ``{role, type, digest, size}``
    saved      ``files/<key>`` is a copy; ``value`` is ``{policy, source}``
    metric     ``key``, a metric's name or a pattern, was defined; ``value`` is what
               was given: :class:`~nbtrack.store.metrics.MetricDefinition`
    alert      somebody is told: ``key`` is the title, ``value`` has ``text`` and
               ``level``
    ========== ===========================================================
    """

    seq: int
    time: int
    attempt: int
    kind: ChangeKind
    key: str
    value: Any


class Sample(msgspec.Struct, array_like=True, tag=5):
    """One look at the machine: names with units to values."""

    seq: int
    time: int
    data: dict[str, float]


class SegmentEnd(msgspec.Struct, array_like=True, tag=6):
    """The last frame of a segment that its writer closed."""

    seq: int
    time: int


class Beat(msgspec.Struct, array_like=True, tag=7):
    """The recorder saw the owner alive. Kept in the journal only."""

    seq: int
    time: int


class CellStart(msgspec.Struct, array_like=True, tag=8):
    """A cell begins to run, tracked or not. Other records name it by its ``time``.

    So no two cells of a run have the same, whichever process ran them.
    ``earlier``: it ran before the run began; how it went was not seen, and no end follows.
    """

    seq: int
    time: int
    cell_id: str | None
    execution_count: int | None
    source: str
    earlier: bool = False


class CellEnd(msgspec.Struct, array_like=True, tag=9):
    """A cell has ended.

    ``cell`` names its :class:`CellStart`, ``attempt`` is the number of the attempt that it was, 0
    if it was none. ``peak_memory_bytes`` is the most that the process is known to have held
    in memory meanwhile.
    """

    seq: int
    time: int
    cell: int
    attempt: int
    outcome: Outcome
    failure: Failure | None
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int | None


class Console(msgspec.Struct, array_like=True, tag=10, gc=False):
    """Text that a person saw, as what a screen holds: rows, of which the later record wins.

    The rows of each (``cell``, ``stream``) count from 0. The record keeps the first ``start``
    characters of row ``row`` and puts ``text`` behind them; each newline in ``text`` begins the
    next row. So a progress bar is one row that is set again and again. ``cell`` names the
    :class:`CellStart`, 0 between cells and in scripts. ``lost`` characters of this stream before
    this record were not kept.
    """

    seq: int
    time: int
    cell: int
    stream: Stream
    row: int
    start: int
    text: str
    lost: int = 0


class Media(msgspec.Struct, array_like=True, tag=11):
    """Something besides numbers that a ``log()`` call was given; shares ``seq`` with its row.

    Attributes:
        key: As a number's key; ``index`` is its place in the list that was logged under it.
        file: Its name in the run's folder for media; None: all of it is in ``info``.
        size: Bytes of what was given; of a file, or of pixels and samples before they are encoded.
        info: What is known of it; anything JSON can hold.
    """

    seq: int
    time: int
    attempt: int
    step: int
    key: str
    index: int
    kind: MediaKind
    file: str | None
    size: int
    info: dict[str, Any]


CellEvent = AttemptStart | AttemptEnd | CellError | CellStart | CellEnd
Event = CellEvent | Change
Record = Row | CellEvent | Change | Sample | SegmentEnd | Beat | Console | Media


class Closing(msgspec.Struct, kw_only=True):
    """The owner's verdict when it ended the run."""

    state: Literal["finished", "failed"]
    reason: str
    failure: Failure | None = None


class MemoryAlert(msgspec.Struct, kw_only=True):
    """The memory limit was reached: bytes used, of how many, and what was done about it."""

    used: int
    limit: int
    action: Literal["warn", "interrupt"]


class Alert(msgspec.Struct, kw_only=True):
    """What ``alert()`` was called with.

    Attributes:
        title: In a few words.
        text: In more.
        level: ``INFO``, ``WARN`` or ``ERROR``.
        time: When, in microseconds since 1970 (UTC).
        attempt: The attempt that was open, or 0.
    """

    title: str
    text: str
    level: str
    time: int
    attempt: int


class WriterInfo(msgspec.Struct, kw_only=True):
    """Who writes a segment; in its header, and with the sets sealed from it."""

    run: str
    writer: str
    role: Role
    process: ProcessIdentity
    opened: int


class RunInfo(msgspec.Struct, kw_only=True, omit_defaults=False):
    """``run.json``: who and where, written once by the owner and never changed."""

    format: int = FORMAT_VERSION
    id: str
    name: str
    project: str
    created: int
    host: str
    user: str | None = None
    notebook: str | None = None
    command: list[str] | None = None
    os: str | None = None
    python: str | None = None
    nbtrack: str | None = None
    cwd: str | None = None
    git_commit: str | None = None
    git_branch: str | None = None
    tags: list[str] = []
    notes: str | None = None
    group: str | None = None
    job_type: str | None = None
    discarded: bool = False
    job: Job | None = None
    fail_on: Literal["tracked", "any", "never"] = "tracked"


class Edit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """``edits/<ulid>.json``: what somebody changed later; the newest wins, field by field."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType | None = msgspec.UNSET
    discarded: bool | msgspec.UnsetType = msgspec.UNSET


class Manifest(msgspec.Struct, kw_only=True):
    """``merged.json``: the merged set in force, and every sealed set that it replaces."""

    format: int = FORMAT_VERSION
    name: str
    tables: list[str]
    replaces: list[str]


def _decode_extension(code: int, data: memoryview) -> Any:
    if code == BIG_INT:
        return int(bytes(data))
    return f"extension {code}: {bytes(data).hex()}"


decode_record = msgspec.msgpack.Decoder(Record, ext_hook=_decode_extension).decode
encode_record = msgspec.msgpack.Encoder(decimal_format="number").encode


def encode_any(record: Record) -> bytes:
    """A record; text that UTF-8 cannot hold, such as undecodable file names, is shown escaped."""
    try:
        return encode_record(record)
    except UnicodeEncodeError:
        return encode_record(msgspec.convert(_printable(msgspec.to_builtins(record)), Record))


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    return value
