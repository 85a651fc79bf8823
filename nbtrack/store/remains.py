"""What a process leaves of itself for the case that it dies: where it was, and its last stack.

Two small files in the run's directory, written over and over, which no row depends on. They become
part of the record of its death, and are removed at a proper end.
"""

from __future__ import annotations

import contextlib
import os

import msgspec

from .death import Death
from .journal import now
from .layout import RunDir
from .segment import QuietFile
from .stack import line_in_stack, shortened

_ROOM = 256
_LONGEST_STACK = 256 << 10


class Position(msgspec.Struct, kw_only=True):
    """Which line of which cell a kernel was executing when it was last looked at.

    Attributes:
        writer: The owner's writer.
        cell: The cell's label, ``[12]``.
        line: From 1.
        time: Microseconds UTC.
    """

    writer: str
    cell: str
    line: int
    time: int


class PositionFile:
    """Where the owner is, for others to read. Overwritten in place, by one thread at a time."""

    def __init__(self, run_dir: RunDir, writer: str) -> None:
        self._run_dir = run_dir
        self._writer = writer
        self._file: QuietFile | None = None

    def set(self, cell: str, line: int) -> None:
        """The cell ``cell`` is at ``line``.

        Raises:
            OSError: It cannot be written.
        """
        if self._file is None:
            self._file = QuietFile(self._run_dir.position, "w")
        position = Position(writer=self._writer, cell=cell, line=line, time=now())
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


def add_remains(death: Death, run_dir: RunDir, writer: str) -> Death:
    """``death`` with what the dead owner ``writer`` left in its run's directory."""
    stack = _read_stack(run_dir)
    position = _read_position(run_dir)
    if position is not None and position.writer == writer:
        line = line_in_stack(stack) or position.line
        return msgspec.structs.replace(death, cell=position.cell, line=line, stack=stack)
    return msgspec.structs.replace(death, line=line_in_stack(stack), stack=stack)


def remove_remains(run_dir: RunDir) -> None:
    """They are on record."""
    for path in (run_dir.position, run_dir.stack):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _read_position(run_dir: RunDir) -> Position | None:
    try:
        return msgspec.json.decode(run_dir.position.read_bytes(), type=Position)
    except (OSError, msgspec.DecodeError):
        return None


def _read_stack(run_dir: RunDir) -> str | None:
    try:
        with run_dir.stack.open("rb") as file:
            text = file.read(_LONGEST_STACK).decode("utf-8", "backslashreplace")
            return shortened(text) if text else None
    except OSError:
        return None
