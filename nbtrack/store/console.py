"""Console records back to text: rows of a screen, of which the later record wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from . import query
from .reader import Snapshot
from .schema import Stream


class Output(NamedTuple):
    """Text of one stream, as one piece of what was seen.

    Attributes:
        time: When it first appeared (microseconds UTC).
        stream: stdout, stderr, result or display.
        text: The text, with the escapes that colour it.
        lost: Bytes of this stream before the text that were not kept.
    """

    time: int
    stream: Stream
    text: str
    lost: int = 0

    def shown(self) -> str:
        """The text, and a line for what is lost."""
        return f"{loss(self.lost)}{self.text}" if self.lost else self.text


class Screen:
    """The rows of one writer's streams in one cell."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, str]] = {}
        self._seen: dict[str, int] = {}
        self._order: list[_Stretch] = []

    def add(self, record: Mapping[str, Any]) -> None:
        """Take one record; they come in the order of their ``seq``."""
        stream, row = record["stream"], record["row"]
        rows = self._rows.setdefault(stream, {})
        first, *others = record["text"].split("\n")
        rows[row] = rows.get(row, "")[: record["start"]] + first
        rows.update(enumerate(others, start=row + 1))
        # A last row without text has not appeared: what comes next may stand before it.
        last = row + len(others) - (not rows[row + len(others)])
        seen = self._seen.get(stream, -1)
        if last > seen or record["lost"]:
            self._seen[stream] = max(last, seen)
            before = self._order[-1] if self._order else None
            if before is not None and before.stream == stream and not record["lost"]:
                before.last = max(before.last, last)
            else:
                stretch = _Stretch(record["time"], stream, seen + 1, last, record["lost"])
                self._order.append(stretch)

    def outputs(self) -> Iterator[Output]:
        """What is seen, where it first appeared."""
        for stretch in self._order:
            rows = self._rows[stretch.stream]
            end = max(rows)
            text = "".join(
                rows[row] + ("\n" if row < end else "")
                for row in range(stretch.first, stretch.last + 1)
                if row in rows
            )
            if text or stretch.lost:
                yield Output(stretch.time, stretch.stream, text, stretch.lost)


class _Stretch:
    """Rows of one stream that appeared without anything between them."""

    __slots__ = ("first", "last", "lost", "stream", "time")

    def __init__(self, time: int, stream: Stream, first: int, last: int, lost: int) -> None:
        self.time = time
        self.stream = stream
        self.first = first
        self.last = last
        self.lost = lost


def outputs(taken: Snapshot) -> Iterator[tuple[int, list[Output]]]:
    """What was seen below each cell, by the ``time`` of its start; 0 for between cells."""
    rows = query.console(taken.source("console"))
    for cell, records in groupby(rows, key=itemgetter("cell")):
        yield cell, list(_merged(records))


def outputs_of(taken: Snapshot, cell: int) -> list[Output]:
    """What was seen below one cell."""
    return list(_merged(query.console(taken.source("console"), cell)))


def latest_outputs(taken: Snapshot) -> list[Output]:
    """What was seen below the cell that showed something last."""
    found = query.latest_cell(taken.source("console"))
    return outputs_of(taken, found) if found is not None else []


def _merged(records: Iterable[Mapping[str, Any]]) -> Iterator[Output]:
    """The outputs of all writers, by when they appeared; neighbours of one stream joined."""
    screens: dict[str, Screen] = {}
    for record in records:
        screens.setdefault(record["writer"], Screen()).add(record)
    found = [output for screen in screens.values() for output in screen.outputs()]
    if len(screens) > 1:
        found.sort(key=lambda output: output.time)
    joined: Output | None = None
    for output in found:
        if joined is None:
            joined = output
        elif output.stream == joined.stream in ("stdout", "stderr") and not output.lost:
            joined = joined._replace(text=joined.text + output.text)
        else:
            yield joined
            joined = output
    if joined is not None:
        yield joined


def loss(size: int) -> str:
    """The line that stands where ``size`` characters of output are not kept."""
    unit, amount = next(
        (unit, size / scale)
        for unit, scale in (("MB", 1e6), ("kB", 1e3), ("characters", 1))
        if size >= scale
    )
    return f"[… {amount:.3g} {unit} of output not kept …]\n"
