"""What a process leaves of itself for the case that it dies: where it was, and its last stack.

Two small files in the run's directory, written over and over, which no row depends on. They become
part of the record of its death, and are removed at a proper end.
"""

from __future__ import annotations

import contextlib

import msgspec

from .death import Death
from .layout import RunDir
from .position import read_position
from .stack import line_in_stack, shortened

_LONGEST_STACK = 256 << 10


def add_remains(death: Death, run_dir: RunDir, writer: str) -> Death:
    """``death`` with what the dead owner ``writer`` left in its run's directory."""
    stack = _read_stack(run_dir)
    position = read_position(run_dir)
    if position is not None and position.writer == writer:
        line = line_in_stack(stack) or position.line
        return msgspec.structs.replace(death, cell=position.cell, line=line, stack=stack)
    return msgspec.structs.replace(death, line=line_in_stack(stack), stack=stack)


def remove_remains(run_dir: RunDir) -> None:
    """They are on record."""
    for path in (run_dir.position, run_dir.stack):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _read_stack(run_dir: RunDir) -> str | None:
    try:
        with run_dir.stack.open("rb") as file:
            text = file.read(_LONGEST_STACK).decode("utf-8", "backslashreplace")
            return shortened(text) if text else None
    except OSError:
        return None
