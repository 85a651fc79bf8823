"""Merges as processes of their own, started by whoever polls the queue."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from nbtrack._process import this_process
from nbtrack._settings import Settings
from nbtrack.recorder import spawn
from nbtrack.recorder.merging import MergeQueue
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.schema import Row, WriterInfo
from nbtrack.store.seal import seal_run
from tests.recorder.processes import wait_for


def sealed_run(store: Store, name: str, *, sets: int = 2) -> RunDir:
    """A run of so many sealed sets with a row each."""
    run_dir = store.create_run(name)
    for step in range(sets):
        info = WriterInfo(
            run=name, writer=f"w{step:03d}", role="worker", process=this_process(), opened=now()
        )
        journal = Journal(run_dir, info, Settings())
        journal.append(Row(1, now(), 1, step, {"loss": 1.0}))
        journal.close()
    seal_run(run_dir)
    return run_dir


def merges() -> list[psutil.Process]:
    """The merges of this process that are running."""
    found = []
    for child in psutil.Process().children():
        try:
            if "merge" in child.cmdline():
                found.append(child)
        except psutil.Error:
            continue
    return found


def finish(queue: MergeQueue) -> int:
    """Poll until the queue is empty; returns the most merges that ran at once."""
    most = 0

    def done() -> bool:
        nonlocal most
        queue.poll()
        most = max(most, len(merges()))
        return not queue.busy

    wait_for(done, "all merges have ended")
    return most


def test_one_at_a_time(tmp_path: Path) -> None:
    queue = MergeQueue()
    runs = [sealed_run(Store(tmp_path), name) for name in ("one", "two", "three")]
    for run_dir in runs:
        queue.add(run_dir)
    assert queue.busy
    assert finish(queue) == 1
    assert all(run_dir.manifest.exists() and run_dir.status.exists() for run_dir in runs)
    assert merges() == []


def test_what_waits_is_merged_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    start = spawn.start

    def note(command: list[str], *, stdin: int) -> subprocess.Popen[bytes]:
        started.append(command)
        return start(command, stdin=stdin)

    monkeypatch.setattr(spawn, "start", note)
    queue = MergeQueue()
    runs = [sealed_run(Store(tmp_path), f"run-{n}", sets=1) for n in range(4)]
    for run_dir in runs:
        queue.add(run_dir)
    runs[1].info.with_name("sealed").rename(tmp_path / "elsewhere")
    runs[1].sealed.write_text("in its way")
    finish(queue)
    assert len(started) == 1
    assert [run_dir.manifest.exists() for run_dir in runs] == [True, False, True, True]
    assert "could not merge" in runs[1].recorder_log.read_text()


def test_after_a_kill_each_is_merged_by_itself(tmp_path: Path) -> None:
    queue = MergeQueue()
    runs = [sealed_run(Store(tmp_path), name) for name in ("one", "two", "three")]
    for run_dir in runs:
        queue.add(run_dir)
    queue.poll()
    [process] = merges()
    process.send_signal(signal.SIGKILL)
    finish(queue)
    assert all(run_dir.manifest.exists() for run_dir in runs)
    assert not any(run_dir.recorder_log.exists() for run_dir in runs)


def test_a_run_that_goes_on_is_merged_when_it_is_worth_it(tmp_path: Path) -> None:
    queue = MergeQueue()
    few = sealed_run(Store(tmp_path), "few", sets=31)
    many = sealed_run(Store(tmp_path), "many", sets=32)
    for run_dir in (few, many):
        queue.add_if_many(run_dir)
    finish(queue)
    assert many.manifest.exists()
    assert not few.manifest.exists()
    for run_dir in (few, many):
        queue.add_if_many(run_dir)
    assert not queue.busy, "nothing was sealed since"


def test_a_merge_that_is_killed_changes_nothing_and_is_noted(tmp_path: Path) -> None:
    queue = MergeQueue()
    run_dir = sealed_run(Store(tmp_path), "one", sets=3)
    before = run_dir.sealed_sets()
    queue.add(run_dir)
    queue.poll()
    [process] = merges()
    process.send_signal(signal.SIGKILL)
    finish(queue)
    assert run_dir.sealed_sets() == before
    assert f"signal {signal.SIGKILL.value}" in run_dir.recorder_log.read_text()
    queue.add(run_dir)
    finish(queue)
    assert run_dir.sealed_sets() == []


def test_no_python_no_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", os.fspath(tmp_path / "python"))
    queue = MergeQueue()
    run_dir = sealed_run(Store(tmp_path), "one")
    queue.add(run_dir)
    queue.poll()
    assert not queue.busy
    assert "no merge could be started" in run_dir.recorder_log.read_text()


def test_a_run_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    queue = MergeQueue()
    queue.add(RunDir(tmp_path / "gone"))
    queue.poll()
    assert not queue.busy
    assert list(tmp_path.iterdir()) == []
