"""Writes down which line of a cell is running, and how far its loop is.

For those who look on, and for the case that the kernel dies there.

A thread looks at the stack of the cell's thread four times a second while cells run, and sleeps
when none has run for a while. While C code holds the interpreter it cannot look: then the line
before stays, which is mostly the line that called that code.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from .._attempts import CellInfo
from .._progress import begin_cell, outermost
from ..store.position import Progress
from .running import RunningCells

_SECONDS = 0.25
# So many in which nothing ran, and it sleeps until a cell begins.
_IDLE_LOOKS = 60


class PositionWatch:
    """Looks where the running cells are.

    Args:
        running: The cells that run, by their threads.
        label_of: The label of the cell that a file was compiled for.
        tell: Takes a cell, its line, and how far its loop is.
    """

    def __init__(
        self,
        running: RunningCells,
        label_of: Callable[[str], str | None],
        tell: Callable[[CellInfo, int, Progress | None], object],
    ) -> None:
        self._running = running
        self._label_of = label_of
        self._tell = tell
        self._busy = False
        self._awake = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """A cell begins."""
        begin_cell()
        self._busy = True
        if self._thread is None or not self._thread.is_alive():
            with suppress(RuntimeError):  # no more threads: nobody looks
                self._thread = threading.Thread(
                    target=self._watch, name="nbtrack-position", daemon=True
                )
                self._thread.start()
        if not self._awake:
            self._wake.set()

    def end(self) -> None:
        """No cell runs any more."""
        self._busy = False

    def _watch(self) -> None:
        last: tuple[CellInfo, int, Progress | None] | None = None
        while True:
            self._wake.wait()
            self._wake.clear()
            # For a while it looks on by itself: short cells do not have to wake it each.
            self._awake = True
            idle = 0
            while idle < _IDLE_LOOKS:
                time.sleep(_SECONDS)
                idle = 0 if self._busy else idle + 1
                with suppress(Exception):  # nothing but a line in a post-mortem depends on it
                    seen = self._look() if self._busy else None
                    if seen is not None and seen != last:
                        self._tell(*seen)
                        last = seen
            self._awake = False
            if self._busy:
                self._wake.set()

    def _look(self) -> tuple[CellInfo, int, Progress | None] | None:
        frames = sys._current_frames()
        # It would hold the others, with all that their cells let go of, until it is collected.
        del frames[threading.get_ident()]
        for thread, running in list(self._running.items()):
            frame: FrameType | None = frames.get(thread)
            while frame is not None:
                if self._label_of(frame.f_code.co_filename) == running.cell.label:
                    return running.cell, frame.f_lineno, outermost()
                frame = frame.f_back
        return None
