"""What a page is told of one run: everything that is not long."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from .._errors import StoreError, UsageError
from ..store import reader
from ..store.attempt_view import AttemptView
from ..store.cells import CellView, read_cells
from ..store.documents import read_info
from ..store.edits import edit
from ..store.fold import Attempt, Fold
from ..store.layout import RunDir, Store
from ..store.model import read_model
from ..store.post_mortem import PostMortem
from ..store.reader import Snapshot
from ..store.registry import key_of
from ..store.schema import RunInfo
from ..store.view import RunView
from .api.run import (
    AttemptDetail,
    CellDetail,
    Cells,
    ExceptionCard,
    ModelLine,
    PartDetail,
    PartDifference,
    PostMortemCard,
    RunDetail,
    RunEdit,
)
from .plain import plain

_LONGEST_NAME = 200
_LONGEST_TAG = 200
_MOST_TAGS = 100
_LONGEST_NOTES = 100_000
_EPOCH = datetime.fromtimestamp(0, UTC)


def fingerprint(run_dir: RunDir) -> str | None:
    """Changes when anything about a run that has ended does; None while it may go on.

    Raises:
        StoreError: It cannot be read.
    """
    taken = reader.snapshot(run_dir)
    view = RunView(run_dir, taken)
    # A segment may still grow: processes that were forked may outlive the one that they came from.
    if view.ended_at is None or taken.selection.segments:
        return None
    edits = [path.name for path in run_dir.edit_files()]
    said = f"{view.state} {view.reason} {len(view.damage)}"
    # Whoever looks at the code may come later than the end.
    return f"{taken.selection.signature} {edits} {said} {_code_times(run_dir)}"


def detail(store: Store, run_dir: RunDir) -> RunDetail:
    """Everything about a run that is not long.

    Raises:
        StoreError: It cannot be read.
        FileNotFoundError: There is no such run.
    """
    return reader.read(run_dir, lambda taken: _detail(store, run_dir, taken))


def cells(run_dir: RunDir) -> Cells:
    """Every cell that ran; raises as :func:`detail`."""

    def read(taken: Snapshot) -> Cells:
        return Cells(cells=[_cell(cell) for cell in _cells(run_dir, taken)])

    return reader.read(run_dir, read)


def change(run_dir: RunDir, asked: RunEdit) -> None:
    """Change what is said about a run.

    Raises:
        UsageError: It cannot be called so.
        StoreNotWritableError: The store cannot be written.
    """
    changes = {
        field: value
        for field in RunEdit.__struct_fields__
        if (value := getattr(asked, field)) is not msgspec.UNSET
    }
    if "name" in changes:
        changes["name"] = changes["name"].strip()
        if not 1 <= len(changes["name"]) <= _LONGEST_NAME:
            raise UsageError(f"a name has 1 to {_LONGEST_NAME} letters")
    if "tags" in changes:
        changes["tags"] = checked_tags(changes["tags"])
    if len(changes.get("notes") or "") > _LONGEST_NOTES:
        raise UsageError(f"notes have at most {_LONGEST_NOTES:,} letters")
    if changes:
        edit(RunView(run_dir), **changes)


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Tags without spaces around them, each once.

    Raises:
        UsageError: They are too many, or one is too long.
    """
    found = list(dict.fromkeys(filter(None, map(str.strip, tags))))
    if len(found) > _MOST_TAGS or max(map(len, found), default=0) > _LONGEST_TAG:
        raise UsageError(f"at most {_MOST_TAGS} tags of {_LONGEST_TAG} letters")
    return found


