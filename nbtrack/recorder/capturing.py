"""Has the code of runs looked at, by one process at a time, for as many runs as wait by then.

git may take its time with a large checkout, and the recorder is to stay small.
"""

from __future__ import annotations

import subprocess

from .._settings import Settings
from ..store.layout import RunDir
from . import spawn
from .notes import note

_AT_ONCE = 50


class CaptureQueue:
    """Runs whose code waits to be looked at, and the process that looks."""

    def __init__(self) -> None:
        self._waiting: list[tuple[RunDir, list[str]]] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def busy(self) -> bool:
        return self._process is not None or bool(self._waiting)

    def add(self, run_dir: RunDir, settings: Settings) -> None:
        """Look at the code of a run that begins."""
        options = [
            "--limit",
            str(settings.code_limit),
            *["--no-mask"] * (not settings.mask_secrets),
        ]
        self._waiting.append((run_dir, options))

    def poll(self) -> None:
        """See whether the process has ended, and start the next. Never waits."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        while self._waiting and self._process is None:
            _, options = self._waiting[0]
            chosen = [item for item in self._waiting if item[1] == options][:_AT_ONCE]
            self._waiting = [item for item in self._waiting if item not in chosen]
            runs = [run_dir for run_dir, _ in chosen if run_dir.path.exists()]
            if runs:
                self._start(runs, options)

    def _start(self, runs: list[RunDir], options: list[str]) -> None:
        command = spawn.command("code", *options, *(str(run_dir.path) for run_dir in runs))
        try:
            self._process = spawn.start(command, stdin=subprocess.DEVNULL)
        except OSError as error:
            for run_dir in runs:
                note(run_dir.recorder_log, f"the code could not be looked at: {error}")
