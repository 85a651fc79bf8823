"""Saved files follow their sources while a run goes on, and when its kernel was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbtrack.recorder.recover import recover
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.view import RunView
from tests.crash.processes import environment
from tests.recorder.processes import wait_for

OWNER = """
import sys, time
import nbtrack

run = nbtrack.init(id="run")
run.log({"a": 1})
run.save("live")
run.save("end", policy="end")
run.save("now", policy="now")
print("ready", flush=True)
sys.stdin.readline()
"""


def start(folder: Path, recorder: str) -> tuple[subprocess.Popen[str], RunDir]:
    """A process that saves three files of the folder."""
    for name in ("live", "end", "now"):
        (folder / name).write_text("1")
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=folder,
        env=environment(
            NBTRACK_DIR=str(folder / "store"), NBTRACK_RECORDER=recorder, NBTRACK_DISK_WARNING="0"
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process, Store(folder / "store").run("run")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def saved(run_dir: RunDir) -> dict[str, str]:
    return {path.name: path.read_text() for path in run_dir.files.iterdir()}


@pytest.mark.parametrize("recorder", ["process", "thread"])
def test_a_live_file_follows_its_source(tmp_path: Path, recorder: str) -> None:
    process, run_dir = start(tmp_path, recorder)
    assert saved(run_dir) == {"live": "1", "now": "1"}
    for content in ("22", "333"):
        for name in ("live", "end", "now"):
            (tmp_path / name).write_text(content)
        wait_for(lambda c=content: saved(run_dir)["live"] == c, "the copy follows", 30)  # type: ignore[misc]
    assert saved(run_dir) == {"live": "333", "now": "1"}
    process.communicate("\n")
    assert saved(run_dir) == {"live": "333", "end": "333", "now": "1"}


def test_the_recorder_copies_them_when_the_kernel_was_killed(tmp_path: Path) -> None:
    process, run_dir = start(tmp_path, "process")
    for name in ("live", "end", "now"):
        (tmp_path / name).write_text("last")
    kill(process)
    wait_for(lambda: run_dir.manifest.exists(), "the run is merged")
    assert RunView(run_dir).state == "crashed"
    assert saved(run_dir) == {"live": "last", "end": "last", "now": "1"}
    assert not run_dir.recorder_log.exists()


def test_recover_copies_them_if_nobody_was_left(tmp_path: Path) -> None:
    process, run_dir = start(tmp_path, "off")
    for name in ("live", "end", "now"):
        (tmp_path / name).write_text("last")
    kill(process)
    assert saved(run_dir) == {"live": "1", "now": "1"}
    recover(Store(tmp_path / "store"))
    assert saved(run_dir) == {"live": "last", "end": "last", "now": "1"}
    # Once: what comes later is not this run's.
    (tmp_path / "live").write_text("of another run")
    recover(Store(tmp_path / "store"))
    assert saved(run_dir)["live"] == "last"


def test_recover_leaves_what_was_changed_long_after(tmp_path: Path) -> None:
    process, run_dir = start(tmp_path, "off")
    (tmp_path / "end").write_text("mine")
    kill(process)
    (tmp_path / "live").write_text("of another run")
    later = time.time() + 3600
    os.utime(tmp_path / "live", (later, later))
    recover(Store(tmp_path / "store"))
    assert saved(run_dir) == {"live": "1", "end": "mine", "now": "1"}
