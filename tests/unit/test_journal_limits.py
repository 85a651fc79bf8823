"""A writer's journal at its limits: the quota, a full disk, and what waits in memory."""

from __future__ import annotations

import resource
import threading
import warnings
from collections import Counter
from pathlib import Path

import pytest

from nbtrack._attempts import CellInfo
from nbtrack._errors import NbtrackWarning
from nbtrack.store.backlog import BACKLOG_BYTES
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Change, Sample
from nbtrack.store.seal import seal_run
from nbtrack.store.segment import create_segment
from tests.crash.processes import fork, join
from tests.journals import (
    KINDS,
    Kind,
    append_rows,
    cells,
    logged,
    new_journal,
    new_run,
    new_run_dir,
    read_journal,
    settings,
    view,
    wait_until,
)

CELL = CellInfo(cell_id="c", execution_count=1, source="log()")
QUOTA = 1 << 20


@pytest.mark.parametrize("journal", KINDS)
def test_at_the_quota_rows_are_dropped_and_counted_and_nothing_else(
    tmp_path: Path, journal: Kind
) -> None:
    run = new_run(tmp_path / "store", journal=journal, journal_quota=QUOTA, overflow="drop")
    run.begin_attempt(CELL)

    def work() -> None:
        for i in range(30_000):
            run.log({"i": i, "pad": "x" * 90})
            if i % 10_000 == 0:
                run.config[f"at {i}"] = i

    with pytest.warns(NbtrackWarning) as told:
        work()
    assert len(told) == 1
    assert "rows are dropped and counted" in str(told[0].message)
    run.end_attempt("finished", None)
    run.finish()
    read = view(run)
    values = logged(RunDir(run.path))
    assert 5_000 < len(values) < 25_000
    assert values[:5_000] == list(range(5_000))
    assert read.rows == len(values)
    assert read.rows + read.dropped_rows == 30_000
    assert (read.state, read.reason) == ("finished", "finish() was called")
    assert [attempt.state for attempt in read.attempts] == ["finished"]
    assert read.config == {f"at {i}": i for i in range(0, 30_000, 10_000)}
    # What is there is measured beside the loop that logs, after each change of segments.
    used = sum(path.stat().st_size for path in RunDir(run.path).journal.iterdir())
    assert used < 2 * QUOTA


