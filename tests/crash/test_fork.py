"""Forked children that log to their parent's run."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

import nbtrack
from nbtrack._attempts import CellInfo
from nbtrack._errors import RunFinishedError
from nbtrack._run import Run
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Row
from nbtrack.store.seal import seal_run
from tests.crash.processes import SharedCounter, fork, join, run_python
from tests.journals import KINDS, Kind, cells, logged, new_run, read_journal, view, wait_until

# Python 3.12 on warns of a fork beside threads, which is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")

CELL = CellInfo(cell_id="c", execution_count=1, source="fork()")
MANY = 6000


def log_range(run: Run, values: range) -> None:
    for i in values:
        run.log({"i": i, "pad": "x" * 20})


def writers(run: Run) -> dict[str, list[int]]:
    """The values of each writer, in the order of its records."""
    found: dict[str, list[int]] = {}
    records, damage = read_journal(RunDir(run.path))
    assert not damage
    for writer, record in records:
        if isinstance(record, Row):
            found.setdefault(writer, []).append(record.data["i"])
    return found


@pytest.mark.parametrize("journal", KINDS)
def test_both_sides_log_on(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    run.begin_attempt(CELL)
    log_range(run, range(100))
    pid = fork(lambda: log_range(run, range(MANY, 2 * MANY)))
    log_range(run, range(100, MANY))
    assert join(pid) == 0
    run.end_attempt("finished", None)
    run.finish()
    parent, child = sorted(writers(run).items())
    assert parent[0].startswith("o")
    assert child[0].startswith("w")
    assert parent[1] == list(range(MANY))
    assert child[1] == list(range(MANY, 2 * MANY))
    read = view(run)
    assert read.state == "finished"
    assert [attempt.rows for attempt in read.attempts] == [2 * MANY]
    before = cells(RunDir(run.path))
    assert len(seal_run(RunDir(run.path))) >= 4
    assert cells(RunDir(run.path)) == before


@pytest.mark.parametrize("journal", KINDS)
def test_a_fork_before_the_first_row(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    pid = fork(lambda: log_range(run, range(10)))
    assert join(pid) == 0
    log_range(run, range(10, 20))
    run.finish()
    assert sorted(writers(run).values()) == [list(range(10)), list(range(10, 20))]


@pytest.mark.parametrize("journal", KINDS)
def test_a_fork_while_threads_log(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    stop = threading.Event()
    counts = [0] * 4

    def work(number: int) -> None:
        while not stop.is_set():
            run.log({"i": counts[number] * 4 + number, "pad": "x" * 200})
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    children = []
    for child in range(8):
        enough = sum(counts) + 500
        wait_until(lambda enough=enough: sum(counts) > enough)  # type: ignore[misc]
        start = 10**6 * (child + 1)
        children.append(fork(lambda s=start: log_range(run, range(s, s + 300))))  # type: ignore[misc]
    for pid in children:
        assert join(pid) == 0
    stop.set()
    for thread in threads:
        thread.join(60)
    run.finish()
    found = writers(run)
    assert len(found) == 9
    expected = [n + 4 * k for n in range(4) for k in range(counts[n])]
    expected += [10**6 * (c + 1) + k for c in range(8) for k in range(300)]
    assert sorted(itertools.chain.from_iterable(found.values())) == sorted(expected)


def test_children_of_children(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")

    def child() -> None:
        run.log({"i": 1})
        assert join(fork(lambda: run.log({"i": 2}))) == 0
        run.log({"i": 3})

    run.log({"i": 0})
    assert join(fork(child)) == 0
    run.finish()
    assert sorted(writers(run).values()) == [[0], [1, 3], [2]]


def test_a_child_ends_its_own_part_only(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.begin_attempt(CELL)
    run.log({"i": 0})

    def child() -> None:
        run.log({"i": 1})
        run.finish()
        with pytest.raises(RunFinishedError):
            run.log({"i": 2})

    assert join(fork(child)) == 0
    assert view(run).state == "running"
    run.log({"i": 3})
    run.end_attempt("finished", None)
    run.finish()
    assert view(run).state == "finished"
    assert sorted(logged(RunDir(run.path))) == [0, 1, 3]


def test_a_child_that_raises_does_not_end_the_run(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")

    def child() -> None:
        with run:
            run.log({"i": 1})

    run.log({"i": 0})
    assert join(fork(child)) == 0
    assert view(run).state == "running"
    run.finish()


def test_a_finished_run_stays_finished_in_a_child(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.log({"i": 0})
    run.finish()

    def child() -> None:
        with pytest.raises(RunFinishedError):
            run.log({"i": 1})

    assert join(fork(child)) == 0
    assert logged(RunDir(run.path)) == [0]


@pytest.mark.parametrize("journal", KINDS)
def test_a_killed_child_loses_no_acknowledged_row(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    counter = SharedCounter(tmp_path / "counter")

    def child() -> None:
        i = 0
        while True:
            run.log({"i": i, "pad": "x" * 30})
            i += 1
            counter.set(i)

    pid = fork(child)
    wait_until(lambda: counter.get() > 5000)
    os.kill(pid, signal.SIGKILL)
    assert join(pid) == -signal.SIGKILL
    run.log({"i": "parent"})
    run.finish()
    values = next(v for w, v in writers(run).items() if w.startswith("w"))
    assert len(values) - counter.get() in (0, 1)
    assert values == list(range(len(values)))
    assert view(run).state == "finished"
    before = cells(RunDir(run.path))
    seal_run(RunDir(run.path))
    assert RunDir(run.path).segments() == []
    assert cells(RunDir(run.path)) == before


POOL = """
import multiprocessing, os, sys
import nbtrack

def work(i):
    nbtrack.log({"i": i, "pid": os.getpid()})
    return i

if __name__ == "__main__":
    nbtrack.init(id="pool")
    nbtrack.log({"i": -1, "pid": 0})
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert pool.map(work, range(2000), chunksize=7) == list(range(2000))
    nbtrack.log({"i": -2, "pid": 0})
"""


def test_a_pool_of_workers(tmp_path: Path) -> None:
    run_python(POOL, NBTRACK_DIR=str(tmp_path / "store"))
    read = nbtrack.open_run("pool", dir=tmp_path / "store")
    values = read.history("i")["value"]
    assert sorted(values) == list(range(-2, 2000))
    assert read.rows == 2002
    assert read.state == "finished"
    records, _ = read_journal(RunDir(read.path))
    pids = {(w, r.data["pid"]) for w, r in records if isinstance(r, Row)}
    assert len({writer for writer, _ in pids}) == len(pids) > 1


def test_a_pool_in_this_process(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=log_range, args=(run, range(n * 500, (n + 1) * 500)))
        for n in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    run.finish()
    assert sorted(logged(RunDir(run.path))) == list(range(2000))


def test_a_child_reads_runs_although_its_parent_did(tmp_path: Path) -> None:
    sealed = new_run(tmp_path / "store", "sealed")
    log_range(sealed, range(300_000))
    sealed.finish()
    seal_run(RunDir(sealed.path))
    assert len(view(sealed).history()) == 300_000
    run = new_run(tmp_path / "store")
    run.log({"i": 5})
    assert run.summary["i"] == 5

    def child() -> None:
        run.log({"i": 6})
        assert run.summary["i"] == 6
        assert len(view(run).history("i")) == 2
        assert len(view(sealed).history()) == 300_000

    assert join(fork(child)) == 0
    assert run.summary["i"] == 6
    run.finish()
