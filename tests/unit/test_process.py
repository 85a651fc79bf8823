"""Which process is which, and which of them is certainly dead."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec
import pytest

from nbtrack import _process
from nbtrack._process import ProcessIdentity, liveness, this_process

TELL = (
    "import sys, msgspec\n"
    "from nbtrack._process import this_process\n"
    "sys.stdout.buffer.write(msgspec.json.encode(this_process()) + b'\\n')\n"
    "sys.stdout.flush()\n"
)


class Other:
    """Another process that tells its identity and goes on until its stdin ends."""

    def __init__(self, then: str = "sys.stdin.read()") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TELL + then], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.identity = msgspec.json.decode(self.process.stdout.readline(), type=ProcessIdentity)


@pytest.fixture
def other() -> Iterator[Other]:
    other = Other()
    yield other
    other.process.kill()
    other.process.communicate()


def test_alive_then_a_zombie_then_gone(other: Other) -> None:
    assert liveness(other.identity) == "alive"
    other.process.kill()
    os.waitid(os.P_PID, other.process.pid, os.WEXITED | os.WNOWAIT)
    assert liveness(other.identity) == "dead"
    other.process.wait()
    assert liveness(other.identity) == "dead"


def test_a_reused_pid_is_another_process() -> None:
    mine = this_process()
    assert liveness(mine) == "alive"
    assert liveness(msgspec.structs.replace(mine, started=mine.started - 1)) == "dead"


@pytest.mark.parametrize("field", ["host", "machine_id"])
def test_another_machine_is_elsewhere(field: str) -> None:
    assert liveness(msgspec.structs.replace(this_process(), **{field: "other"})) == "elsewhere"


def test_another_namespace_is_elsewhere() -> None:
    mine = this_process()
    assert liveness(msgspec.structs.replace(mine, pid_ns=mine.pid_ns + 1)) == "elsewhere"


def test_a_process_whose_start_is_unknown_is_not_called_dead(other: Other) -> None:
    identity = msgspec.structs.replace(other.identity, started=0)
    other.process.kill()
    other.process.wait()
    assert liveness(identity) == "elsewhere"


def test_a_process_that_proc_hides_is_not_called_dead(
    other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As under hidepid: the file is not there although the process is.
    monkeypatch.setattr(_process, "_started", lambda pid: None)
    assert liveness(other.identity) == "elsewhere"
    other.process.kill()
    other.process.wait()
    assert liveness(other.identity) == "dead"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems end with the first thread")
def test_a_process_whose_first_thread_ended_lives_on() -> None:
    other = Other(
        "import ctypes, threading\n"
        "threading.Thread(target=sys.stdin.read).start()\n"
        "ctypes.CDLL(None).pthread_exit(None)\n"
    )
    try:
        deadline = time.monotonic() + 30
        with open(f"/proc/{other.process.pid}/stat") as stat:
            while ") Z " not in stat.read():
                assert time.monotonic() < deadline, "its first thread does not end"
                stat.seek(0)
        assert liveness(other.identity) == "alive"
    finally:
        other.process.kill()
        other.process.communicate()
    assert liveness(other.identity) == "dead"
