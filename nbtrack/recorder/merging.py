"""Starts merges, one at a time, each as a process of its own.

A merge may need four times the memory that a recorder may use, and may be killed at any point:
the files in force before it stay in force.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..store.layout import RunDir
from . import spawn
from .notes import note

_MANY_SETS = 32


class MergeQueue:
    """Runs that wait for their merge, and the merge that is going on."""

    def __init__(self) -> None:
        self._waiting: dict[RunDir, list[str]] = {}
        self._merging: tuple[RunDir, subprocess.Popen[bytes]] | None = None
        self._sealed_then: dict[Path, int] = {}

    @property
    def busy(self) -> bool:
        return self._merging is not None or bool(self._waiting)

    def add(self, run_dir: RunDir) -> None:
        """Merge a run that has ended."""
        self._sealed_then.pop(run_dir.path, None)
        self._waiting[run_dir] = []

    def add_if_many(self, run_dir: RunDir) -> None:
        """Have a merge of a run that goes on look whether it is worth it, every 32 sealed sets."""
        sealed = len(run_dir.sealed_sets())
        then = self._sealed_then.get(run_dir.path, 0)
        if sealed >= (then if then <= sealed else 0) + _MANY_SETS:
            self._sealed_then[run_dir.path] = sealed
            self._waiting[run_dir] = ["--if-many"]

    def poll(self) -> None:
        """See whether the merge has ended, and start the next. Never waits."""
        if self._merging is not None:
            run_dir, process = self._merging
            status = process.poll()
            if status is None:
                return
            self._merging = None
            if status < 0 and run_dir.path.exists():
                note(run_dir.recorder_log, f"the merge was ended by signal {-status}")
        while self._waiting and self._merging is None:
            run_dir = next(iter(self._waiting))
            options = self._waiting.pop(run_dir)
            if run_dir.path.exists():
                self._start(run_dir, options)

    def _start(self, run_dir: RunDir, options: list[str]) -> None:
        command = spawn.command("merge", *options, str(run_dir.path))
        try:
            process = spawn.start(command, stdin=subprocess.DEVNULL)
        except OSError as error:
            note(run_dir.recorder_log, f"no merge could be started: {error}")
        else:
            self._merging = run_dir, process
