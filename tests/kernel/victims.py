"""Kernels and notebooks that log, at first as fast as they can, to be ended by a test.

The rows that ``log()`` has returned from are counted by the cell itself, in memory that the test
shares with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
import pytest

import nbtrack
from nbtrack import RunView
from tests.crash.processes import SharedCounter
from tests.kernel.kernels import Kernel, wait_until

LOAD = "%load_ext nbtrack\nimport nbtrack"
ENDLESS = 10**12
MANY = 20_000

CELL = """\
%%track
import ctypes, mmap, os, signal, struct, subprocess, sys, time
with open({counter!r}, "r+b") as file:
    acknowledged = mmap.mmap(file.fileno(), 8)
{before}
for i in range({rows}):
    nbtrack.log({{"i": i, "loss": 1 / (i + 1)}})
    acknowledged[:] = struct.pack("<q", i + 1)
    if i >= {many} and i % 16 == 0:
        time.sleep(0.001)  # who is waited for is no flood that no reader keeps up with
{after}
"""


class Case(NamedTuple):
    """What came of one way of dying.

    Attributes:
        store: Where the run is.
        counter: Counts the rows that were acknowledged.
        died: When, in seconds of the monotonic clock.
        before: The state that a reader gave while it lived; None where nobody could look.
        alive: It lives on.
    """

    store: Path
    counter: SharedCounter
    died: float
    before: str | None
    alive: bool = False

    def run(self) -> RunView:
        """The run, read anew."""
        (run,) = nbtrack.runs(dir=self.store)
        return run


class Victim:
    """A kernel that logs."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.counter = SharedCounter(kernel.folder / "acknowledged")
        self.recorder = 0
        self.before: str | None = None

    def log(self, rows: int = ENDLESS, *, before: str = "", after: str = "") -> None:
        """Begin to log, and wait until there are many rows."""
        self.kernel.run(LOAD)
        self.kernel.run("'the run begins here'")
        # One that is not there yet cannot know how its kernel dies.
        journals = (self.kernel.store / "runs").glob
        wait_until(lambda: list(journals("*/journal/r*.seg")), "the recorder to be at work")
        self.kernel.start(self.cell(rows, before=before, after=after))
        wait_until(lambda: self.counter.get() >= min(rows, MANY), "rows")
        if rows == ENDLESS:
            self.recorder = self.find_recorder()
            self.before = self.kernel.only_run().state

    def cell(self, rows: int, *, before: str = "", after: str = "") -> str:
        path = str(self.kernel.folder / "acknowledged")
        return CELL.format(counter=path, rows=rows, many=MANY, before=before, after=after)

    def find_recorder(self) -> int:
        """The recorder's process; 0 if the kernel is gone."""
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.kernel.pid).children():
                with contextlib.suppress(psutil.Error):
                    if any("nbtrack.recorder" in word for word in child.cmdline()):
                        return int(child.pid)
        return 0

    def send(self, number: signal.Signals) -> Case:
        """A signal that ends it."""
        os.kill(self.kernel.pid, number)
        return self.dead()

    def dead(self, *, alive: bool = False) -> Case:
        """It has died by now, or does so soon."""
        if not alive:
            wait_until(lambda: not self.kernel.manager.is_alive(), "the kernel to be gone")
        return Case(self.kernel.store, self.counter, time.monotonic(), self.before, alive)


@contextlib.contextmanager
def victim(folder: Path, **environ: str) -> Iterator[Victim]:
    with Kernel(folder, **environ) as kernel:
        yield Victim(kernel)


@contextlib.contextmanager
def memory_group(limit: int) -> Iterator[Path]:
    """A control group with so much memory, where this process may make one. Its list of pids."""
    top = Path("/sys/fs/cgroup")
    version_1 = (top / "memory").is_dir()
    group = (top / "memory" if version_1 else top) / f"nbtrack-test-{os.getpid()}"
    try:
        group.mkdir()
        name = "memory.limit_in_bytes" if version_1 else "memory.max"
        (group / name).write_text(str(limit))
        with contextlib.suppress(OSError):
            swap = "memory.memsw.limit_in_bytes" if version_1 else "memory.swap.max"
            (group / swap).write_text(str(limit if version_1 else 0))
    except OSError as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        pytest.skip(f"no control group with a limit can be made here: {error}")
    try:
        yield group / "cgroup.procs"
    finally:
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not (group / "cgroup.procs").read_text(), "the group to be empty")
        with contextlib.suppress(OSError):
            group.rmdir()


def write_notebook(folder: Path, after: str) -> tuple[SharedCounter, nbformat.NotebookNode]:
    path = str(folder / "acknowledged")
    cell = CELL.format(counter=path, rows=MANY, many=MANY, before="", after=after)
    cells = [nbformat.v4.new_code_cell(source) for source in (LOAD, cell)]
    written: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=cells)
    written.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(written, folder / "notebook.ipynb")
    return SharedCounter(folder / "acknowledged"), written
