"""Where a kernel is: the line that it executes, and how far its loop has come.

One small file in the run's directory, overwritten in place a few times a second, which no row
depends on. Viewers show it, and it becomes part of the record of a death.
"""

from __future__ import annotations

import contextlib
import os

import msgspec

from .._decoding import from_json
from .journal import now
from .layout import RunDir
from .segment import QuietFile

_ROOM = 512
_LONGEST_LABEL = 60


class Progress(msgspec.Struct, kw_only=True):
    """How far ``nbtrack.progress()`` has come.

    Attributes:
        label: What is counted, in the person's words; may be empty.
        done: Items so far.
        total: Of how many; None if nobody knows.
        seconds: Since the first item was asked for.
        rate: Items in a second, of late; None before the first is done.
        closed: The loop has ended.
    """

    label: str
    done: int
    total: float | None
    seconds: float
    rate: float | None
    closed: bool = False


class Position(msgspec.Struct, kw_only=True):
    """Which line of which cell a kernel was executing when it was last looked at.

    Attributes:
        writer: The owner's writer.
        cell: The cell's label, ``[12]``.
        line: From 1.
        time: Microseconds UTC.
        progress: Of the outermost loop that counts itself.
    """

    writer: str
    cell: str
    line: int
    time: int
    progress: Progress | None = None


class PositionFile:
    """Where the owner is, for others to read. Overwritten in place, by one thread at a time."""

    def __init__(self, run_dir: RunDir, writer: str) -> None:
        self._run_dir = run_dir
        self._writer = writer
        self._file: QuietFile | None = None

    def set(self, cell: str, line: int, progress: Progress | None = None) -> None:
        """The cell ``cell`` is at ``line``.

        Raises:
            OSError: It cannot be written.
        """
        if self._file is None:
            self._file = QuietFile(self._run_dir.position, "w")
        if progress is not None and len(progress.label) > _LONGEST_LABEL:
            label = progress.label[: _LONGEST_LABEL - 1] + "…"
            progress = msgspec.structs.replace(progress, label=label)
        position = Position(
            writer=self._writer, cell=cell, line=line, time=now(), progress=progress
        )
        data = msgspec.json.encode(position)
        if len(data) < _ROOM:
            # One write of constant length: a reader sees this position or the one before.
            os.pwrite(self._file.fileno(), data.ljust(_ROOM), 0)

    def remove(self) -> None:
        """The owner ends by itself."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
            with contextlib.suppress(OSError):
                self._run_dir.position.unlink(missing_ok=True)


def read_position(run_dir: RunDir) -> Position | None:
    """Where the owner was last; None if nobody says so."""
    try:
        return from_json(run_dir.position.read_bytes(), Position)
    except (OSError, msgspec.DecodeError):
        return None
