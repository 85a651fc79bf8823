"""The log of a run: everything that was seen, cell after cell, as one text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from .cells import CellView
from .console import Output, outputs, outputs_of
from .reader import Snapshot

_WIDTH = 78


def log(taken: Snapshot, cells: Sequence[CellView], only: int | None = None) -> Iterator[str]:
    """The log in pieces: a headline for each cell, what was seen below it, how it failed.

    Output between cells, and that of a script, stands where it came. ``only`` the cells with this
    number in brackets, if it is given.
    """
    line_is_open = False
    for piece in _pieces(taken, cells) if only is None else _pieces_of(taken, cells, only):
        if piece.startswith("── ") and line_is_open:
            yield "\n"
        yield piece
        line_is_open = not piece.endswith("\n") if piece else line_is_open


def entries(taken: Snapshot, cells: Sequence[CellView]) -> Iterator[dict[str, Any]]:
    """The same as dictionaries: ``{cell, execution_count, stream, time, text, lost}``."""
    by_number = {cell.number: cell for cell in cells}
    for number, found in outputs(taken):
        cell = by_number.get(number)
        for output in found:
            yield {
                "cell": cell.n if cell is not None else None,
                "execution_count": cell.execution_count if cell is not None else None,
                **output._asdict(),
            }


def headline(label: str, time: datetime | None) -> str:
    """The line above a cell's output."""
    at = f" · {time.astimezone():%H:%M:%S}" if time is not None else ""
    return f"{f'── In {label}{at} ':─<{_WIDTH}}\n"


def ending(state: str, seconds: float | None, failure: dict[str, Any] | None) -> str:
    """The lines below the output of a cell that did not finish."""
    if state in ("finished", "running", "unseen"):
        return ""
    took = f" after {seconds:.1f} s" if seconds is not None else ""
    words = "cut off when the kernel died" if state == "crashed" else f"{state}{took}"
    text = failure["traceback"].rstrip() + "\n" if failure is not None else ""
    return f"{text}── {words}\n"


def shown(output: Output, label: str) -> str:
    """One output as the log has it."""
    text = output.shown()
    return f"Out{label}: {text}" if output.stream == "result" else text


def _pieces_of(taken: Snapshot, cells: Sequence[CellView], only: int) -> Iterator[str]:
    for cell in cells:
        if cell.execution_count == only:
            yield headline(cell.label, cell.started_at)
            for output in outputs_of(taken, cell.number):
                yield shown(output, cell.label)
            yield ending(cell.state, cell.wall_seconds, cell.exception)


def sections(
    taken: Snapshot, cells: Sequence[CellView]
) -> Iterator[tuple[CellView | None, list[Output]]]:
    """Each cell with what was seen below it, in the order of the log; no cell: between cells."""
    groups = outputs(taken)
    number, found = next(groups, (0, []))
    between: list[Output] = []
    if number == 0:
        between = sorted(found, key=lambda output: output.time)
        number, found = next(groups, (0, []))
    seen = [cell for cell in cells if cell.state != "unseen"]
    for cell in sorted(seen, key=lambda cell: cell.number):
        earlier = bisect_left(between, cell.number, key=lambda output: output.time)
        if earlier:
            yield None, between[:earlier]
            del between[:earlier]
        below: list[Output] = []
        while number and number <= cell.number:
            below += found
            number, found = next(groups, (0, []))
        yield cell, below
    while number:
        yield None, found
        number, found = next(groups, (0, []))
    if between:
        yield None, between


def _pieces(taken: Snapshot, cells: Sequence[CellView]) -> Iterator[str]:
    for cell, found in sections(taken, cells):
        if cell is None:
            yield from (output.shown() for output in found)
        else:
            yield headline(cell.label, cell.started_at)
            yield from (shown(output, cell.label) for output in found)
            end = ending(cell.state, cell.wall_seconds, cell.exception)
            if end:
                yield end
