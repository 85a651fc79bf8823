"""From an owner's first run to its end or its death, with the real processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from nbtrack.live.frame import SYSTEM, LiveFrame
from nbtrack.store.death import Death, cause
from nbtrack.store.reader import snapshot
from nbtrack.store.schema import Beat, Sample
from nbtrack.store.seal import seal_run
from tests.recorder.processes import (
    Owner,
    StartOwner,
    is_running,
    records,
    wait_for,
)


def frame_of(owner: Owner, run: str = "one") -> LiveFrame | None:
    path = owner.run_dir(run).live
    return LiveFrame.from_bytes(path.read_bytes()) if path.exists() else None


def shown(owner: Owner, key: str, run: str = "one") -> int:
    """How many values of a key are in the live frame."""
    frame = frame_of(owner, run)
    series = frame.series.get((1, key)) if frame else None
    return series.count if series else 0


def rows_shown(owner: Owner, run: str = "one") -> int:
    return shown(owner, "loss", run)


def deaths(owner: Owner) -> list[Death]:
    return list(snapshot(owner.run_dir()).fold.died.values())


def is_merged(owner: Owner, run: str = "one") -> bool:
    run_dir = owner.run_dir(run)
    return run_dir.manifest.exists() and run_dir.status.exists() and not run_dir.segments()


def losses(owner: Owner, run: str = "one") -> list[int]:
    """The steps of the metric, as the files hold them."""
    return [int(step) for step in owner.view(run).history("loss").to_pandas()["step"]]


def test_a_run_that_ends_is_sealed_merged_and_left_alone(owner: Owner) -> None:
    recorder = owner.open()
    owner("log", "one", 10_000)
    wait_for(lambda: rows_shown(owner) == 10_000, "the live frame shows every row")
    owner("close", "one")
    wait_for(lambda: is_merged(owner), "the run is merged")
    assert losses(owner) == list(range(10_000))
    assert owner.view().state == "finished"
    assert owner.view().reason == "finish() was called"
    assert not list(owner.run_dir().path.rglob("*.tmp"))
    assert not owner.run_dir().recorder_log.exists()
    assert is_running(recorder), "it waits a while for another run"
    wait_for(lambda: not is_running(recorder), "the recorder ends after its last run")
    assert owner("log", "one", 0) == "10000", "its owner lives on"
    assert owner.open("two") != recorder, "the next run gets another"
    wait_for(lambda: not psutil.pid_exists(recorder), "no zombie is left")


def test_beats_samples_and_live_frame_while_the_owner_lives(start_owner: StartOwner) -> None:
    owner = start_owner(NBTRACK_SAMPLE_INTERVAL="0.1")
    owner.open()
    wait_for(lambda: records(owner.run_dir(), "recorder"), "the recorder's first records")

    def kinds() -> list[type]:
        return [type(record) for record in records(owner.run_dir(), "recorder")]

    wait_for(lambda: kinds().count(Sample) >= 10, "ten samples")
    assert kinds().count(Beat) >= 1
    wait_for(
        lambda: (frame := frame_of(owner)) and (SYSTEM, "cpu.percent") in frame.series,
        "samples are in the live frame",
    )
    assert owner.view().state == "running"
    owner("close", "one")
    wait_for(lambda: is_merged(owner), "the run is merged")
    system = owner.view().system("memory.used.bytes").to_pandas()
    assert len(system) >= 10


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "crashed"), (signal.SIGTERM, "crashed")]
)
def test_a_killed_owner_loses_nothing(owner: Owner, number: signal.Signals, name: str) -> None:
    recorder = owner.open()
    owner("attempt", "one")
    owner("log", "one", 100_000)
    owner.send(number)
    wait_for(lambda: is_merged(owner), "everything is sealed and merged")
    wait_for(lambda: not is_running(recorder), "the recorder ends")
    assert list(owner.run_dir().journal.iterdir()) == [], "nor a segment prepared for later"
    assert len(losses(owner)) == 100_000
    assert owner.view().state == name
    assert cause(Death(signal=number.value)).words in owner.view().reason
    assert [(how.exit, how.signal) for how in deaths(owner)] == [(None, number.value)]


def test_signals_to_everything_below_the_owner(owner: Owner) -> None:
    """VS Code interrupts and ends kernels like this, and the recorder is below its owner."""
    recorder = owner.open()
    # As soon as it is there, before it can say what it does about them.
    os.kill(recorder, signal.SIGINT)
    owner("attempt", "one")
    owner("log", "one", 100)
    wait_for(lambda: records(owner.run_dir(), "recorder"), "the recorder works")
    os.kill(recorder, signal.SIGINT)
    os.kill(recorder, signal.SIGTERM)
    owner.send(signal.SIGTERM)
    wait_for(lambda: is_merged(owner), "everything is sealed and merged")
    wait_for(lambda: not is_running(recorder), "the recorder ends")
    assert [how.signal for how in deaths(owner)] == [signal.SIGTERM]


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_status_of_an_owner_that_nobody_waited_for(owner: Owner, code: int) -> None:
    recorder = owner.open()
    owner.end(code)
    wait_for(lambda: not is_running(recorder), "the recorder ends")
    wait_for(lambda: is_merged(owner), "everything is sealed")
    assert [(how.exit, how.signal) for how in deaths(owner)] == [(code, None)]


def test_the_exit_status_of_an_owner_that_was_reaped_at_once(owner: Owner) -> None:
    recorder = owner.open()
    # Stopped, it cannot look before its owner has been reaped.
    wait_for(lambda: records(owner.run_dir(), "recorder"), "the recorder works")
    os.kill(recorder, signal.SIGSTOP)
    owner.end(9)
    owner.process.wait()
    os.kill(recorder, signal.SIGCONT)
    wait_for(lambda: not is_running(recorder), "the recorder ends")
    wait_for(lambda: is_merged(owner), "everything is sealed")
    # Before Linux 6.15 nothing tells it any more.
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert [how.exit for how in deaths(owner)] == [9 if release >= (6, 15) else None]


def test_an_owner_that_dies_before_its_recorder_is_ready(owner: Owner) -> None:
    owner.open()
    owner.process.kill()
    owner.process.wait()
    wait_for(lambda: is_merged(owner), "everything is sealed")
    assert len(deaths(owner)) == 1


def test_a_killed_recorder_is_replaced(owner: Owner) -> None:
    first = owner.open()
    owner("log", "one", 5_000)
    wait_for(lambda: rows_shown(owner) == 5_000, "the first recorder shows the rows")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: not is_running(first), "the first recorder is dead")
    assert owner("log", "one", 5_000) == "10000", "the owner goes on"
    second = owner.ensure()
    assert second != first
    assert owner.ensure() == second
    wait_for(lambda: rows_shown(owner) == 10_000, "the second shows each row once")
    owner("close", "one")
    wait_for(lambda: is_merged(owner), "the run is merged")
    assert losses(owner) == list(range(10_000))


def test_several_runs_of_one_owner_have_one_recorder(owner: Owner) -> None:
    recorder = owner.open("one")
    assert owner.open("two") == recorder
    owner("log", "one", 1_000)
    owner("log", "two", 2_000)
    owner("close", "two")
    wait_for(lambda: is_merged(owner, "two"), "the second run is merged")
    assert is_running(recorder)
    owner("log", "one", 1_000)
    owner("close", "one")
    wait_for(lambda: is_merged(owner, "one"), "the first run is merged")
    assert (len(losses(owner, "one")), len(losses(owner, "two"))) == (2_000, 2_000)


def test_a_discarded_run_is_dropped(owner: Owner) -> None:
    recorder = owner.open("gone")
    owner.open("kept")
    wait_for(lambda: records(owner.run_dir("gone"), "recorder"), "the recorder works")
    owner("discard", "gone")
    owner("log", "kept", 100)
    wait_for(lambda: rows_shown(owner, "kept") == 100, "the other run goes on")
    assert owner.ensure("kept") == recorder
    owner("close", "kept")
    wait_for(lambda: not is_running(recorder), "the recorder ends")
    assert [path.name for path in owner.store.runs.iterdir()] == ["kept"]


def test_a_stopped_owner_is_alive(start_owner: StartOwner) -> None:
    owner = start_owner(NBTRACK_SAMPLE_INTERVAL="0.1")
    owner.open()
    run_dir = owner.run_dir()

    def sealed() -> list[int]:
        return [name.number for name in run_dir.sealed_sets() if name.writer.startswith("o")]

    owner("log", "one", 3_000)
    wait_for(sealed, "the full segment is sealed")
    owner.send(signal.SIGSTOP)
    before = len(records(run_dir, "recorder"))
    wait_for(
        lambda: len(records(run_dir, "recorder")) > before + 15,
        "the recorder looks at the stopped owner",
    )
    still_open = [name for name in run_dir.segments() if name.writer.startswith("o")]
    assert still_open
    assert not {name.number for name in still_open} & set(sealed())
    owner.send(signal.SIGCONT)
    owner("log", "one", 3_000)
    owner("close", "one")
    wait_for(lambda: is_merged(owner), "the run is merged")
    assert losses(owner) == list(range(6_000))


def test_a_worker_that_outlives_the_run_is_waited_for(owner: Owner) -> None:
    owner.open()
    owner("log", "one", 100)
    worker = int(owner("fork", "one", 500))
    owner("close", "one")
    wait_for(
        lambda: [name.writer[0] for name in owner.run_dir().segments()] == ["w"],
        "all but the worker is sealed",
    )
    wait_for(lambda: shown(owner, "worker") == 500, "the worker is followed")
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: is_merged(owner), "the run is merged")
    assert len(owner.view().history("worker").to_pandas()) == 500
    assert len(losses(owner)) == 100


def test_another_sealer_at_the_same_time_does_no_harm(owner: Owner) -> None:
    owner.open()
    stop = threading.Event()
    problems: list[BaseException] = []

    def seal() -> None:
        while not stop.is_set():
            try:
                seal_run(owner.run_dir())
            except OSError as error:
                problems.append(error)

    thread = threading.Thread(target=seal)
    thread.start()
    try:
        for _ in range(10):
            owner("log", "one", 20_000)
        owner("close", "one")
        wait_for(lambda: is_merged(owner), "the run is merged")
    finally:
        stop.set()
        thread.join()
    assert losses(owner) == list(range(200_000))


def test_asked_to_end_it_ends_cleanly(owner: Owner) -> None:
    recorder = owner.open()
    owner("log", "one", 50)
    wait_for(lambda: records(owner.run_dir(), "recorder"), "the recorder works")
    os.kill(recorder, signal.SIGTERM)
    wait_for(lambda: not is_running(recorder), "the recorder ends", 5)
    assert owner("recorder").startswith(f"{recorder} False")
    # Its own journal is ended and sealed; the open one of the owner is untouched.
    assert [name.writer[0] for name in owner.run_dir().segments()] == ["o"]
    assert [name.writer[0] for name in owner.run_dir().sealed_sets()] == ["r"]
    assert rows_shown(owner) == 50


def test_one_failing_run_does_not_stop_the_others(owner: Owner, tmp_path: Path) -> None:
    owner.open("bad")
    sealed = owner.run_dir("bad").sealed
    sealed.rmdir()
    sealed.symlink_to(tmp_path / "not there yet")
    owner.open("good")
    for run in ("bad", "good"):
        owner("log", run, 3_000)
    for run in ("bad", "good"):
        owner("close", run)
    wait_for(lambda: is_merged(owner, "good"), "the good run is merged")
    log = owner.run_dir("bad").recorder_log
    wait_for(log.exists, "the failure is noted")
    assert "could not seal" in log.read_text()
    assert len(losses(owner, "bad")) == 3_000
    (tmp_path / "not there yet").mkdir()
    wait_for(lambda: is_merged(owner, "bad"), "it is tried again", 60)
    assert len(log.read_text().splitlines()) == 1, "noted once, however often it was tried"


def test_a_driver_that_hangs_costs_the_gpu_values_alone(
    start_owner: StartOwner, tmp_path: Path
) -> None:
    fake = tmp_path / "fake"
    fake.mkdir()
    asked = tmp_path / "asked"
    (fake / "pynvml.py").write_text(
        "import pathlib, threading\n"
        "def nvmlInit(): pass\n"
        "def nvmlDeviceGetCount():\n"
        f"    pathlib.Path({str(asked)!r}).touch()\n"
        "    threading.Event().wait()\n"
    )
    owner = start_owner(PYTHONPATH=str(fake), NBTRACK_SAMPLE_INTERVAL="0.1")
    recorder = owner.open()
    wait_for(asked.exists, "NVML hangs")

    def samples() -> list[Sample]:
        found = records(owner.run_dir(), "recorder")
        return [record for record in found if isinstance(record, Sample)]

    wait_for(lambda: len(samples()) >= 10, "samples go on")
    assert not any(name.startswith("gpu.") for sample in samples() for name in sample.data)
    owner("close", "one")
    wait_for(lambda: is_merged(owner), "the run is merged")
    wait_for(lambda: not is_running(recorder), "the recorder ends all the same")


def test_a_run_of_many_sets_is_merged_while_it_goes_on(owner: Owner) -> None:
    owner.open()
    owner("log", "one", 100)
    owner("writers", "one", 40)
    wait_for(owner.run_dir().manifest.exists, "the run is merged on the way")
    assert owner.view().state == "running"
    owner("log", "one", 100)
    owner("close", "one")
    wait_for(lambda: is_merged(owner), "the run is merged")
    assert losses(owner) == list(range(200))
    assert len(owner.view().history("worker").to_pandas()) == 40


def test_memory_and_work_stay_within_their_bounds(owner: Owner) -> None:
    recorder = psutil.Process(owner.open())
    owner("log", "one", 200_000)
    wait_for(lambda: rows_shown(owner) == 200_000, "the live frame shows every row")
    # What it does while nothing happens is counted: the time that this takes is the machine's,
    # and only a recorder that spins takes a tenth of it.
    waits, read = recorder.num_ctx_switches().voluntary, recorder.io_counters().read_chars
    busy, since = sum(recorder.cpu_times()[:2]), time.monotonic()
    wait_for(lambda: time.monotonic() - since > 6, "a while without a row")
    seconds = time.monotonic() - since
    assert (recorder.num_ctx_switches().voluntary - waits) / seconds < 6
    assert (recorder.io_counters().read_chars - read) / seconds < 3 << 20
    assert (sum(recorder.cpu_times()[:2]) - busy) / seconds < 0.1
    owner("close", "one")
    wait_for(lambda: is_merged(owner), "the run is merged")
    status = Path(f"/proc/{recorder.pid}/status").read_text()
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    assert int(peak.split()[1]) / 1024 <= 64


@pytest.mark.parametrize("setting", ["off", "thread"])
def test_without_a_process_of_its_own(start_owner: StartOwner, setting: str) -> None:
    owner = start_owner(NBTRACK_RECORDER=setting, NBTRACK_SAMPLE_INTERVAL="0.1")
    assert owner("open", "one") == "None"
    owner("log", "one", 5_000)
    if setting == "thread":
        wait_for(lambda: rows_shown(owner) == 5_000, "the thread shows the rows")
        wait_for(lambda: len(records(owner.run_dir(), "recorder")) > 3, "the thread samples")
    assert owner("imported", "arro3", "duckdb", "numpy", "pandas") == "[]"
    owner("close", "one")
    assert owner.run_dir().sealed_sets() == []
    assert losses(owner) == list(range(5_000))
    assert owner.view().state == "finished"
    assert psutil.Process(owner.process.pid).children() == []
