"""Keeps the stack of a process that a fault in C code ends.

Python's own :mod:`faulthandler` writes it, into the directory of the run that is recorded. A
kernel's stack goes there instead of to the server's log, where nobody who has the notebook open
looks for it. A script that has turned faulthandler on by itself is left alone.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
from pathlib import Path

from .store.segment import QuietFile


class _Kept:
    """Where the stack of this process would go."""

    def __init__(self) -> None:
        self.file: QuietFile | None = None
        self.path: Path | None = None
        self.was_enabled = False


_kept = _Kept()


def keep(path: Path | None) -> None:
    """From now on a fault writes the stack to ``path``, or where it did before; if that can be."""
    if path == _kept.path:
        return
    if path is None:
        _give_back()
        _drop(_kept.file, _kept.path)
        _kept.file = _kept.path = None
        return
    if _kept.file is None:
        _kept.was_enabled = faulthandler.is_enabled()
        if _kept.was_enabled and "ipykernel" not in sys.modules:
            return
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        file = QuietFile(path, "w")
        faulthandler.enable(file)
        before = _kept.file, _kept.path
        _kept.file, _kept.path = file, path
        _drop(*before)


def _give_back() -> None:
    faulthandler.disable()
    if _kept.was_enabled and sys.__stderr__ is not None:
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            faulthandler.enable(sys.__stderr__)


def _drop(file: QuietFile | None, path: Path | None) -> None:
    if file is not None and path is not None:
        file.close()
        with contextlib.suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()


def _after_fork() -> None:
    """A fault of a forked child is not its parent's."""
    if _kept.file is not None:
        _give_back()
        _kept.file.close()
        _kept.file = _kept.path = None


os.register_at_fork(after_in_child=_after_fork)
