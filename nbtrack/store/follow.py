"""The log of a run that goes on: what is there, and then what comes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import query, reader
from .console import loss
from .layout import RunDir, SegmentName
from .log import ending, headline
from .present import exception, moment
from .reader import Snapshot
from .schema import CellEnd, CellStart, Console
from .tables import events_from_cells
from .tail import SegmentTail

if TYPE_CHECKING:
    from .view import RunView

_LOOK_SECONDS = 0.25
_STATE_SECONDS = 1.0
_CLEAR_ROW = "\r\x1b[K"

Seen = Console | CellStart | CellEnd


def follow(view: RunView, *, cell: int | None, rewrites: bool) -> Iterator[str]:
    """Text to print one after the other; the first piece is all that there is so far.

    Args:
        view: The run.
        cell: Only cells with this number in brackets.
        rewrites: Whether a row that changes, such as a progress bar, may be written again in
            place. Else a row is given when the next one begins.

    Raises:
        StoreError: The run cannot be read.
    """
    if view.refresh().state != "running":
        yield view.log(cell)
        return
    source = _Source(RunDir(view.path))
    printer = _Printer(cell, rewrites=rewrites)
    look_at_state = 0.0
    while True:
        over = False
        if time.monotonic() >= look_at_state:
            over = view.refresh().state != "running"
            look_at_state = time.monotonic() + _STATE_SECONDS
        found = source.poll()
        text = "".join(printer.show(writer, record) for writer, record in found)
        yield text + (printer.close() if over else "")
        if over:
            return
        time.sleep(_LOOK_SECONDS)


class _Source:
    """Records of cells and console as they come, each once."""

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir
        self._tails: dict[SegmentName, SegmentTail] = {}
        self._read: set[str] = set()
        self._last: dict[str, int] = {}

    def poll(self) -> list[tuple[str, Seen]]:
        """What came since the last call, in the order of each writer."""
        selection = reader.select(self._run_dir)
        names = set(selection.sealed_names)
        if selection.merged is not None:
            names |= set(selection.merged.replaces)
        ended = {str(name) for name, tail in self._tails.items() if tail.ended}
        found: list[tuple[str, Seen]] = []
        if names - self._read - ended:
            # Sealed before its end was read here.
            found += reader.read(self._run_dir, self._catch_up)
            self._tails.clear()
        self._read |= names
        for name in selection.segments:
            tail = self._tails.get(name)
            if tail is None:
                tail = self._tails[name] = SegmentTail(self._run_dir.segment(name), name)
            with contextlib.suppress(FileNotFoundError):
                for batch in tail.batches(thorough=False):
                    for record in batch:
                        if isinstance(record, Seen) and self._is_new(name.writer, record.seq):
                            found.append((name.writer, record))
        return found

    def _is_new(self, writer: str, seq: int) -> bool:
        if seq <= self._last.get(writer, 0):
            return False
        self._last[writer] = seq
        return True

    def _catch_up(self, taken: Snapshot) -> list[tuple[str, Seen]]:
        last = dict(self._last)
        found: list[tuple[str, Seen]] = [
            (writer, event)
            for writer, event in events_from_cells(query.rows(taken.source("cells")))
            if isinstance(event, CellStart | CellEnd) and event.seq > last.get(writer, 0)
        ]
        for row in query.console(taken.source("console")):
            writer = row.pop("writer")
            if row["seq"] > last.get(writer, 0):
                found.append((writer, Console(**row)))
        for writer, record in found:
            self._last[writer] = max(self._last.get(writer, 0), record.seq)
        # Cells and console of one writer by seq; writers one after the other, as it were by time.
        return sorted(found, key=lambda item: (item[1].time, item[1].seq))


class _Rows:
    """The rows of one stream; those before ``settled`` are printed."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self.settled = 0

    def take(self, record: Console) -> str:
        """The rows that are complete now."""
        first, *others = record.text.split("\n")
        self.rows[record.row] = self.rows.get(record.row, "")[: record.start] + first
        self.rows.update(enumerate(others, start=record.row + 1))
        done = [row for row in sorted(self.rows) if self.settled <= row < max(self.rows)]
        text = "".join(f"{self.rows[row]}\n" for row in done)
        self.settled = max(self.rows)
        for row in [row for row in self.rows if row < self.settled]:
            del self.rows[row]
        return text

    @property
    def open_row(self) -> str:
        """The row that may still grow."""
        return self.rows.get(self.settled, "")


class _Printer:
    def __init__(self, only: int | None, *, rewrites: bool) -> None:
        self._only = only
        self._rewrites = rewrites
        self._cells: dict[int, CellStart] = {}
        self._streams: dict[tuple[str, int, str], _Rows] = {}
        self._under: int | None = None
        self._open: tuple[str, int, str] | None = None

    def show(self, writer: str, record: Seen) -> str:
        """What is to be printed for one record."""
        if isinstance(record, CellStart):
            self._cells[record.time] = record
            if record.earlier or not self._wanted(record.time):
                return ""
            return self._headline(record.time)
        if not self._wanted(record.cell):
            return ""
        if isinstance(record, CellEnd):
            state = "unseen" if record.outcome == "moved" else record.outcome
            words = ending(state, record.wall_seconds, exception(record.failure))
            return self._headline(record.cell) + self._settle() + words if words else ""
        return self._headline(record.cell) + self._text(writer, record)

    def close(self) -> str:
        """What is to be printed at the end."""
        rest = "" if self._rewrites else "".join(rows.open_row for rows in self._streams.values())
        return self._settle() or (f"{rest}\n" if rest else "")

    def _wanted(self, cell: int) -> bool:
        if self._only is None:
            return True
        start = self._cells.get(cell)
        return start is not None and start.execution_count == self._only

    def _headline(self, cell: int) -> str:
        """The headline of a cell, if it is another one than before."""
        start = self._cells.get(cell)
        if start is None or cell == self._under:
            return ""
        self._under = cell
        label = f"[{' ' if start.execution_count is None else start.execution_count}]"
        return self._settle() + headline(label, moment(start.time))

    def _text(self, writer: str, record: Console) -> str:
        key = writer, record.cell, record.stream
        rows = self._streams.setdefault(key, _Rows())
        before = rows.open_row if self._open == key else ""
        text = loss(record.lost) if record.lost else ""
        text += self._settle() if self._open not in (None, key) else ""
        if record.stream == "result" and record.start == 0 and record.cell in self._cells:
            text += f"Out[{self._cells[record.cell].execution_count}]: "
        done = rows.take(record)
        if not self._rewrites:
            return text + done
        self._open = key if rows.open_row else None
        return text + (_CLEAR_ROW if before else "") + done + rows.open_row

    def _settle(self) -> str:
        """End the row that stands open on the screen."""
        was_open, self._open = self._open, None
        return "\n" if was_open is not None else ""
