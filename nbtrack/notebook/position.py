"""Writes down which line of a cell is running, for the case that the kernel dies there.

A thread looks at the stack of the cell's thread twice a second while a cell runs, and sleeps in
between. While C code holds the interpreter it cannot look: then the line before stays, which is
mostly the line that called that code.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Protocol

from .._attempts import CellInfo

# The first look comes early: much dies in its first line.
_FIRST_SECONDS = 0.05
_SECONDS = 0.5


class _Running(Protocol):
    @property
    def cell(self) -> CellInfo: ...


class PositionWatch:
    """Looks where the running cells are.

    Args:
        running: The cells that run, by their threads.
        label_of: The label of the cell that a file was compiled for.
        tell: Takes a cell and its line.
    """

    def __init__(
        self,
        running: Callable[[], Mapping[int, _Running]],
        label_of: Callable[[str], str | None],
        tell: Callable[[CellInfo, int], object],
    ) -> None:
        self._running = running
        self._label_of = label_of
        self._tell = tell
        self._busy = threading.Event()
        self._idle = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """A cell begins."""
        self._idle.clear()
        self._busy.set()
        if self._thread is None or not self._thread.is_alive():
            with suppress(RuntimeError):  # no more threads: nobody looks
                self._thread = threading.Thread(
                    target=self._watch, name="nbtrack-position", daemon=True
                )
                self._thread.start()

    def end(self) -> None:
        """No cell runs any more."""
        self._busy.clear()
        self._idle.set()

    def _watch(self) -> None:
        while True:
            self._busy.wait()
            seconds = _FIRST_SECONDS
            last: tuple[CellInfo, int] | None = None
            while not self._idle.wait(seconds):
                with suppress(Exception):  # nothing but a line in a post-mortem depends on it
                    seen = self._look()
                    if seen is not None and seen != last:
                        self._tell(*seen)
                        last = seen
                seconds = min(_SECONDS, 2 * seconds)

    def _look(self) -> tuple[CellInfo, int] | None:
        frames = sys._current_frames()
        for thread, running in list(self._running().items()):
            frame: FrameType | None = frames.get(thread)
            while frame is not None:
                if self._label_of(frame.f_code.co_filename) == running.cell.label:
                    return running.cell, frame.f_lineno
                frame = frame.f_back
        return None
