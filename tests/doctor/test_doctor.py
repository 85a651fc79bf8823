"""Every finding of the doctor, seen where it is true."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from nbtrack.store import reader
from nbtrack.store.layout import RunDir

FORMATS = Path(__file__).parents[1] / "fixtures"

RECORD = """
import sys, nbtrack
nbtrack.init(id="run")
nbtrack.log({"a": 1})
print("ready", flush=True)
sys.stdin.readline()
"""


def examine(store: Path, **environ: str) -> tuple[list[dict[str, Any]], int]:
    """The findings of ``nbtrack doctor``, and its exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "doctor", "--store", str(store), "--json"],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout), done.returncode


def findings(store: Path, area: str, **environ: str) -> list[tuple[str, str]]:
    """(level, what was found) in one area."""
    found, _ = examine(store, **environ)
    return [(one["level"], one["what"]) for one in found if one["area"] == area]


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A script that records a run into ``tmp_path / "store"`` and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", RECORD],
        env={**os.environ, "NBTRACK_DIR": str(tmp_path / "store")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def recorder_of(process: subprocess.Popen[str]) -> psutil.Process:
    (recorder,) = psutil.Process(process.pid).children()
    return recorder


def kill(process: psutil.Process) -> None:
    """Kill a process that may be another one's child, and stay a zombie."""
    process.kill()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.02)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a small file system is not allowed here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_where_all_is_well(tmp_path: Path) -> None:
    found, status = examine(tmp_path / "store")
    assert status == 0
    levels = {one["area"]: one["level"] for one in found}
    assert levels["settings"] == levels["store"] == levels["recorder"] == "ok"
    assert any("is not there yet" in one["what"] for one in found)


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    found, status = examine(tmp_path, NBTRACK_MODE="sometimes", NBTRACK_PROJET="x")
    assert status == 1
    problem, warning = [one for one in found if one["area"] == "settings"]
    assert (problem["level"], warning["level"]) == ("problem", "warning")
    assert "NBTRACK_MODE='sometimes'" in problem["what"]
    assert warning["advice"] == "Is NBTRACK_PROJECT meant?"


def test_a_disk_that_cannot_be_written(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    (found,) = findings(small_disk / "store", "store")
    assert found[0] == "problem"
    assert "cannot be written: Read-only file system" in found[1]


def test_a_disk_that_is_full(small_disk: Path) -> None:
    assert findings(small_disk, "disk")[0][0] == "problem"  # less than 1 GiB is free
    (small_disk / "taken").write_bytes(bytes(2_900_000))
    level, words = findings(small_disk, "disk")[0]
    assert level == "problem"
    assert "9" in words.split(" % full")[0]


def test_a_recorder_that_is_gone(recording: subprocess.Popen[str], tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "store" / "runs" / "run")
    recorder = recorder_of(recording)
    info = reader.read_info(run_dir)
    # As if it had begun an hour ago: a young run's recorder may not have written yet.
    old = msgspec.structs.replace(info, created=info.created - 3_600_000_000)
    run_dir.info.write_bytes(msgspec.json.encode(old))
    while not any(w.role == "recorder" for w in reader.snapshot(run_dir).fold.writers):
        time.sleep(0.02)
    assert findings(tmp_path / "store", "runs") == [("ok", "runs that can be read: 1")]
    kill(recorder)
    level, words = findings(tmp_path / "store", "runs")[0]
    assert (level, words) == ("warning", "run is running without a recorder")


def test_runs_left_behind(recording: subprocess.Popen[str], tmp_path: Path) -> None:
    recorder = recorder_of(recording)
    recorder.suspend()
    os.kill(recording.pid, signal.SIGKILL)
    recording.wait(30)
    kill(recorder)
    store = tmp_path / "store"
    level, words = findings(store, "runs")[0]
    assert level == "warning"
    assert words.startswith("1 runs were left by kernels that died with their recorders: run")
    subprocess.run(
        [sys.executable, "-m", "nbtrack", "recover", "--store", str(store)], check=True, timeout=60
    )
    assert findings(store, "runs") == [("ok", "runs that can be read: 1")]


def test_damage_and_newer_formats(tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(FORMATS / "format-1", store)
    newer = store / "runs" / "journal" / "run.json"
    newer.write_text(newer.read_text().replace('"format":1', '"format":99'))
    (store / "runs" / "broken").mkdir()
    (store / "runs" / "broken" / "run.json").write_text("{")
    found = findings(store, "runs")
    assert ("warning", "journal: written in format 99; this nbtrack reads up to 2") in found
    assert any(level == "problem" and "broken cannot be read" in words for level, words in found)
    assert any(level == "warning" and "damaged is damaged" in words for level, words in found)


def test_a_run_from_the_future(recording: subprocess.Popen[str], tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "store" / "runs" / "run")
    info = reader.read_info(run_dir)
    later = msgspec.structs.replace(info, created=info.created + 3_600_000_000)
    run_dir.info.write_bytes(msgspec.json.encode(later))
    assert "begun in the future" in findings(tmp_path / "store", "runs")[0][1]


def test_kernels_of_other_environments(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    for name, python in (("bare", bare / "bin" / "python"), ("gone", tmp_path / "no-python")):
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        spec = {
            "argv": [str(python), "-m", "ipykernel"],
            "display_name": name,
            "language": "python",
        }
        (folder / "kernel.json").write_text(json.dumps(spec))
    found = findings(tmp_path, "kernels", JUPYTER_PATH=str(tmp_path / "jupyter"))
    assert ("note", "kernel 'bare' has no nbtrack") in found
    assert any(level == "problem" and "'gone' cannot be started" in w for level, w in found)
    assert any(level == "ok" and "kernel 'python3' has nbtrack" in w for level, w in found)


def test_the_recorder_switched_off(tmp_path: Path) -> None:
    assert findings(tmp_path, "recorder", NBTRACK_RECORDER="off") == [
        ("note", "the setting 'recorder' is 'off'")
    ]


def test_what_a_person_reads(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", "doctor", "--store", str(tmp_path)],
        env={**os.environ, "NBTRACK_PROJET": "x"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[:3] == [
        "settings",
        "  ! NBTRACK_PROJET is no setting",
        "    Is NBTRACK_PROJECT meant?",
    ]
    assert lines[-1].endswith("1 warning.")
