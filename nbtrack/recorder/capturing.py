"""Has the code of runs looked at, one run at a time, each by a process of its own.

git may take its time with a large checkout, and the recorder is to stay small.
"""

from __future__ import annotations

import subprocess

from .._settings import Settings
from ..store.layout import RunDir
from . import spawn
from .notes import note


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
            run_dir, options = self._waiting.pop(0)
            if run_dir.path.exists():
                self._start(run_dir, options)

    def _start(self, run_dir: RunDir, options: list[str]) -> None:
        command = spawn.command("code", *options, str(run_dir.path))
        try:
            self._process = spawn.start(command, stdin=subprocess.DEVNULL)
        except OSError as error:
            note(run_dir.recorder_log, f"the code could not be looked at: {error}")
