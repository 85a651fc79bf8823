"""Watches the memory that the owner may use: how near its end is, and whether that killed it."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from ..store.death import Death
from .cgroup import MemoryGroup, MemoryUse, statistic

_REARMED_BELOW = 0.95
# With two looks a second, the last two seconds.
_LOOKS = 4


class _Look(NamedTuple):
    use: MemoryUse
    group_kills: int | None
    machine_kills: int | None


class MemoryWatch:
    """The memory of the owner's control group where that has a limit, else of the machine."""

    def __init__(self, pid: int) -> None:
        self._group = MemoryGroup(pid)
        self._looks: deque[_Look] = deque([self._look()], maxlen=_LOOKS)
        self._over: set[float] = set()

    def look(self) -> MemoryUse:
        """What is used now."""
        self._looks.append(self._look())
        return self._looks[-1].use

    def reaches(self, limit: float) -> bool:
        """Whether ``limit`` was reached since the last look; again only after it was well below.

        ``limit`` counts bytes, or the part of what may be used if it is not above 1.
        """
        use = self._looks[-1].use
        if use.limit is None or limit <= 0:
            return False
        threshold = limit * use.limit if limit <= 1 else limit
        if use.used >= threshold:
            new = limit not in self._over
            self._over.add(limit)
            return new
        if use.used < _REARMED_BELOW * threshold:
            self._over.discard(limit)
        return False

    def add_to(self, death: Death) -> Death:
        """``death`` with what the last looks saw, and what the system killed meanwhile.

        Not the last one alone: what is killed takes a while to die, and its memory is free by then.
        """
        before, after = self._looks[0], self._look()
        most = max((look.use for look in self._looks), key=lambda use: use.used)
        return msgspec.structs.replace(
            death,
            memory=most.used,
            memory_limit=most.limit,
            oom_kills=_rise(before.group_kills, after.group_kills),
            machine_oom_kills=_rise(before.machine_kills, after.machine_kills),
        )

    def _look(self) -> _Look:
        use = self._group.read()
        if use is None or use.limit is None:
            memory = psutil.virtual_memory()
            use = MemoryUse(memory.total - memory.available, memory.total)
        return _Look(use, self._group.oom_kills(), _machine_kills())


def _machine_kills() -> int | None:
    try:
        return statistic(Path("/proc/vmstat").read_text(), "oom_kill")
    except OSError:
        return None


def _rise(before: int | None, after: int | None) -> int | None:
    return after - before if before is not None and after is not None else None
