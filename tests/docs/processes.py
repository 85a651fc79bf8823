"""Processes of ``recording.py``, whose runs are held against ``docs/format.md``."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbtrack
from nbtrack.store.view import RunView

PAGE = "docs/format.md"
RECORDING = Path(__file__).with_name("recording.py")

Start = Callable[..., "Recording"]


def view_of(run: Path) -> RunView:
    return nbtrack.open_run(run.name, dir=run.parents[1])


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within a minute"
        time.sleep(0.02)


class Recording:
    """A process of ``recording.py``, which lives until it is told to end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.run = Path(process.stdout.readline().strip())

    def end(self) -> Path:
        """Let it raise its exception. Returns the run's directory."""
        self._process.communicate(timeout=180)
        assert self._process.returncode == 1
        return self.run


@contextlib.contextmanager
def recordings(store: Path) -> Iterator[Start]:
    """Starts recordings of so many rows in a store, with these variables."""
    with contextlib.ExitStack() as processes:

        def start(rows: int, **variables: str) -> Recording:
            process = subprocess.Popen(
                [sys.executable, str(RECORDING), str(rows)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "NBTRACK_DIR": str(store), **variables},
            )
            return Recording(processes.enter_context(process))

        yield start
