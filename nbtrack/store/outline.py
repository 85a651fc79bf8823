"""A run in one row: what a list of runs shows of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from .._process import liveness
from . import documents, reader
from .layout import RunDir
from .reader import Snapshot
from .schema import RunState
from .state import state as decide

Kind = Literal["number", "text", "boolean"]
Place = tuple[str, ...]

_LONGEST_TEXT = 4096
_LARGEST_INT = 1 << 63


class RunOutline(msgspec.Struct, kw_only=True, array_like=True):
    """A run as one row; times are microseconds since 1970 (UTC).

    Texts in ``config`` and ``summary`` are cut to 4,096 characters, integers beyond 64 bits are
    floats.
    """

    id: str
    name: str
    project: str
    state: RunState
    reason: str
    started: int
    ended: int | None
    rows: int
    attempts: int
    tags: list[str]
    notes: str | None
    group: str | None
    job_type: str | None
    notebook: str | None
    host: str
    discarded: bool
    is_empty: bool
    config: dict[str, Any]
    summary: dict[str, Any]

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.ended is None else (self.ended - self.started) / 1e6


class Look(msgspec.Struct, kw_only=True):
    """A run at one moment.

    Attributes:
        changes: It can come to say something else without a file of it being replaced: somebody
            may still write to it, or its owner be found dead.
    """

    outline: RunOutline
    changes: bool


def look_at(run_dir: RunDir) -> Look:
    """Read a run.

    Raises:
        StoreError: It cannot be read.
        OSError: The same.
    """
    info = documents.read_info(run_dir)
    taken = reader.snapshot(run_dir)
    fold = taken.fold
    evidence = fold.evidence(run_dir, info, time.time_ns() // 1000)
    verdict = decide(evidence)
    owner = fold.owner
    ended = fold.closed_at.get(owner.writer) if owner is not None else None
    if ended is None and evidence.owner == "dead":
        ended = fold.last_time or info.created
    final = evidence.closing is not None or evidence.owner == "dead"
    outline = RunOutline(
        id=run_dir.id,
        name=info.name,
        project=info.project,
        state=verdict.state,
        reason=verdict.reason,
        started=info.created,
        ended=ended,
        rows=fold.rows,
        attempts=len(fold.attempts),
        tags=info.tags,
        notes=info.notes,
        group=info.group,
        job_type=info.job_type,
        notebook=info.notebook or " ".join(info.command or []) or None,
        host=info.host,
        discarded=info.discarded,
        is_empty=fold.is_empty,
        config=_bounded(fold.config),
        summary=_bounded(fold.summary),
    )
    return Look(outline=outline, changes=not final or _is_written(taken))


def leaves(outline: RunOutline) -> Iterator[tuple[Place, Kind]]:
    """The values of config and summary that are there, each with its place and what it is."""
    yield from _leaves(("config",), outline.config)
    yield from _leaves(("summary",), outline.summary)


def _leaves(place: Place, values: Mapping[str, Any]) -> Iterator[tuple[Place, Kind]]:
    for key, value in values.items():
        kind = type(value)
        if kind is float or kind is int:
            yield (*place, key), "number"
        elif kind is dict:
            yield from _leaves((*place, key), value)
        elif kind is bool:
            yield (*place, key), "boolean"
        elif value is not None:
            yield (*place, key), "text"


def _is_written(taken: Snapshot) -> bool:
    """Whether a process that may live can append to a segment of it."""
    writing = {name.writer for name in taken.selection.segments}
    known = {info.writer: info for info in taken.fold.writers if info.writer in writing}
    # Of a damaged segment nobody knows the writer. It stays for ever; its folder tells of others.
    return any(liveness(info.process) != "dead" for info in known.values())


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 1] + "…"
    if isinstance(value, dict):
        return {key: _bounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_bounded(item) for item in value]
    if isinstance(value, int) and not -_LARGEST_INT <= value < _LARGEST_INT:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value
