"""Real owners with real recorders."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import psutil
import pytest

import nbtrack
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.schema import Change, Record
from nbtrack.store.tail import SegmentTail
from nbtrack.store.view import RunView

SCRIPT = Path(__file__).with_name("owner.py")
ROOT = Path(nbtrack.__file__).parent.parent


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
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
        record
        for record in records(run_dir)
        if isinstance(record, Change) and record.kind == kind
    ]


class Owner:
    """A process of ``owner.py`` under the control of a test."""

    def __init__(self, process: subprocess.Popen[str], store: Store) -> None:
        self.process = process
        self.store = store

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
        return int(self("open", run))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, code: int = 0) -> None:
        """Have it end by itself with a status."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"exit {code}\n")
        self.process.stdin.flush()

    def run_dir(self, run: str = "one") -> RunDir:
        return self.store.run(run)

    def view(self, run: str = "one") -> RunView:
        return RunView(self.run_dir(run))


class StartOwner(Protocol):
    def __call__(self, **variables: str) -> Owner: ...


@pytest.fixture
def start_owner(tmp_path: Path) -> Iterator[StartOwner]:
    """Starts owners; afterwards they and their recorders are gone."""
    started: list[Owner] = []

    def start(**variables: str) -> Owner:
        environment = {**os.environ, "PYTHONWARNINGS": "error", **variables}
        environment["PYTHONPATH"] = os.pathsep.join(
            path for path in (variables.get("PYTHONPATH"), str(ROOT)) if path
        )
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(tmp_path / "store")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        owner = Owner(process, Store(tmp_path / "store"))
        started.append(owner)
        return owner

    yield start
    for owner in started:
        tree = []
        with contextlib.suppress(psutil.NoSuchProcess):
            tree = psutil.Process(owner.process.pid).children(recursive=True)
        owner.process.kill()
        owner.process.communicate()
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture
def owner(start_owner: StartOwner) -> Owner:
    """An owner with the settings' defaults."""
    return start_owner()
