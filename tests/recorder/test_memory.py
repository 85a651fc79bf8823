"""When the memory limit counts as reached, and what is known of the memory of a dead process."""

from __future__ import annotations

import os

import pytest

from nbtrack.recorder import memory
from nbtrack.recorder.cgroup import MemoryUse, oom_kills
from nbtrack.recorder.memory import MemoryWatch
from nbtrack.store.death import Death


class Machine:
    """What the files of a machine say."""

    def __init__(self) -> None:
        self.use: MemoryUse | None = MemoryUse(0, 100)
        self.group: int | None = 0
        self.all = 7

    def read(self) -> MemoryUse | None:
        return self.use

    def oom_kills(self) -> int | None:
        return self.group


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(memory, "MemoryGroup", lambda pid: machine)
    monkeypatch.setattr(memory, "_machine_kills", lambda: machine.all)
    return machine


@pytest.fixture
def watch(machine: Machine) -> MemoryWatch:
    return MemoryWatch(1)


def reached(machine: Machine, watch: MemoryWatch, used: int, limit: float) -> bool:
    machine.use = MemoryUse(used, 100)
    watch.look()
    return watch.reaches(limit)


@pytest.mark.parametrize("limit", [0.9, 90.0])
def test_once_until_it_was_well_below(machine: Machine, watch: MemoryWatch, limit: float) -> None:
    course = [50, 89, 90, 95, 89, 90, 86, 90, 85, 90]
    found = [reached(machine, watch, used, limit) for used in course]
    assert found == [False, False, True, False, False, False, False, False, False, True]


def test_never(machine: Machine, watch: MemoryWatch) -> None:
    assert not reached(machine, watch, 100, 0)


def test_without_a_limit_of_its_own_the_machine_counts(
    machine: Machine, watch: MemoryWatch
) -> None:
    machine.use = MemoryUse(5, None)
    use = watch.look()
    assert use.limit is not None
    assert use.limit > 1 << 28
    machine.use = None
    assert watch.look().limit == use.limit


def test_what_was_killed_lately_and_how_much_was_used(machine: Machine, watch: MemoryWatch) -> None:
    reached(machine, watch, 99, 1.0)
    machine.group, machine.all = 1, 9
    # Looks while it dies, and its memory is given back.
    reached(machine, watch, 40, 1.0)
    reached(machine, watch, 2, 1.0)
    found = watch.add_to(Death(signal=9))
    assert found == Death(signal=9, memory=99, memory_limit=100, oom_kills=1, machine_oom_kills=2)
    for _ in range(4):
        reached(machine, watch, 3, 1.0)
    assert watch.add_to(Death()) == Death(
        memory=3, memory_limit=100, oom_kills=0, machine_oom_kills=0
    )


def test_a_group_that_does_not_count(machine: Machine, watch: MemoryWatch) -> None:
    machine.group = None
    assert watch.add_to(Death()).oom_kills is None


def test_the_files_of_both_versions() -> None:
    files = {
        "/two/memory.events": "low 0\nhigh 0\nmax 41\noom 3\noom_kill 2\noom_group_kill 0\n",
        "/one/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n",
        "/old/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n",
    }
    found = [oom_kills(folder, files.get) for folder in ("/two", "/one", "/old", "/none")]
    assert found == [2, 5, None, None]


def test_the_groups_of_this_process_can_be_read() -> None:
    use = MemoryWatch(os.getpid()).look()
    assert use.limit is not None
    assert 0 < use.used <= use.limit
