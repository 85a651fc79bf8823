"""The cells that a kernel is executing, each in its thread."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _current
from .._attempts import CellInfo
from . import cells, magics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Moment(NamedTuple):
    """What only the thread that executes a cell can see, and only now.

    Attributes:
        thread: Its identifier.
        executions: The cells that it is executing, outermost first.
        shown: The exception that IPython showed last.
    """

    thread: int
    executions: list[cells.Execution]
    shown: Any


def moment(shell: InteractiveShell) -> Moment:
    """What the calling thread sees."""
    return Moment(threading.get_ident(), cells.executions(shell), last_shown())


def last_shown() -> Any:
    """The exception that IPython showed last."""
    return getattr(sys, "last_value", None)


class RunningCell:
    """A cell being executed by one thread."""

    __slots__ = ("before", "cell", "info", "options")

    def __init__(self, execution: cells.Execution, before: Any) -> None:
        self.info = execution.info
        self.options = magics.find_options(execution.info.raw_cell or "")
        self.cell = cells.describe(execution, self.options)
        self.before = before


class RunningCells(dict[int, RunningCell]):
    """The cells that run, by their threads.

    Each knows the exception that was the last one shown when it began. What other threads show
    meanwhile, such as a widget's callback, is none of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown_before: dict[int, Any] = {}

    def now(self) -> CellInfo | None:
        """The cell that the calling thread is executing.

        A thread with a current run of its own was started by a cell, the one that began first.
        """
        running = self.get(threading.get_ident())
        if running is None and _current.has_own():
            running = next(iter(self.values()), None)
        return running.cell if running is not None else None

    def begin_execution(self) -> None:
        """A cell or a widget's callback begins, in whatever thread."""
        self._shown_before[threading.get_ident()] = last_shown()

    def end_execution(self) -> None:
        """It has ended. An exception that it showed is not of the cells that other threads run."""
        thread = threading.get_ident()
        after = last_shown()
        before = self._shown_before.pop(thread, after)
        for other, running in list(self.items()):
            if other != thread and running.before is before:
                running.before = after
