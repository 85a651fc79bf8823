"""Watches the memory that the owner may use: how near its end is, and whether that killed it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import psutil

from ..store.death import Death
from .cgroup import MemoryGroup, MemoryUse, statistic

_REARMED_BELOW = 0.95


class MemoryWatch:
    """The memory of the owner's control group where that has a limit, else of the machine."""

    def __init__(self, pid: int) -> None:
        self._group = MemoryGroup(pid)
        self._use: MemoryUse | None = None
        self._group_kills = self._group.oom_kills()
        self._machine_kills = _machine_kills()
        self._over: set[float] = set()

    def look(self) -> MemoryUse | None:
        """What is used now; None where that cannot be told."""
        self._group_kills = self._group.oom_kills()
        self._machine_kills = _machine_kills()
        use = self._group.read()
        if use is None or use.limit is None:
            memory = psutil.virtual_memory()
            use = MemoryUse(memory.total - memory.available, memory.total)
        self._use = use
        return use

    def reaches(self, limit: float) -> bool:
        """Whether ``limit`` was reached since the last look; again only after it was well below.

        ``limit`` counts bytes, or the part of what may be used if it is not above 1.
        """
        use = self._use
        if use is None or use.limit is None or limit <= 0:
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
        """``death`` with what the last look saw, and what the system killed since."""
        use = self._use or MemoryUse(0, None)
        known = use.limit is not None
        return msgspec.structs.replace(
            death,
            memory=use.used if known else None,
            memory_limit=use.limit,
            oom_kills=_rise(self._group_kills, self._group.oom_kills()),
            machine_oom_kills=_rise(self._machine_kills, _machine_kills()),
        )


def _machine_kills() -> int | None:
    try:
        return statistic(Path("/proc/vmstat").read_text(), "oom_kill")
    except OSError:
        return None


def _rise(before: int | None, after: int | None) -> int | None:
    return after - before if before is not None and after is not None else None