def micros(time: datetime | None) -> int | None:
    """Microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1) if time is not None else None


def _code_times(run_dir: RunDir) -> list[int]:
    with contextlib.suppress(OSError):
        return sorted(path.stat().st_mtime_ns for path in run_dir.code.iterdir())
    return []


def _detail(store: Store, run_dir: RunDir, taken: Snapshot) -> RunDetail:
    info = read_info(run_dir)
    view = RunView(run_dir, taken)
    ran = _cells(run_dir, taken)
    ended = view.ended_at
    return RunDetail(
        store=key_of(store),
        state=view.state,
        reason=view.reason,
        exception=_exception(view.exception),
        post_mortem=_post_mortem(view.post_mortem),
        started=info.created,
        ended=micros(ended),
        seconds=(ended - view.started_at).total_seconds() if ended is not None else None,
        path=str(run_dir.path),
        rows=view.rows,
        dropped=view.dropped_rows,
        damage=[str(damage) for damage in view.damage],
        alerts=view.alerts,
        config=plain(view.config),
        summary=plain(view.summary),
        attempts=_attempts(view, taken.fold, ran),
        keys=_keys(taken.fold),
        models=_models(run_dir),
        parts=_parts(view, taken.fold),
        artifacts=len(view.artifacts),
        **_said(info),
    )


def _said(info: RunInfo) -> dict[str, Any]:
    """What ``run.json`` and its edits say, under the same names."""
    names = (
        *("id", "name", "project", "tags", "notes", "group", "job_type", "discarded", "notebook"),
        *("command", "cwd", "host", "user", "os", "python", "nbtrack", "git_commit", "git_branch"),
    )
    return {name: getattr(info, name) for name in names}


def _attempts(view: RunView, fold: Fold, ran: Sequence[CellView]) -> list[AttemptDetail]:
    cell_of = {cell.attempt: cell.n for cell in ran if cell.attempt}
    return [
        _attempt(shown, attempt, cell_of.get(attempt.n))
        for shown, attempt in zip(view.attempts, fold.attempts, strict=True)
    ]


def _attempt(shown: AttemptView, attempt: Attempt, cell: int | None) -> AttemptDetail:
    return AttemptDetail(
        n=attempt.n,
        cell=cell,
        cell_id=attempt.cell_id,
        cell_try=attempt.cell_try,
        label=attempt.label,
        name=attempt.name,
        tags=attempt.tags,
        state=shown.state,
        started=attempt.started or None,
        ended=micros(shown.ended_at),
        wall_seconds=attempt.wall_seconds,
        cpu_seconds=attempt.cpu_seconds,
        rows=attempt.rows,
        config=plain(attempt.config),
        summary=plain(attempt.summary),
        exception=_exception(shown.exception),
    )


def _models(run_dir: RunDir) -> list[ModelLine]:
    # A page without its models is still a page; their tab says what is wrong.
    with contextlib.suppress(StoreError):
        return [
            ModelLine(**{name: getattr(model, name) for name in ModelLine.__struct_fields__})
            for model in read_model(run_dir)
        ]
    return []


def _parts(view: RunView, fold: Fold) -> list[PartDetail]:
    owners = {writer.writer for writer in fold.writers if writer.role == "owner"}
    if len(owners) < 2:
        return []
    # Rows of no attempt, and those of an attempt whose beginning is lost, may be of any part.
    told = fold.loose is None and all(attempt.writer in owners for attempt in fold.attempts)
    found = []
    for part in view.parts:
        own = [attempt for attempt in fold.attempts if attempt.writer == part.writer]
        found.append(
            PartDetail(
                n=part.n,
                state=part.state,
                started=micros(part.started_at),
                ended=micros(part.ended_at),
                host=part.host,
                user=part.user,
                notebook=part.notebook,
                attempts=[attempt.n for attempt in own],
                rows=sum(attempt.rows for attempt in own) if told else None,
                differences=[
                    PartDifference(what=what, before=plain(before), now=plain(now))
                    for what, before, now in part.differences
                ],
            )
        )
    return found


def _keys(fold: Fold) -> list[str]:
    loose = [fold.loose] if fold.loose is not None else []
    return list(dict.fromkeys(key for one in (*loose, *fold.attempts) for key in one.keys))


def _cells(run_dir: RunDir, taken: Snapshot) -> list[CellView]:
    running = RunView(run_dir, taken).state == "running"
    return read_cells(taken, running=running, read_output=lambda cell: "")


def _cell(cell: CellView) -> CellDetail:
    return CellDetail(
        n=cell.n,
        cell_id=cell.cell_id,
        execution_count=cell.execution_count,
        label=cell.label,
        source=cell.source,
        state=cell.state,
        attempt=cell.attempt,
        exception=_exception(cell.exception),
        started=micros(cell.started_at),
        ended=micros(cell.ended_at),
        wall_seconds=cell.wall_seconds,
        cpu_seconds=cell.cpu_seconds,
        peak_memory_bytes=cell.peak_memory_bytes,
        peak_gpu_memory_bytes=cell.peak_gpu_memory_bytes,
    )


def _exception(found: dict[str, Any] | None) -> ExceptionCard | None:
    return ExceptionCard(**found) if found is not None else None


def _post_mortem(found: PostMortem | None) -> PostMortemCard | None:
    if found is None:
        return None
    return PostMortemCard(
        **{name: getattr(found, name) for name in PostMortemCard.__struct_fields__}
    )
