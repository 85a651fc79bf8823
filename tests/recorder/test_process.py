"""The recorder's process by itself, without an owner that behaves."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbtrack._process import this_process
from nbtrack._settings import Settings
from nbtrack.recorder import spawn
from nbtrack.recorder.loop import LINGER_SECONDS, Recorder
from nbtrack.store.layout import Store


def start(started: int | None = None) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """A recorder for this very process."""
    owner = this_process()
    ours, theirs = socket.socketpair()
    ticks = owner.started if started is None else started
    arguments = ["--owner", str(owner.pid), "--started", str(ticks)]
    with theirs:
        return ours, spawn.start(spawn.command(*arguments), stdin=theirs.fileno())


def test_without_an_owner_at_the_other_end_it_ends_at_once() -> None:
    control, process = start()
    control.close()
    began = time.monotonic()
    assert process.wait(30) == 0
    assert time.monotonic() - began < LINGER_SECONDS


def test_an_owner_whose_pid_was_reused_is_dead() -> None:
    control, process = start(started=1)
    with control:
        began = time.monotonic()
        assert process.wait(30) == 0
        assert time.monotonic() - began < LINGER_SECONDS


def test_after_a_while_without_runs_it_refuses_more_and_ends(tmp_path: Path) -> None:
    control, process = start()
    with control:
        control.sendall(b"nonsense\n")
        control.sendall(spawn.encode_message(tmp_path / "not there", Settings()))
        began = time.monotonic()
        assert process.wait(30) == 0
        assert time.monotonic() - began > 0.5 * LINGER_SECONDS
        with pytest.raises(BrokenPipeError):
            control.send(b"late\n", socket.MSG_NOSIGNAL)


def test_no_message_is_lost_when_it_stops_listening(tmp_path: Path) -> None:
    run_dir = Store(tmp_path / "store").create_run("one")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        recorder = Recorder(this_process(), theirs, in_process=True)
        ours.sendall(spawn.encode_message(run_dir.path, Settings()))
        recorder._end_control()
        assert [follower.run_dir.path for follower in recorder._followers] == [run_dir.path]
        with pytest.raises(BrokenPipeError):
            ours.send(b"late\n", socket.MSG_NOSIGNAL)


def merge(run_dir: Path) -> int:
    return spawn.start(spawn.command("merge", str(run_dir)), stdin=subprocess.DEVNULL).wait(60)


def test_a_merge_that_fails_leaves_a_note(tmp_path: Path) -> None:
    run_dir = Store(tmp_path / "store").create_run("one")
    assert merge(run_dir.path) == 0
    run_dir.manifest.write_bytes(b"nonsense")
    assert merge(run_dir.path) == 1
    assert "DamagedFileError" in run_dir.recorder_log.read_text()


def test_a_merge_of_a_run_that_is_gone_is_silent(tmp_path: Path) -> None:
    assert merge(tmp_path / "gone") == 0
    assert list(tmp_path.iterdir()) == []


def test_a_merge_gives_way_to_everybody_else() -> None:
    code = (
        "import os, sys, psutil\n"
        "from nbtrack.recorder.__main__ import _be_modest\n"
        "_be_modest()\n"
        "sys.stdout.write(f'{os.nice(0)} {psutil.Process().ionice().ioclass.name}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "19 IOPRIO_CLASS_IDLE"
