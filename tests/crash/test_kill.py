"""``kill -9`` while a process logs as fast as it can: every acknowledged row is read."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

import nbtrack
from nbtrack._attempts import CellInfo
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from tests.crash.processes import SharedCounter, fork, join, python
from tests.journals import KINDS, Kind, logged, new_run, view, wait_until

CELL = CellInfo(name="train.py")

SCRIPT = """
import struct, sys, mmap
import nbtrack

with open(sys.argv[1], "r+b") as file:
    counter = mmap.mmap(file.fileno(), 8)
nbtrack.init(id="run")
i = 0
while True:
    nbtrack.log({"i": i, "loss": 1 / (i + 1), "text": "abc"})
    i += 1
    counter[:8] = struct.pack("<q", i)
"""


def check(run_dir: RunDir, acknowledged: int) -> None:
    """Every acknowledged row once, and at most the one that was being acknowledged beside them."""
    found = logged(run_dir)
    assert found == list(range(len(found)))
    assert len(found) - acknowledged in (0, 1)
    read = view(run_dir)
    assert read.state == "crashed"
    assert "died" in read.reason or "killed" in read.reason
    assert read.rows == len(found)
    assert read.damage == []
    assert read.attempts[0].state == "crashed"
    assert read.ended_at is not None


def check_sealed(run_dir: RunDir, acknowledged: int) -> None:
    seal_run(run_dir)
    assert run_dir.segments() == []
    merge(run_dir)
    values = sorted(view(run_dir).history("i")["value"])
    assert values == list(range(len(values)))
    assert len(values) - acknowledged in (0, 1)
    assert view(run_dir).state == "crashed"


@pytest.mark.parametrize("journal", KINDS)
def test_at_random_moments(tmp_path: Path, journal: Kind) -> None:
    source = random.Random(30)
    for repetition in range(20):
        folder = tmp_path / str(repetition)
        folder.mkdir()
        counter = SharedCounter(folder / "counter")

        def work(folder: Path = folder, counter: SharedCounter = counter) -> None:
            run = new_run(folder / "store", "run", journal=journal)
            run.begin_attempt(CELL)
            i = 0
            while True:
                run.log({"i": i, "loss": 1 / (i + 1), "text": "abc"})
                i += 1
                counter.set(i)

        enough = source.randrange(1, 20_000)
        pid = fork(work)
        wait_until(lambda: counter.get() >= enough)  # noqa: B023 - called here only
        os.kill(pid, signal.SIGKILL)
        assert join(pid) == -signal.SIGKILL
        run_dir = Store(folder / "store").run("run")
        check(run_dir, counter.get())
        if repetition % 5 == 0:
            check_sealed(run_dir, counter.get())


@pytest.mark.parametrize("recorder", ["off", "process"])
def test_a_script_that_is_killed(tmp_path: Path, recorder: str) -> None:
    for repetition in range(2):
        counter = SharedCounter(tmp_path / f"counter {repetition}")
        store = tmp_path / f"store {repetition}"
        process = python(
            SCRIPT,
            str(tmp_path / f"counter {repetition}"),
            NBTRACK_DIR=str(store),
            NBTRACK_RECORDER=recorder,
        )
        wait_until(lambda: counter.get() > 3000 * (repetition + 1))  # noqa: B023
        process.kill()
        run_dir = Store(store).run("run")
        if recorder == "process":
            # It seals and merges what is left. A dead process keeps its status until it is waited
            # for, so the recorder knows how it ended.
            wait_until(lambda: run_dir.manifest.exists() and not run_dir.segments(), 60)  # noqa: B023
            process.communicate()
            killed = "died in -c: killed by SIGKILL, sender unknown"
            assert nbtrack.open_run("run", dir=store).reason == killed
        process.communicate()
        read = nbtrack.open_run("run", dir=store)
        acknowledged = counter.get()
        assert read.state == "crashed"
        values = sorted(read.history("i")["value"])
        assert values == list(range(len(values)))
        assert len(values) - acknowledged in (0, 1)


def test_killed_before_the_first_row(tmp_path: Path) -> None:
    def work() -> None:
        run = new_run(tmp_path / "store", "run")
        run.begin_attempt(CELL)
        os.kill(os.getpid(), signal.SIGKILL)

    assert join(fork(work)) == -signal.SIGKILL
    run_dir = Store(tmp_path / "store").run("run")
    assert view(run_dir).state == "crashed"
    assert view(run_dir).rows == 0
    seal_run(run_dir)
    assert run_dir.segments() == []
    assert view(run_dir).state == "crashed"


def test_killed_between_two_cells(tmp_path: Path) -> None:
    def work() -> None:
        run = new_run(tmp_path / "store", "run")
        run.begin_attempt(CELL)
        run.log({"i": 0})
        run.end_attempt("finished", None)
        run.log({"i": 1})
        os.kill(os.getpid(), signal.SIGKILL)

    assert join(fork(work)) == -signal.SIGKILL
    run_dir = Store(tmp_path / "store").run("run")
    read = view(run_dir)
    assert (read.state, read.reason) == ("finished", "died while idle: cause unknown")
    assert logged(run_dir) == [0, 1]


def test_nothing_prepared_is_left_of_a_dead_writer(tmp_path: Path) -> None:
    def work() -> None:
        run = new_run(tmp_path / "store", "run", journal="mmap")
        run.log({"i": 0})
        wait_until(lambda: run._journal._prepared is not None)
        os._exit(0)

    assert join(fork(work)) == 0
    run_dir = Store(tmp_path / "store").run("run")
    assert any(path.suffix == ".tmp" for path in run_dir.journal.iterdir())
    seal_run(run_dir)
    assert list(run_dir.journal.iterdir()) == []
    assert view(run_dir).rows == 1
