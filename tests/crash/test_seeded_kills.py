"""Processes that log, seal and merge are killed at seeded moments and at every named point."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack._attempts import CellInfo
from nbtrack._run import Run
from nbtrack.recorder.recover import recover
from nbtrack.store import faults, seal
from nbtrack.store import merge as merge_module
from nbtrack.store.faults import JOURNAL_POINTS, MERGE_POINTS, SEAL_POINTS
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.schema import Media, Sample
from tests.crash.phases import PHASES, watch
from tests.crash.processes import SharedCounter, fork, join
from tests.journals import KINDS, Kind, new_run, view, wait_until

SHARE, ALL = 30, 1000
POINTS = (*JOURNAL_POINTS, *SEAL_POINTS, *MERGE_POINTS)
# The smallest that there can be: segments change all the time.
QUOTA = 1 << 20
PAD = "x" * 100


def begin(store: Path, journal: Kind) -> Run:
    """A run with something for each of its tables."""
    run = new_run(store, "run", journal=journal, journal_quota=QUOTA)
    run.begin_attempt(CellInfo(cell_id="a", execution_count=1, source="train()"))
    return run


def log(run: Run, i: int, counter: SharedCounter) -> None:
    run.log({"i": i, "loss": 1 / (i + 1), "pad": PAD})
    counter.set(i + 1)
    if i % 500 == 0:
        run.console.write(None, "stdout", f"epoch {i}\n")
        run._journal.append(Sample(run._next_seq(), now(), {"cpu.percent": 1.0}))
        note = {"text": f"epoch {i}"}
        run._journal.append(Media(run._next_seq(), now(), 1, i, "note", 0, "text", None, 8, note))
        cell = CellInfo(cell_id="b", execution_count=i, source="look()")
        run.begin_cell(cell)
        run.end_cell(cell, "finished", None)


def log_on(store: Path, journal: Kind, counter: SharedCounter, phase: SharedCounter) -> None:
    watch(phase)
    run = begin(store, journal)
    i = 0
    while True:
        log(run, i, counter)
        i += 1


def seal_on(store: Path, phase: SharedCounter) -> None:
    """Seal and merge as soon as there is anything."""
    watch(phase)
    phase.set(PHASES.index("between"))
    run_dir = Store(store).run("run")
    while True:
        if run_dir.path.exists():
            for name in run_dir.segments():
                seal.seal(run_dir, name)
            if len(run_dir.sealed_sets()) > 2:
                merge_module.merge(run_dir)


def values(run_dir: RunDir) -> list[int]:
    return [int(value) for value in view(run_dir).history("i")["value"]]


def check(run_dir: RunDir, acknowledged: int, where: object) -> int:
    """Every acknowledged row is there once, and at most the one that was about to be."""
    found = values(run_dir)
    assert found == list(range(len(found))), where
    assert len(found) - acknowledged in (0, 1), where
    read = view(run_dir)
    assert (read.state, read.damage, read.dropped_rows) == ("crashed", [], 0), where
    assert read.rows == len(found), where
    return len(found)


def check_recovery(store: Path, acknowledged: int, where: object) -> None:
    (run_dir,) = Store(store).run_dirs()
    kept = check(run_dir, acknowledged, where)
    assert [recovery.problem for recovery in recover(Store(store))] in ([], [None]), where
    assert run_dir.segments() == [], where
    assert check(run_dir, acknowledged, where) == kept, where
    files = sorted(path for path in run_dir.path.rglob("*"))
    assert recover(Store(store)) == [], where
    assert sorted(path for path in run_dir.path.rglob("*")) == files, where
    assert run_dir.session.exists(), where
    assert run_dir.output_log.exists(), where


@pytest.mark.parametrize(
    "kills", [SHARE, pytest.param(ALL, marks=[pytest.mark.full, pytest.mark.timeout(3600)])]
)
def test_at_seeded_moments(
    tmp_path: Path, kills: int, record_property: Callable[[str, object], None]
) -> None:
    histogram: Counter[str] = Counter()
    for seed in range(kills):
        source = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        counter, writing, sealing = (SharedCounter(folder / name) for name in "cws")
        store, journal = folder / "store", source.choice(KINDS)
        writer = fork(lambda: log_on(store, journal, counter, writing))  # noqa: B023
        sealer = fork(lambda: seal_on(store, sealing))  # noqa: B023
        enough = source.randrange(1, 12_000)
        wait_until(lambda: counter.get() >= enough)  # noqa: B023
        for pid in source.sample((writer, sealer), 2):
            os.kill(pid, signal.SIGKILL)
        assert (join(writer), join(sealer)) == (-signal.SIGKILL, -signal.SIGKILL)
        histogram[PHASES[writing.get()]] += 1
        histogram[PHASES[sealing.get()]] += 1
        check_recovery(store, counter.get(), seed)
    record_property("phases hit", dict(histogram))
    print(*(f"{count:6} {phase}" for phase, count in histogram.most_common()), sep="\n")  # noqa: T201
    assert histogram["appending"]
    if kills == ALL:
        assert set(histogram) == set(PHASES), histogram


def die_at(point: str, store: Path, journal: Kind, counter: SharedCounter) -> None:
    """Log, seal and merge, until the point is passed."""
    os.environ["NBTRACK_FAULT"] = point
    faults._armed.cache_clear()
    run = begin(store, journal)
    run_dir = RunDir(run.path)
    i = 0
    while True:
        for _ in range(2000):
            log(run, i, counter)
            i += 1
        if not point.startswith(JOURNAL_POINTS):
            for name in run_dir.segments():
                seal.seal(run_dir, name)
            merge_module.merge(run_dir)


@pytest.mark.parametrize(
    "repetitions", [1, pytest.param(20, marks=[pytest.mark.full, pytest.mark.timeout(1800)])]
)
@pytest.mark.parametrize("point", POINTS)
def test_at_every_point(tmp_path: Path, point: str, repetitions: int) -> None:
    for repetition in range(repetitions):
        folder = tmp_path / str(repetition)
        folder.mkdir()
        counter = SharedCounter(folder / "counter")
        times = 1 + repetition % 3 if point.startswith(JOURNAL_POINTS) else 1 + repetition % 2
        store, where = folder / "store", f"{point}:{times}"
        journal = KINDS[repetition % 2]
        pid = fork(lambda: die_at(where, store, journal, counter))  # noqa: B023
        assert join(pid, 120) == -signal.SIGKILL, where
        if not list(Store(store).run_dirs()) or not view(Store(store).run("run")).attempts:
            assert counter.get() == 0
            continue  # it had not begun
        check_recovery(store, counter.get(), where)


def make_orphan(store: Path, id: str, rows: int) -> None:
    """A run whose process is killed."""

    def work() -> None:
        run = new_run(store, id, journal_quota=QUOTA)
        run.begin_attempt(CellInfo(cell_id="a", execution_count=1, source="train()"))
        for i in range(rows):
            run.log({"i": i, "pad": PAD})
        os.kill(os.getpid(), signal.SIGKILL)

    assert join(fork(work)) == -signal.SIGKILL


def test_several_recoveries_at_once(tmp_path: Path) -> None:
    store = tmp_path / "store"
    orphans = {f"run-{n}": 1000 * n + 1 for n in range(5)}
    for id, rows in orphans.items():
        make_orphan(store, id, rows)
    barrier = SharedCounter(tmp_path / "barrier")

    def work() -> None:
        wait_until(lambda: barrier.get())
        assert all(recovery.problem is None for recovery in recover(Store(store)))

    pids = [fork(work) for _ in range(4)]
    barrier.set(1)
    assert [join(pid, 120) for pid in pids] == [0] * 4
    for id, rows in orphans.items():
        run_dir = Store(store).run(id)
        assert run_dir.segments() == []
        assert check(run_dir, rows, id) == rows
    assert recover(Store(store)) == []


@pytest.mark.parametrize("point", [point for point in POINTS if "system" not in point])
def test_a_recovery_that_is_killed(tmp_path: Path, point: str) -> None:
    store = tmp_path / "store"
    make_orphan(store, "run", 3000)

    def work() -> None:
        os.environ["NBTRACK_FAULT"] = point
        faults._armed.cache_clear()
        recover(Store(store))

    assert join(fork(work), 120) in (0, -signal.SIGKILL)
    run_dir = Store(store).run("run")
    assert check(run_dir, 3000, point) == 3000
    assert all(recovery.problem is None for recovery in recover(Store(store)))
    assert check(run_dir, 3000, point) == 3000
    assert [name for name in run_dir.segments() if name.writer.startswith("o")] == []