def test_rows_are_kept_again_once_there_is_room(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", journal="mmap", journal_quota=QUOTA, overflow="drop")
    run_dir = RunDir(run.path)
    pad = "x" * 1000

    def log_until_dropped() -> None:
        while not run._journal.dropped:
            run.log({"i": -1, "pad": pad})

    with pytest.warns(NbtrackWarning, match="dropped"):
        log_until_dropped()

    def is_kept(value: int) -> bool:
        seal_run(run_dir)  # as the recorder does
        before = run._journal.dropped
        run.log({"i": value, "pad": pad})
        return run._journal.dropped == before

    wait_until(lambda: is_kept(1))
    dropped = run._journal.dropped
    assert is_kept(2)
    run.finish()
    read = view(run)
    assert {1, 2} <= set(read.history("i")["value"])
    assert read.dropped_rows == dropped


def test_without_a_recorder_nobody_waits_at_the_quota(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", journal="mmap", journal_quota=QUOTA)
    for i in range(40_000):
        run.log({"i": i, "pad": "x" * 90})
    run.finish()
    # The numbers of segments are in the order of their records, whoever made them ready.
    assert logged(RunDir(run.path)) == list(range(40_000))
    assert view(run).dropped_rows == 0


def test_rows_wait_at_the_quota_for_who_seals(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    first = new_journal(run_dir)
    told: list[str] = []
    made = Journal(
        run_dir,
        first.info,
        settings(tmp_path / "store", journal="mmap", journal_quota=QUOTA),
        recorder_alive=lambda: True,
        tell=told.append,
    )
    largest = 0
    stop = threading.Event()

    def keep_sealing() -> None:
        nonlocal largest
        while not stop.is_set():
            if told:
                seal_run(run_dir)
            used = [run_dir.segment(name) for name in run_dir.segments()]
            largest = max(largest, sum(path.stat().st_size for path in used if path.exists()))

    thread = threading.Thread(target=keep_sealing)
    thread.start()
    try:
        append_rows(made, [f"{i:01000d}" for i in range(12_000)])
    finally:
        stop.set()
        thread.join()
    made.close()
    assert told == ["the journal's quota is reached; log() waits for the recorder"]
    assert made.dropped == 0
    assert largest < 2 * QUOTA
    counts = Counter(int(cell.text or -1) for cell in cells(run_dir))
    assert counts == dict.fromkeys(range(12_000), 1)


def test_what_is_told_once_is_a_warning_that_shows_the_persons_line(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", journal="mmap", journal_quota=QUOTA, overflow="drop")

    def log_until_told() -> None:
        while not run._journal.dropped:
            run.log({"pad": "x" * 100_000})

    with pytest.warns(NbtrackWarning) as told:
        log_until_told()
    assert [Path(warning.filename).name for warning in told] == [Path(__file__).name]
    run.finish()


@pytest.mark.parametrize("journal", KINDS)
def test_a_limit_on_the_size_of_files(tmp_path: Path, journal: Kind) -> None:
    """Like a full disk, but nobody has to mount one: rows wait, and are written later."""

    def child() -> None:
        run = new_run(tmp_path / "store", "run", journal=journal)
        wait_until(lambda: not run._journal._keeping_house)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, hard))

        def work() -> None:
            for i in range(8000):
                run.log({"i": i, "pad": "x" * 50})
                # As on a machine so slow that it is tried again and again meanwhile, and the system
                # gives one reason and then another.
                run._journal._retry_at = 0.0 if i % 100 == 0 else run._journal._retry_at

        with pytest.warns(NbtrackWarning) as told:
            work()
        assert len(told) == 1
        assert "cannot write to" in str(told[0].message)
        assert run._journal._backlog
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        run.log({"i": 8000})
        run.finish()

    assert join(fork(child)) == 0
    run_dir = RunDir(tmp_path / "store" / "runs" / "run")
    assert sorted(logged(run_dir)) == list(range(8001))
    assert view(run_dir).state == "finished"
    assert view(run_dir).dropped_rows == 0


@pytest.mark.parametrize("journal", KINDS)
def test_what_waits_in_memory_is_bounded(tmp_path: Path, journal: Kind) -> None:
    run = new_run(tmp_path / "store", journal=journal)
    run.begin_attempt(CELL)
    run_dir = RunDir(run.path)
    moved = run.path / "moved"
    run_dir.journal.rename(moved)
    count = 2 * BACKLOG_BYTES // 10_000
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for i in range(count):
            run.log({"i": i, "pad": "x" * 10_000})
        assert run._journal._backlog._row_bytes <= BACKLOG_BYTES
        run.end_attempt("finished", None)
        moved.rename(run_dir.journal)
        run.finish()
    assert len(told) == 1
    read = view(run)
    assert read.rows + read.dropped_rows == count
    assert BACKLOG_BYTES // 10_100 < read.rows < BACKLOG_BYTES // 10_000 + 20
    assert logged(run_dir)[: read.rows - 1] == list(range(read.rows - 1))
    assert read.state == "finished"
    assert read.attempts[0].state == "finished"


def test_samples_are_dropped_at_the_quota_and_changes_are_not(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir, journal="mmap", journal_quota=QUOTA, overflow="drop")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NbtrackWarning)
        for i in range(2000):
            made.append(Sample(made.next_seq(), now(), {"x" * 2000: float(i)}))
        for i in range(100):
            made.append(Change(made.next_seq(), now(), 0, "config", str(i), "x" * 2000))
        made.close()
    records, damage = read_journal(run_dir)
    assert not damage
    changes = [r for _, r in records if isinstance(r, Change) and r.kind == "config"]
    samples = [r for _, r in records if isinstance(r, Sample)]
    dropped = [r.value for _, r in records if isinstance(r, Change) and r.kind == "dropped"]
    assert len(changes) == 100
    assert 400 < len(samples) < 1000
    assert len(samples) + sum(dropped) == 2000


def test_a_segment_that_cannot_be_made_leaves_no_file(tmp_path: Path) -> None:
    def child() -> None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
        for mapped in (True, False):
            with pytest.raises(OSError, match=r"File too large|No space left"):
                create_segment(tmp_path / "o1-000001.seg", b"h" * 1024, 1 << 16, 1, mapped=mapped)

    assert join(fork(child)) == 0
    assert list(tmp_path.iterdir()) == []
