"""Sees to runs of the store whose kernel and recorder died together, once for each recorder.

A process of its own does it, at the lowest priority; it may be killed at any point.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path

from . import spawn

# A kernel that has just begun has better things to do.
_AFTER_SECONDS = 10.0


class OrphanRecovery:
    """The recovery of one store, which comes some time after the recorder has begun."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _AFTER_SECONDS
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def over(self) -> bool:
        """Whether it has come and gone."""
        return self._due == float("inf") and self._process is None

    def poll(self, store: Path) -> None:
        """Start it when it is time, and see whether it has ended. Never waits."""
        if time.monotonic() >= self._due:
            self._due = float("inf")
            with contextlib.suppress(OSError):
                command = spawn.command("recover", str(store))
                self._process = spawn.start(command, stdin=subprocess.DEVNULL)
        if self._process is not None and self._process.poll() is not None:
            self._process = None

    def end(self) -> None:
        """Nothing of it outlives the recorder; the next one goes on with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
