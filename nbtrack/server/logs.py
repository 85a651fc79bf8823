"""The log of a run by lines: a page of them, or those that contain something."""

from __future__ import annotations

import re
import sys
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from .._errors import UsageError
from ..store import reader
from ..store.cells import read_cells
from ..store.layout import RunDir
from ..store.log import sections, shown
from ..store.reader import Snapshot
from ..store.schema import Stream
from ..store.view import RunView
from .api.run import LogLine, Logs, LogsQuery
from .run import micros

MAX_LINES = 5_000
_LONGEST_SEARCH = 1_000
_SEARCHES = 8


class _Stretch(NamedTuple):
    """Lines that were shown together."""

    first: int
    cell: int | None
    label: str | None
    stream: Stream
    time: int


class Log:
    """All lines of a run's log: one text, and where each line of it begins."""

    def __init__(self, taken: Snapshot, *, running: bool) -> None:
        self._stretches: list[_Stretch] = []
        self._starts = array("q")
        pieces: list[str] = []
        at = 0
        for stretch, text in _texts(taken, running):
            self._stretches.append(stretch._replace(first=len(self._starts)))
            text = text if text.endswith("\n") else text + "\n"
            begin = 0
            while begin < len(text):
                self._starts.append(at + begin)
                begin = text.index("\n", begin) + 1
            pieces.append(text)
            at += len(text)
        self._text = "".join(pieces)
        self._firsts = [stretch.first for stretch in self._stretches]
        self._searches: OrderedDict[str, array[int]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        with self._lock:
            searched = sum(len(found) for found in self._searches.values())
        return sys.getsizeof(self._text) + 8 * (len(self._starts) + searched)

    def page(self, asked: LogsQuery) -> Logs:
        """The last lines of those that are wanted."""
        if not asked.search and asked.cell is None:
            matched: range | array[int] | list[int] = range(len(self._starts))
        else:
            matched = self._containing(asked.search) if asked.search else range(len(self._starts))
            if asked.cell is not None:
                matched = list(self._of_cell(asked.cell, matched))
        end = len(matched)
        if asked.before is not None:
            end = bisect_left(matched, asked.before - 1)
        lines = [self._line(at) for at in matched[max(0, end - asked.limit) : end]]
        return Logs(lines=lines, total=len(self._starts), matched=len(matched))

    def _line(self, at: int) -> LogLine:
        stretch = self._stretches[bisect_right(self._firsts, at) - 1]
        end = self._starts[at + 1] if at + 1 < len(self._starts) else len(self._text)
        return LogLine(
            number=at + 1,
            cell=stretch.cell,
            label=stretch.label,
            stream=stretch.stream,
            time=stretch.time,
            text=self._text[self._starts[at] : end - 1],
        )

    def _containing(self, search: str) -> array[int]:
        with self._lock:
            found = self._searches.get(search)
            if found is None:
                found = self._searches[search] = self._find(search)
                while len(self._searches) > _SEARCHES:
                    self._searches.popitem(last=False)
        return found

    def _find(self, search: str) -> array[int]:
        found = array("q")
        for match in re.finditer(re.escape(search), self._text, re.IGNORECASE):
            at = bisect_right(self._starts, match.start()) - 1
            if not found or found[-1] != at:
                found.append(at)
        return found

    def _of_cell(self, cell: int, among: range | array[int]) -> Iterator[int]:
        for place, stretch in enumerate(self._stretches):
            if stretch.cell == cell:
                last = place + 1 == len(self._stretches)
                end = len(self._starts) if last else self._firsts[place + 1]
                yield from among[bisect_left(among, stretch.first) : bisect_left(among, end)]


def page(log: Log, asked: LogsQuery) -> Logs:
    """Lines of a run's log.

    Raises:
        UsageError: More is asked for than is given.
    """
    if not 1 <= asked.limit <= MAX_LINES:
        raise UsageError(f"limit is from 1 to {MAX_LINES}")
    if len(asked.search) > _LONGEST_SEARCH:
        raise UsageError(f"search is of at most {_LONGEST_SEARCH} letters")
    return log.page(asked)


def read_log(run_dir: RunDir) -> Log:
    """A run's log as it is now.

    Raises:
        StoreError: It cannot be read.
    """
    return reader.read(
        run_dir, lambda taken: Log(taken, running=RunView(run_dir, taken).state == "running")
    )


def _texts(taken: Snapshot, running: bool) -> Iterator[tuple[_Stretch, str]]:
    """What was seen in the order of the log; what a cell raised stands below it."""
    cells = read_cells(taken, running=running, read_output=lambda cell: "")
    for cell, found in sections(taken, cells):
        n, label = (cell.n, cell.label) if cell is not None else (None, None)
        for output in found:
            text = shown(output, cell.label) if cell is not None else output.shown()
            if text:
                yield _Stretch(0, n, label, output.stream, output.time), text
        if cell is not None and cell.exception is not None:
            time = micros(cell.ended_at) or cell.number
            yield _Stretch(0, n, label, "stderr", time), cell.exception["traceback"]
