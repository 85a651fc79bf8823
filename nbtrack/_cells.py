"""The cells that run, tracked or not, as a run records them."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable

from ._attempts import CellInfo
from ._process import memory_now
from .store.journal import now
from .store.schema import CellEnd, CellStart, Failure, Outcome, Record


class Cells:
    """Records when cells begin and how they end, and knows what other records name them by."""

    def __init__(self, append: Callable[[Record], object], next_seq: Callable[[], int]) -> None:
        self._append = append
        self._next_seq = next_seq
        self._last_number = 0
        self._open: dict[CellInfo, _Clocks] = {}
        # Also of cells that have ended: their last output comes later.
        self._numbers: weakref.WeakKeyDictionary[CellInfo, int] = weakref.WeakKeyDictionary()
        self._attempts: weakref.WeakKeyDictionary[CellInfo, int] = weakref.WeakKeyDictionary()

    @property
    def open(self) -> list[CellInfo]:
        """The cells that run."""
        return list(self._open)

    def number(self, cell: CellInfo | None) -> int:
        """What names a cell in other records: when it began, no two alike; 0 if it did not."""
        return 0 if cell is None else self._numbers.get(cell, 0)

    def begin(self, cell: CellInfo) -> None:
        """A cell begins. Repeatable."""
        if cell in self._numbers:
            return
        # First, so that a cell whose beginning an interrupt cut off is ended all the same.
        self._numbers[cell] = number = self._new_number()
        self._open[cell] = _Clocks()
        self._append(
            CellStart(self._next_seq(), number, cell.cell_id, cell.execution_count, cell.source)
        )

    def end(self, cell: CellInfo, outcome: Outcome, failure: Failure | None) -> bool:
        """A cell has ended so. False if it was not running."""
        clocks = self._open.get(cell)
        if clocks is None:
            return False
        self._append(
            CellEnd(
                self._next_seq(),
                now(),
                self.number(cell),
                self._attempts.get(cell, 0),
                outcome,
                failure,
                time.perf_counter() - clocks.wall,
                time.process_time() - clocks.cpu,
                clocks.peak_memory(),
            )
        )
        del self._open[cell]
        return True

    def earlier(self, cell: CellInfo) -> None:
        """A cell ran before the run began."""
        number = self._new_number()
        self._append(
            CellStart(
                self._next_seq(), number, cell.cell_id, cell.execution_count, cell.source, True
            )
        )

    def became(self, cell: CellInfo, attempt: int) -> None:
        """The cell is an attempt; 0 takes that back."""
        self._attempts[cell] = attempt

    def is_attempt(self, cell: CellInfo) -> bool:
        """Whether the cell is an attempt."""
        return bool(self._attempts.get(cell, 0))

    def forget_open(self) -> None:
        """In a forked child: the cells are its parent's to end."""
        self._open.clear()

    def _new_number(self) -> int:
        self._last_number = max(now(), self._last_number + 1)
        return self._last_number


class _Clocks:
    """The clocks and the memory when a cell began."""

    __slots__ = ("cpu", "memory", "wall")

    def __init__(self) -> None:
        self.memory = memory_now()
        self.wall = time.perf_counter()
        self.cpu = time.process_time()

    def peak_memory(self) -> int | None:
        """The most bytes that the process is known to have held since.

        What it ever held at most says it exactly if that has risen. Else only its beginning and
        its end are known here; samples of the machine may know more.
        """
        after = memory_now()
        if self.memory is None or after is None:
            return None
        if after.peak > self.memory.peak:
            return after.peak
        return max(after.resident, self.memory.resident)
