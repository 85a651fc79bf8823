"""Each row is in the tables once, whatever happens to answers, processes and other committers."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.store.layout import RunDir, Store
from nbtrack.sync.lake import commit as committing
from nbtrack.sync.lake.schema import COMMITS, TABLES
from nbtrack.sync.lake.tables import opened
from tests.sync.lake.lakes import (
    ask,
    committed,
    counts,
    go,
    lake_of,
    once,
    push,
    record,
    start,
    versions,
)
from tests.sync.proxy import FAULTS, FaultProxy


@pytest.fixture
def runs(store: Store) -> list[RunDir]:
    return [record(store, f"r{n}", merged=n % 2 == 0) for n in range(4)]


def finish(process: subprocess.Popen[str]) -> tuple[int, int]:
    """How many runs it committed, and finished for others; it must have ended well."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    done, finished = out.split()
    return int(done), int(finished)


def check(url: str, runs: list[RunDir]) -> None:
    """Each row once, and nobody has anything left to do."""
    assert counts(url) == once(runs)
    before = versions(url)
    assert committed(url).batches == 0
    assert versions(url) == before


def test_a_lost_answer_to_each_commit(
    store: Store, runs: list[RunDir], bucket: str, proxy: FaultProxy
) -> None:
    """Every commit of every table is asked for twice, since nobody hears that it went."""
    push(store, bucket)
    lost: set[str] = set()

    def lose(method: str, path: str) -> bool:
        is_first = method == "PUT" and "/_delta_log/" in path and path not in lost
        if is_first:
            lost.add(path)
        return is_first

    proxy.after = lose
    assert committed(bucket, at_once=2).committed == 4
    assert len(lost) >= 3 * (1 + len(TABLES))
    check(bucket, runs)


@pytest.mark.full
def test_a_network_that_fails_in_every_way(
    store: Store, runs: list[RunDir], bucket: str, proxy: FaultProxy
) -> None:
    push(store, bucket)
    proxy.faults, proxy.share = FAULTS, 0.1
    for _ in range(50):
        # What broke for good may be repeated at once.
        with contextlib.suppress(SyncError):
            committed(bucket, at_once=2)
            break
    proxy.share = 0.0
    assert len(proxy.seen) > 4
    committed(bucket)
    check(bucket, runs)


@pytest.mark.parametrize("where", [pytest.param("file", marks=pytest.mark.full), "s3"])
def test_two_processes_at_once(
    store: Store, place: str, where: str, request: pytest.FixtureRequest
) -> None:
    url = place if where == "file" else request.getfixturevalue("bucket")
    runs = [record(store, f"r{n}") for n in range(6)]
    push(store, url)
    both = [start(url, 1) for _ in range(2)]
    for process in both:
        go(process)
    done = [finish(process) for process in both]
    assert sum(count for count, _ in done) >= len(runs)
    check(url, runs)


def test_who_comes_second_is_refused(store: Store, runs: list[RunDir], place: str) -> None:
    """Both looked at the same moment; one claims the batch, and the other has to look again."""
    push(store, place)
    first, second = (opened(lake_of(place))[COMMITS] for _ in range(2))
    assert (first.look(), second.look()) == (0, 0)
    rows = claims("r0")
    assert first.claim(1, rows)
    assert not second.claim(1, rows)
    assert second.look() == 1
    # What was claimed and left is brought to its end by whoever comes next, and then replaced:
    # it was claimed with a revision that the run does not have.
    report = committed(place)
    assert (report.finished, report.committed) == (1, 4)
    check(place, runs)


def claims(run: str):  # type: ignore[no-untyped-def]
    import duckdb

    connection = duckdb.connect()
    return lambda: connection.sql(
        f"SELECT 1::BIGINT AS batch, 'new' AS kind, '{run}' AS run_id, 'x' AS revision,"
        " 'y' AS listing, '2026-01' AS month"
    )


