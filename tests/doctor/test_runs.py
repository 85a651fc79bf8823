"""Runs that cannot be read, that nobody records, or that were left behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from nbtrack.doctor import Finding, runs
from nbtrack.recorder.recover import recover
from nbtrack.store import documents, reader
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.seal import seal_run
from tests.doctor.reports import as_another_user, one
from tests.journals import append_rows, new_journal, new_run, new_run_dir, wait_until

LEFT = "temporary files left by a process that was killed"
FORMATS = Path(__file__).parents[1] / "fixtures"

RECORD = """
import sys, nbtrack
nbtrack.init(id="run")
nbtrack.log({"a": 1})
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def recording(store_dir: Path) -> Iterator[psutil.Popen]:
    """A script that records a run and waits; its recorder has begun."""
    with psutil.Popen(
        [sys.executable, "-c", RECORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        run_dir = Store(store_dir).run("run")
        wait_until(lambda: any(w.role == "recorder" for w in reader.snapshot(run_dir).fold.writers))
        (recorder,) = process.children()
        yield process
        for one_of_them in (process, recorder):
            with contextlib.suppress(psutil.NoSuchProcess):
                one_of_them.kill()
    wait_until(lambda: not is_at_work(recorder))


def is_at_work(process: psutil.Process) -> bool:
    """Whether a process runs; a zombie waits for its parent."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill(process: psutil.Process) -> None:
    process.kill()
    wait_until(lambda: not is_at_work(process))


def record_without_recorder() -> None:
    """A whole run of a script that has ended."""
    environ = {**os.environ, "NBTRACK_RECORDER": "off"}
    subprocess.run([sys.executable, "-c", RECORD], env=environ, input=b"\n", check=True)


def begin_earlier(run_dir: RunDir, seconds: float) -> None:
    """Have a run begin earlier: the recorder of a young run may not have written yet."""
    info = documents.read_info(run_dir)
    earlier = msgspec.structs.replace(info, created=info.created - int(seconds * 1e6))
    run_dir.info.write_bytes(msgspec.json.encode(earlier))


def report(store: Path) -> list[Finding]:
    return list(runs.check_runs(Store(store)))


def trouble(store: Path) -> list[Finding]:
    """What is not in order with the runs."""
    return [found for found in report(store) if found.level != "ok"]


def test_runs_that_are_in_order(recording: psutil.Popen, store_dir: Path) -> None:
    begin_earlier(Store(store_dir).run("run"), 3600)
    (found,) = report(store_dir)
    assert found.level == "ok"
    assert found.what.startswith("1 run can be read; ")
    assert found.what.endswith(" kB are not sealed yet")


def test_no_runs(tmp_path: Path) -> None:
    assert report(tmp_path) == [Finding("runs", "ok", "there are no runs yet")]


def test_a_run_whose_recorder_was_killed(recording: psutil.Popen, store_dir: Path) -> None:
    (recorder,) = recording.children()
    kill(recorder)
    assert not trouble(store_dir)  # it began just now
    begin_earlier(Store(store_dir).run("run"), 3600)
    (found,) = trouble(store_dir)
    assert (found.level, found.what) == ("warning", "1 run running without a recorder: run")
    assert "tracked cell" in found.advice


def test_a_run_that_was_left_behind(recording: psutil.Popen, store_dir: Path) -> None:
    (recorder,) = recording.children()
    recorder.suspend()
    recording.send_signal(signal.SIGKILL)
    recording.wait(30)
    kill(recorder)
    (found,) = trouble(store_dir)
    assert found.level == "warning"
    assert found.what == "1 run left unsealed or unmerged: run"
    assert "nbtrack recover" in found.advice
    recover(Store(store_dir))
    assert not trouble(store_dir)


def test_a_run_that_was_sealed_and_not_merged(store_dir: Path) -> None:
    record_without_recorder()
    run_dir = Store(store_dir).run("run")
    seal_run(run_dir)
    assert not run_dir.segments()
    assert trouble(store_dir)[0].what == "1 run left unsealed or unmerged: run"
    recover(Store(store_dir))
    assert not trouble(store_dir)


def test_a_run_of_this_process_is_not_left_behind(store_dir: Path) -> None:
    run = new_run(store_dir)
    run.log({"loss": 1.0})
    assert not trouble(store_dir)
    run.finish()


def test_temporary_files_of_killed_processes(store_dir: Path) -> None:
    record_without_recorder()
    recover(Store(store_dir))  # nothing else is left to do
    left = [
        store_dir / "runs" / "run" / "merged" / ".x.parquet.1.abc.tmp",
        store_dir / "runs" / "run" / "journal" / ".y-next.seg.1.abc.tmp",
        store_dir / "runs" / ".gone.1.abc.tmp",
    ]
    left[2].mkdir()
    for path in left[:2]:
        path.write_bytes(b"half")
    assert not any(LEFT in found.what for found in trouble(store_dir))  # they are young
    before = time.time() - 7200
    for path in left:
        os.utime(path, (before, before))
    (found,) = [found for found in trouble(store_dir) if LEFT in found.what]
    assert found.level == "note"
    assert found.what.startswith(f"3 {LEFT}")
    assert all(str(path) in found.what for path in left)
    recover(Store(store_dir))
    assert not any(path.exists() for path in left)
    assert not any(LEFT in found.what for found in trouble(store_dir))


def test_temporary_files_of_a_run_that_goes_on_are_its_own(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir)
    append_rows(journal, range(3))
    prepared = run_dir.next_segment(run_dir.segments()[0].writer)
    prepared.write_bytes(b"")
    os.utime(prepared, (0, 0))
    assert not trouble(tmp_path / "store")
    recover(Store(tmp_path / "store"))
    assert prepared.exists()
    journal.close()


def test_damage_and_what_is_no_run(tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(FORMATS / "format-1", store)
    (store / "runs" / "broken").mkdir()
    (store / "runs" / "broken" / "run.json").write_text("{")
    found = report(store)
    unreadable = one(found, "1 run cannot be read: broken (")
    assert unreadable.level == "problem"
    assert "run.json" in unreadable.what
    damaged = one(found, "1 run damaged: damaged (")
    assert damaged.level == "warning"
    assert "48 damaged bytes at offset 1164" in damaged.what
    assert one(found, "4 runs can be read").level == "ok"


def test_a_damaged_segment_that_stays_is_no_work_left(store_dir: Path) -> None:
    record_without_recorder()
    run_dir = Store(store_dir).run("run")
    path = run_dir.segment(run_dir.segments()[0])
    data = bytearray(path.read_bytes())
    data[-60:-50] = bytes(10)
    path.write_bytes(data)
    # By a process that ends: while it lives, it is at work on the run.
    recovery = [sys.executable, "-m", "nbtrack", "recover", "--store", str(store_dir)]
    subprocess.run(recovery, check=True, timeout=180)
    (found,) = trouble(store_dir)
    assert found.what.startswith("1 run damaged: run (")


def test_newer_formats(tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(FORMATS / "format-1", store)
    for name in ("journal", "merged"):
        path = store / "runs" / name / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "format": 99}))
    words = "2 runs written by a newer nbtrack: merged (written in format 99"
    found = one(report(store), words)
    assert found.level == "warning"
    assert "--upgrade nbtrack" in found.advice


@pytest.mark.parametrize("what", ["begun", "written"])
def test_a_run_from_the_future(store_dir: Path, what: str) -> None:
    run = new_run(store_dir)
    run.log({"loss": 1.0})
    run.finish()
    if what == "begun":
        begin_earlier(RunDir(run.path), -3630)
    else:
        later = time.time() + 3630
        os.utime(run.path / "run.json", (later, later))
    found = one(trouble(store_dir), "from the future")
    assert found.level == "warning"
    assert found.what == f"1 run from the future: {run.id} (by 60 minutes)"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_run_that_this_user_may_not_read() -> None:
    with as_another_user() as folder:
        run_dir = new_run_dir(folder / "store", "closed")
        run_dir.info.chmod(0o600)
        os.seteuid(12345)
        (found,) = trouble(folder / "store")
    assert found.level == "problem"
    assert found.what == f"1 run may not be read by this user: closed ({run_dir.info})"


def test_more_runs_than_there_is_time_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        new_run_dir(tmp_path / "store", name)
    monkeypatch.setattr(runs, "_PATIENCE", -1.0)
    first = next(runs.check_runs(Store(tmp_path / "store")))
    assert (first.level, first.what) == (
        "note",
        "0 of 2 runs were looked at, the newest: time was up",
    )
