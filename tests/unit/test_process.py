"""Which process is which, and which of them is certainly dead."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack import _process
from nbtrack._process import (
    _INITIAL_PID_NAMESPACE,
    Liveness,
    Machine,
    ProcessIdentity,
    judge,
    liveness,
    this_process,
)

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
    monkeypatch.setattr(_process, "started_at", lambda pid: None)
    assert liveness(other.identity) == "elsewhere"
    other.process.kill()
    other.process.wait()
    assert liveness(other.identity) == "dead"


MACHINE = Machine(host="node7", machine_id="m", boot_id="b", pid_ns=_INITIAL_PID_NAMESPACE)
OWNER = ProcessIdentity(**MACHINE._asdict(), pid=4711, started=1000)


class Seen(NamedTuple):
    """What is to be seen of OWNER, from where, and what follows."""

    verdict: Liveness
    here: Mapping[str, Any] = MappingProxyType({})
    owner: Mapping[str, Any] = MappingProxyType({})
    started: int | None = 1000
    exists: bool = True


SEEN = {
    "there it is": Seen("alive"),
    "a zombie": Seen("dead", started=0),
    "no such process": Seen("dead", started=None, exists=False),
    "its pid is another's by now": Seen("dead", started=5000),
    "hidden from other users": Seen("elsewhere", started=None),
    "the machine was booted since": Seen("dead", here={"boot_id": "c"}),
    "the same, though its pid and start fit": Seen("dead", owner={"boot_id": "a"}),
    "another container of this machine": Seen("elsewhere", here={"pid_ns": 42}),
    "a container, seen from its host": Seen("elsewhere", owner={"pid_ns": 42}),
    "in the same container": Seen("alive", here={"pid_ns": 42}, owner={"pid_ns": 42}),
    "a container after a boot: perhaps another machine of that image": Seen(
        "elsewhere", here={"pid_ns": 42, "boot_id": "c"}, owner={"pid_ns": 42}
    ),
    "another host": Seen("elsewhere", here={"host": "node8"}),
    "another host, freshly booted": Seen("elsewhere", here={"host": "node8", "boot_id": "c"}),
    "another machine of the same name": Seen("elsewhere", here={"machine_id": "n"}),
    "machines of the same name without ids, another boot": Seen(
        "elsewhere", here={"machine_id": "", "boot_id": "c"}, owner={"machine_id": ""}
    ),
    "its start is unknown": Seen("elsewhere", owner={"started": 0}),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen_from_where(name: str) -> None:
    verdict, here, owner, started, exists = SEEN[name]
    process = msgspec.structs.replace(OWNER, **owner)
    found = judge(process, MACHINE._replace(**here), lambda pid: started, lambda pid: exists)
    assert found == verdict


words = st.sampled_from(["", "a", "b"])
machines = st.builds(Machine, words, words, words, st.sampled_from([0, 42, _INITIAL_PID_NAMESPACE]))


@given(
    there=machines,
    here=machines,
    started=st.integers(0, 3),
    found=st.none() | st.integers(0, 3),
    exists=st.booleans(),
)
def test_nobody_is_called_dead_who_may_live(
    there: Machine, here: Machine, started: int, found: int | None, exists: bool
) -> None:
    """Files are unlinked on that word: it takes the same place, or a certain reboot."""
    process = ProcessIdentity(**there._asdict(), pid=1, started=started)
    verdict = judge(process, here, lambda pid: found, lambda pid: exists)
    same_place = there == here
    if verdict == "alive":
        assert same_place
        assert found == started > 0
    if verdict == "dead":
        same_machine = (there.host, there.machine_id) == (here.host, here.machine_id)
        assert same_machine
        if not same_place:
            assert there.boot_id != here.boot_id
            assert there.pid_ns == here.pid_ns == _INITIAL_PID_NAMESPACE
        else:
            assert found != started or found is None
    if not same_place and (there.host, there.machine_id) != (here.host, here.machine_id):
        assert verdict == "elsewhere"


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
