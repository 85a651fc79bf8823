"""The cells that ran in a run, in the order in which they began."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from . import query
from .present import exception, iso, moment
from .reader import Snapshot
from .schema import AttemptEnd, AttemptStart, CellEnd, CellError, CellStart, Event, Failure
from .tables import events_from_cells

CellState = Literal["running", "finished", "failed", "interrupted", "crashed", "unseen"]


class CellView:
    """One execution of a cell, tracked or not.

    Attributes:
        n: Its place among the executions of the run, from 1.
        cell_id: The id of the cell in the notebook.
        execution_count: The number in its brackets, ``In [n]``.
        source: The cell as it was run.
        state: running, finished, failed, interrupted or crashed; ``unseen`` if it ran before the
            run began.
        attempt: The number of the attempt that it was; None if it was not tracked.
        exception: ``{type, message, traceback, cell, line}``, or None.
        wall_seconds, cpu_seconds: What it took; None if its end was not seen.
        peak_memory_bytes: The most memory that the kernel, or at a sample the kernel with its
            children, held meanwhile; None if that is not known.
        peak_gpu_memory_bytes: The most memory that was in use on all GPUs together at one sample;
            None if none was taken meanwhile.
    """

    def __init__(
        self,
        n: int,
        start: CellStart,
        *,
        state: CellState,
        attempt: int | None = None,
        failure: Failure | None = None,
        end: CellEnd | None = None,
        read_output: Callable[[int], str],
    ) -> None:
        self.n = n
        self.number = start.time
        self.cell_id = start.cell_id
        self.execution_count = start.execution_count
        self.source = start.source
        self.state = state
        self.attempt = attempt
        self.exception = exception(failure)
        self.wall_seconds = end.wall_seconds if end is not None else None
        self.cpu_seconds = end.cpu_seconds if end is not None else None
        self.peak_memory_bytes = end.peak_memory_bytes if end is not None else None
        self.peak_gpu_memory_bytes: int | None = None
        self.started_at = None if start.earlier else moment(start.time)
        self.ended_at = moment(end.time) if end is not None else None
        self._read_output = read_output

    def __repr__(self) -> str:
        return f"<cell {self.label} {self.state}>"

    @property
    def label(self) -> str:
        """``[12]`` by its number in brackets; ``[ ]`` where it had none."""
        return f"[{' ' if self.execution_count is None else self.execution_count}]"

    @property
    def output(self) -> str:
        """What was seen below the cell, as text; its exception is not part of it.

        Raises:
            StoreError: The files cannot be read.
        """
        return self._read_output(self.number)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the output, as JSON holds it; times are ISO 8601 in UTC."""
        return {
            "n": self.n,
            "cell_id": self.cell_id,
            "execution_count": self.execution_count,
            "source": self.source,
            "state": self.state,
            "attempt": self.attempt,
            "exception": self.exception,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": self.cpu_seconds,
            "peak_memory_bytes": self.peak_memory_bytes,
            "peak_gpu_memory_bytes": self.peak_gpu_memory_bytes,
        }


def read_cells(
    taken: Snapshot, *, running: bool, read_output: Callable[[int], str]
) -> list[CellView]:
    """Every cell of a run but those that went on in the next one.

    Args:
        taken: The run.
        running: Whether it goes on, so that a cell without an end may be running.
        read_output: What a cell's output is read with.
    """
    order = {writer.writer: at for at, writer in enumerate(taken.fold.writers)}
    events = sorted(
        events_from_cells(query.rows(taken.source("cells"))),
        key=lambda event: (
            order.get(event[0], len(order)),
            not _is_earlier(event[1]),
            event[1].seq,
        ),
    )
    events = _upgraded(events)
    starts = [(writer, event) for writer, event in events if isinstance(event, CellStart)]
    ends = {event.cell: event for _, event in events if isinstance(event, CellEnd)}
    attempts = {event.cell: event.attempt for _, event in events if isinstance(event, AttemptStart)}
    owner = taken.fold.owner
    cells: list[CellView] = []
    for writer, start in starts:
        end = ends.get(start.time)
        state: CellState = "crashed"
        if end is not None:
            if end.outcome == "moved":
                continue
            state = end.outcome
        elif start.earlier:
            state = "unseen"
        elif running and owner is not None and owner.writer == writer:
            state = "running"
        cell = CellView(
            len(cells) + 1,
            start,
            state=state,
            attempt=attempts.get(start.time),
            failure=end.failure if end is not None else None,
            end=end,
            read_output=read_output,
        )
        cells.append(cell)
    _add_samples(cells, taken)
    return cells


def _is_earlier(event: Event) -> bool:
    """Whether it ran before the run began; the cell that began the run may be recorded first."""
    return isinstance(event, CellStart) and event.earlier


def _upgraded(events: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
    """The same events; in format 1 only tracked cells and errors tell of cells."""
    if any(isinstance(event, CellStart) for _, event in events):
        return events
    found = list(events)
    ends = {e.attempt: e for _, e in events if isinstance(e, AttemptEnd)}
    for writer, event in events:
        if isinstance(event, AttemptStart) and event.cell_id is not None:
            event.cell = event.time
            found.append((writer, _started(event)))
            end = ends.get(event.attempt)
            if end is not None:
                found.append((writer, _ended(event.time, end)))
        elif isinstance(event, CellError):
            found.append((writer, _started(event)))
            error = event.failure
            end_of_error = CellEnd(
                event.seq, event.time, event.time, 0, "failed", error, 0.0, 0.0, None
            )
            found.append((writer, end_of_error))
    return found


def _started(event: AttemptStart | CellError) -> CellStart:
    return CellStart(event.seq, event.time, event.cell_id, event.execution_count, event.source)


def _ended(cell: int, end: AttemptEnd) -> CellEnd:
    return CellEnd(
        end.seq,
        end.time,
        cell,
        end.attempt,
        end.outcome,
        end.failure,
        end.wall_seconds,
        end.cpu_seconds,
        None,
    )


def _add_samples(cells: list[CellView], taken: Snapshot) -> None:
    """What the samples of the machine know of the time in which each cell ran."""
    memory, gpus = query.memory_samples(taken.source("system"))
    for cell in cells:
        if cell.started_at is None:
            continue
        peak = _most(memory, cell.started_at, cell.ended_at)
        known = cell.peak_memory_bytes
        cell.peak_memory_bytes = max((p for p in (peak, known) if p is not None), default=None)
        cell.peak_gpu_memory_bytes = _most(gpus, cell.started_at, cell.ended_at)


def _most(samples: list[tuple[datetime, int]], start: datetime, end: datetime | None) -> int | None:
    first = bisect_left(samples, start, key=lambda sample: sample[0])
    last = len(samples) if end is None else bisect_right(samples, end, key=lambda s: s[0])
    return max((value for _, value in samples[first:last]), default=None)
