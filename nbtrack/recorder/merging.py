"""Starts merges, one process at a time, for as many runs as wait by then.

A merge may need four times the memory that a recorder may use, and may be killed at any point:
the files in force before it stay in force. Who tries out many settings ends many short runs: what a
process has to load is loaded once for those that wait.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from ..store.layout import RunDir
from . import spawn
from .notes import note

_MANY_SETS = 32
_AT_ONCE = 50


class _Wish(NamedTuple):
    """How a run is to be merged: only if it is worth it, and by a process of its own."""

    if_many: bool = False
    alone: bool = False


class _Merging(NamedTuple):
    """What goes on."""

    runs: list[RunDir]
    wish: _Wish
    process: subprocess.Popen[bytes]


class MergeQueue:
    """Runs that wait for their merge, and the merges that are going on."""

    def __init__(self) -> None:
        self._waiting: dict[RunDir, _Wish] = {}
        self._merging: _Merging | None = None
        self._sealed_then: dict[Path, int] = {}

    @property
    def busy(self) -> bool:
        return self._merging is not None or bool(self._waiting)

    def has(self, run_dir: RunDir) -> bool:
        """Whether a run waits for its merge, or is being merged."""
        going_on = self._merging.runs if self._merging is not None else []
        return any(one.path == run_dir.path for one in (*self._waiting, *going_on))

    def add(self, run_dir: RunDir) -> None:
        """Merge a run that has ended."""
        self._sealed_then.pop(run_dir.path, None)
        self._waiting[run_dir] = _Wish()

    def add_if_many(self, run_dir: RunDir) -> None:
        """Have a merge of a run that goes on look whether it is worth it, every 32 sealed sets."""
        sealed = len(run_dir.sealed_sets())
        then = self._sealed_then.get(run_dir.path, 0)
        if sealed >= (then if then <= sealed else 0) + _MANY_SETS:
            self._sealed_then[run_dir.path] = sealed
            self._waiting[run_dir] = _Wish(if_many=True)

    def poll(self) -> None:
        """See whether the process has ended, and start the next. Never waits."""
        if self._merging is not None:
            status = self._merging.process.poll()
            if status is None:
                return
            merging, self._merging = self._merging, None
            if status < 0:
                self._killed(merging, -status)
        while self._waiting and self._merging is None:
            wish = next(iter(self._waiting.values()))
            most = 1 if wish.alone else _AT_ONCE
            chosen = [run_dir for run_dir, other in self._waiting.items() if other == wish][:most]
            for run_dir in chosen:
                del self._waiting[run_dir]
            runs = [run_dir for run_dir in chosen if run_dir.path.exists()]
            if runs:
                self._start(runs, wish)

    def _killed(self, merging: _Merging, number: int) -> None:
        """Note it where it is known which run it was. Else each is tried again, by itself."""
        if len(merging.runs) > 1:
            for run_dir in merging.runs:
                self._waiting.setdefault(run_dir, merging.wish._replace(alone=True))
        elif merging.runs[0].path.exists():
            note(merging.runs[0].recorder_log, f"the merge was ended by signal {number}")

    def _start(self, runs: list[RunDir], wish: _Wish) -> None:
        options = ["--if-many"] if wish.if_many else []
        command = spawn.command("merge", *options, *(str(run_dir.path) for run_dir in runs))
        try:
            process = spawn.start(command, stdin=subprocess.DEVNULL)
        except OSError as error:
            for run_dir in runs:
                note(run_dir.recorder_log, f"no merge could be started: {error}")
        else:
            self._merging = _Merging(runs, wish, process)
