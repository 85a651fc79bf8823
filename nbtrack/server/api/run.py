"""One run: what it is, its cells, what was seen, its files."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ...store.code import CodeInfo
from ...store.schema import Alert, AttemptState, RunState


class RunEdit(msgspec.Struct, kw_only=True):
    """A change of one run; what is left out stays as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType | None = msgspec.UNSET
    discarded: bool | msgspec.UnsetType = msgspec.UNSET


class KernelRun(msgspec.Struct, kw_only=True):
    """The run that a kernel began last, as it is now; ``store`` is the key of its store."""

    store: str
    run: str
    name: str
    state: RunState
    reason: str


class Kernel(msgspec.Struct, kw_only=True):
    """What a kernel records; None if nothing is known of it."""

    run: KernelRun | None


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


class ModelLine(msgspec.Struct, kw_only=True):
    """A model in one line; ``/models`` has its layers."""

    name: str
    framework: Literal["torch", "keras", "sklearn"]
    type: str
    parameters: int
    trainable: int


class PartDifference(msgspec.Struct, kw_only=True):
    """One thing that is not as it was in the first part of a run.

    Attributes:
        what: ``config.<key>``, ``Python``, ``commit``, ``package <name>``, or ``patch``, of which
            the values are digests.
        before: The value in the first part; None if there was none.
        now: The value in this part.
    """

    what: str
    before: Any
    now: Any


class PartDetail(msgspec.Struct, kw_only=True):
    """What one process recorded of a run that others went on with.

    Attributes:
        n: Its number, from 1.
        ended: None unless it said so.
        attempts: The numbers of those that it began.
        rows: None where some rows cannot be told from those of other parts.
        differences: In what it differs from the first part.
    """

    n: int
    state: RunState
    started: int | None
    ended: int | None
    host: str
    user: str | None
    notebook: str | None
    attempts: list[int]
    rows: int | None
    differences: list[PartDifference]


class RunDetail(msgspec.Struct, kw_only=True):
    """Everything about a run that is not long.

    Attributes:
        artifacts: How many versions it made and used; ``/artifacts`` has them.
        notebook: The notebook's path, or None.
        command: The script with its arguments, or None.
        damage: What of its files cannot be read, in words.
        keys: The metrics that were logged, in the order in which they came.
        parts: Those of a run that was resumed, in order; empty if one process recorded all of it.
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
    alerts: list[Alert]
    config: dict[str, Any]
    summary: dict[str, Any]
    attempts: list[AttemptDetail]
    keys: list[str]
    models: list[ModelLine]
    parts: list[PartDetail]
    artifacts: int


class Code(msgspec.Struct, kw_only=True):
    """From which code and in which environment each part of the run came, the oldest first."""

    parts: list[CodeInfo]


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