def test_one_that_was_stopped_wakes_up_when_all_is_done(
    store: Store, runs: list[RunDir], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has claimed a batch; another one finishes that, and goes on, before it does anything."""
    push(store, place)
    woken = False

    def stopped(point: str) -> None:
        nonlocal woken
        if point == "lake.after_claim" and not woken:
            woken = True
            other = committed(place, at_once=2)
            assert (other.finished, other.committed) == (2, 2)

    monkeypatch.setattr(committing, "fault", stopped)
    committed(place, at_once=2)
    assert woken
    check(place, runs)


@pytest.mark.parametrize(
    "point",
    [
        *("claim", "system"),
        *(pytest.param(table, marks=pytest.mark.full) for table in ("metrics", "attempts", "runs")),
    ],
)
def test_killed_between_two_tables(
    store: Store, runs: list[RunDir], place: str, point: str
) -> None:
    push(store, place)
    process = start(place, 2, NBTRACK_FAULT=f"lake.after_{point}:2")
    go(process)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    report = committed(place)
    assert (report.committed, report.finished) == ((0, 0) if point == "runs" else (0, 2))
    check(place, runs)


@pytest.mark.parametrize(
    ("moment", "table"),
    [
        ("before", "metrics"),
        ("after", "runs"),
        pytest.param("before", COMMITS, marks=pytest.mark.full),
        pytest.param("after", COMMITS, marks=pytest.mark.full),
        pytest.param("after", "metrics", marks=pytest.mark.full),
        pytest.param("before", "runs", marks=pytest.mark.full),
    ],
)
def test_killed_between_the_upload_and_the_commit(
    store: Store, runs: list[RunDir], bucket: str, proxy: FaultProxy, table: str, moment: str
) -> None:
    """Its files are there; the commit is on its way, or went and nobody heard of it."""
    push(store, bucket)
    process = start(bucket, 4)
    killed = threading.Event()

    def kill(method: str, path: str) -> bool:
        wanted = f"/lake/{table}/_delta_log/00000000000000000001"
        if method == "PUT" and wanted in path and not killed.is_set():
            process.send_signal(signal.SIGKILL)
            killed.set()
            return True
        return False

    setattr(proxy, moment, kill)
    go(process)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    assert killed.is_set()
    committed(bucket)
    check(bucket, runs)


def test_killed_at_random_moments(store: Store, place: str) -> None:
    runs = [record(store, f"r{n}") for n in range(8)]
    push(store, place)
    dice = random.Random(9)
    kills = 0
    while kills < 5:
        process = start(place, 1)
        timer = threading.Timer(dice.uniform(0.02, 0.5), os.kill, (process.pid, signal.SIGKILL))
        go(process)
        timer.start()
        process.communicate(timeout=300)
        timer.cancel()
        timer.join()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        kills += 1
    assert kills > 0
    committed(place)
    check(place, runs)


def test_a_run_that_changed_before_its_batch_was_finished(
    store: Store, runs: list[RunDir], place: str
) -> None:
    """Some tables have the rows of before, some of after; the next look finds out."""
    push(store, place)
    process = start(place, 4, NBTRACK_FAULT="lake.after_metrics")
    go(process)
    process.communicate(timeout=300)
    record(store, "r1", rows=2)
    push(store, place)
    report = committed(place)
    assert (report.finished, report.committed) == (4, 1)
    found = counts(place)
    assert found["metrics"] == {"r0": 10, "r1": 14, "r2": 10, "r3": 10}
    assert found["attempts"] == {"r0": 1, "r1": 2, "r2": 1, "r3": 1}
    assert found["runs"] == dict.fromkeys(("r0", "r1", "r2", "r3"), 1)
    assert committed(place).batches == 0


def test_a_run_that_went_before_its_batch_was_finished(
    store: Store, runs: list[RunDir], place: str, tmp_path: Path
) -> None:
    """It is in no list; when it comes back, what was there of it makes room."""
    push(store, place)
    process = start(place, 4, NBTRACK_FAULT="lake.after_metrics")
    go(process)
    process.communicate(timeout=300)
    there = tmp_path / "a place" / "runs" / "r1"
    there.rename(tmp_path / "r1")
    assert committed(place).finished == 3
    assert "r1" not in counts(place)["runs"]
    (tmp_path / "r1").rename(there)
    assert committed(place).committed == 1
    check(place, runs)


def test_killed_while_rows_are_replaced(store: Store, runs: list[RunDir], place: str) -> None:
    push(store, place)
    committed(place)
    record(store, "r2", rows=3)
    push(store, place)
    process = start(place, 4, NBTRACK_FAULT="lake.after_metrics")
    go(process)
    process.communicate(timeout=300)
    assert counts(place)["metrics"]["r2"] == 16
    assert counts(place)["runs"] == dict.fromkeys(("r0", "r1", "r2", "r3"), 1)
    assert committed(place).finished == 1
    assert counts(place)["metrics"] == {"r0": 10, "r1": 10, "r2": 16, "r3": 10}
    assert counts(place)["attempts"]["r2"] == 2
    assert ask(place, "runs", "SELECT attempts FROM rows WHERE run_id = 'r2'") == [(2,)]
    assert committed(place).batches == 0


@pytest.mark.parametrize("again", [False, True])
def test_all_of_a_claimed_batch_is_gone_or_damaged(
    store: Store, place: str, tmp_path: Path, again: bool
) -> None:
    """Nothing gets stuck by that: the batch ends without them."""
    record(store, "r0")
    push(store, place)
    if again:
        committed(place)
        record(store, "r0", rows=1)
        push(store, place)
    process = start(place, 4, NBTRACK_FAULT="lake.after_claim")
    go(process)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    merged = tmp_path / "a place" / "runs" / "r0" / "merged"
    files = {file: file.read_bytes() for file in merged.glob("*.metrics.parquet")}
    for file, content in files.items():
        file.write_bytes(bytes(len(content)))
    record(store, "r1")
    push(store, place)
    report = committed(place)
    assert (report.finished, report.committed, list(report.problems)) == (0, 1, ["r0"])
    for file, content in files.items():
        file.write_bytes(content)
    assert committed(place).committed == 1
    assert counts(place)["metrics"] == {"r0": 12 if again else 10, "r1": 10}
    assert committed(place).batches == 0
