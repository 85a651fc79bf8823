"""Real owners with real recorders, and what a test asks about them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

import psutil

from nbtrack.store.layout import RunDir, Store
from nbtrack.store.schema import Change, Record
from nbtrack.store.tail import SegmentTail
from nbtrack.store.view import RunView


def wait_for(condition: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    """Return as soon as ``condition`` holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def records(run_dir: RunDir, role: str | None = None) -> list[Record]:
    """The records in the journal now, of writers of one role."""
    found: list[Record] = []
    for name in run_dir.segments():
        tail = SegmentTail(run_dir.segment(name), name)
        with contextlib.suppress(FileNotFoundError):
            read = tail.read()
            if tail.info is not None and role in (None, tail.info.role):
                found += read
    return found


def changes(run_dir: RunDir, kind: str) -> list[Change]:
    return [
        record for record in records(run_dir) if isinstance(record, Change) and record.kind == kind
    ]


class Owner:
    """A process of ``owner.py`` under the control of a test."""

    def __init__(self, process: subprocess.Popen[str], store: Store) -> None:
        self.process = process
        self.store = store
        self._recorders: set[int] = set()

    def __call__(self, *command: object) -> str:
        """Give a command; returns the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(map(str, command)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the owner died of {command}"
        return answer.strip()

    def open(self, run: str = "one") -> int:
        """Begin a run; returns the recorder's pid."""
        return self._noted(self("open", run))

    def ensure(self, run: str = "one") -> int:
        """See to a recorder; returns its pid."""
        return self._noted(self("ensure", run))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, code: int = 0) -> None:
        """Have it end by itself with a status."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"exit {code}\n")
        self.process.stdin.flush()

    def close(self) -> None:
        """Kill it with its forked children and its recorders."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        for pid in self._recorders:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if "nbtrack.recorder" in " ".join(process.cmdline()):
                    process.kill()

    def _noted(self, answer: str) -> int:
        pid = int(answer)
        self._recorders.add(pid)
        return pid

    def run_dir(self, run: str = "one") -> RunDir:
        return self.store.run(run)

    def view(self, run: str = "one") -> RunView:
        return RunView(self.run_dir(run))


class StartOwner(Protocol):
    def __call__(self, **variables: str) -> Owner: ...
