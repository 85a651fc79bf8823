"""The end of processes that are not the observer's children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.recorder.postmortem import how_it_ended
from nbtrack.store.death import Death
from tests.recorder.processes import is_running, wait_for

RELEASE = tuple(int(part) for part in os.uname().release.split(".")[:2])


def started(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat[stat.rindex(")") + 2 :].split()[19])


ENDINGS = [
    ("raise SystemExit(0)", Death(exit=0)),
    ("raise SystemExit(7)", Death(exit=7)),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", Death(signal=9)),
    ("import os; os.abort()", Death(signal=6)),
    ("import ctypes; ctypes.string_at(0)", Death(signal=11)),
]


@pytest.mark.parametrize(("code", "expected"), ENDINGS)
@pytest.mark.parametrize("reaped", [False, True], ids=["zombie", "reaped"])
def test_how_it_ended(code: str, expected: Death, reaped: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler=0", "-c", f"input(); {code}"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    since = started(process.pid)
    pidfd = os.pidfd_open(process.pid)
    try:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()
        if reaped:
            process.wait()
        else:
            wait_for(lambda: not is_running(process.pid), "the process ends")
        how = how_it_ended(process.pid, since, pidfd)
        if reaped and RELEASE < (6, 15):
            assert how == Death()
        else:
            assert how == expected
    finally:
        os.close(pidfd)
        process.wait()


def test_another_process_with_its_pid_is_not_taken_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
    try:
        since = started(process.pid)
        wait_for(lambda: not is_running(process.pid), "the process ends")
        assert how_it_ended(process.pid, since, None) == Death(exit=7)
        assert how_it_ended(process.pid, since - 1, None) == Death()
    finally:
        process.wait()


def test_a_process_that_lives_has_not_ended() -> None:
    assert how_it_ended(os.getpid(), started(os.getpid()), None) == Death()


def test_gone_without_a_trace() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    since = started(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert how_it_ended(process.pid, since, None) == Death()
