"""What the machine and the owner's processes are doing, as names with units to numbers.

============================  =================================================================
cpu.process.percent           the owner with its children; 100 is one core
cpu.percent                   the machine; 100 is all cores
memory.process.bytes          resident memory of the owner with its children, each counted in full
memory.used.bytes             the machine's, of memory.total.bytes
memory.cgroup.bytes           the owner's control group, without page cache not lately used
memory.limit.bytes            the tightest limit on it, if there is one
disk.read.bytes_per_second    the machine's disks; likewise disk.write
network.received.bytes_per_second   all interfaces but the loopback; likewise network.sent
gpu.N.utilization.percent     and gpu.N.memory.used.bytes, .memory.total.bytes,
                              .temperature.celsius, .power.watts
============================  =================================================================
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psutil

from .cgroup import MemoryGroup
from .gpu import GpuSampler


class Sampler:
    """Takes samples. Rates are means since the sample before, so the first one has none."""

    def __init__(self, pid: int) -> None:
        self._processes = _Processes(pid)
        self._group = MemoryGroup(pid)
        self._gpu = GpuSampler()
        self._counters: dict[str, float] = {}
        self._at = time.monotonic()
        self._probes: tuple[Callable[[], dict[str, float]], ...] = (
            self._gpu.sample,
            self._processor,
            self._processes.memory,
            self._memory,
            self._cgroup,
        )
        psutil.cpu_percent()

    def sample(self) -> dict[str, float]:
        """All values that could be read now."""
        self._processes.refresh()
        now = time.monotonic()
        elapsed, self._at = now - self._at, now
        values = self._rates(elapsed)
        for probe in self._probes:
            values |= _attempt(probe)
        return values

    def _rates(self, elapsed: float) -> dict[str, float]:
        counters: dict[str, float] = {}
        for probe in (self._processes.cpu, _disk, _network):
            counters |= _attempt(probe)
        before, self._counters = self._counters, counters
        if elapsed <= 0:
            return {}
        return {
            name: max(0.0, counter - before[name]) / elapsed
            for name, counter in counters.items()
            if name in before
        }

    def _processor(self) -> dict[str, float]:
        return {"cpu.percent": psutil.cpu_percent()}

    def _memory(self) -> dict[str, float]:
        memory = psutil.virtual_memory()
        return {
            "memory.used.bytes": float(memory.total - memory.available),
            "memory.total.bytes": float(memory.total),
        }

    def _cgroup(self) -> dict[str, float]:
        use = self._group.read()
        if use is None:
            return {}
        values = {"memory.cgroup.bytes": float(use.used)}
        if use.limit is not None:
            values["memory.limit.bytes"] = float(use.limit)
        return values


class _Processes:
    """The owner and its children, without the recorder and its own."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._known: dict[int, psutil.Process] = {}
        self._cpu: dict[int, float] = {}
        self._cpu_total = 0.0
        self._started = False

    def refresh(self) -> None:
        """Look up which processes there are."""
        known: dict[int, psutil.Process] = {}
        for pid in process_tree(self._pid, without=os.getpid()):
            process = self._known.get(pid)
            try:
                # is_running() tells a pid that another process has by now.
                if process is None or not process.is_running():
                    process = psutil.Process(pid)
            except psutil.Error:
                continue
            known[pid] = process
        self._known = known

    def cpu(self) -> dict[str, float]:
        """Percent-seconds of CPU time, summed over processes that come and go."""
        cpu: dict[int, float] = {}
        for pid, process in self._known.items():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            cpu[pid] = times.user + times.system
            # A process not seen before began since; only at the very first look it did not.
            before = self._cpu.get(pid, 0.0 if self._started else cpu[pid])
            self._cpu_total += max(0.0, cpu[pid] - before)
        self._cpu, self._started = cpu, True
        return {"cpu.process.percent": 100 * self._cpu_total}

    def memory(self) -> dict[str, float]:
        total = 0
        for process in self._known.values():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        return {"memory.process.bytes": float(total)}


def process_tree(pid: int, without: int) -> list[int]:
    """``pid`` and the processes below it, leaving out ``without`` and those below that."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        at = waiting.pop()
        if at == without and at != pid:
            continue
        found.append(at)
        waiting += _children(at)
    return found


def _children(pid: int) -> list[int]:
    if not _kernel_lists_children():
        try:
            return [child.pid for child in psutil.Process(pid).children()]
        except psutil.Error:
            return []
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{task}/children").read_bytes()
                found += map(int, children.split())
    return found


@cache
def _kernel_lists_children() -> bool:
    """Whether each process has a list of its children; psutil has to look through all there are."""
    pid = os.getpid()
    return os.path.exists(f"/proc/{pid}/task/{pid}/children")


def _disk() -> dict[str, float]:
    disks = psutil.disk_io_counters()
    if disks is None:
        return {}
    return {
        "disk.read.bytes_per_second": float(disks.read_bytes),
        "disk.write.bytes_per_second": float(disks.write_bytes),
    }


def _network() -> dict[str, float]:
    interfaces = psutil.net_io_counters(pernic=True)
    outside = [one for name, one in interfaces.items() if not name.startswith("lo")]
    return {
        "network.received.bytes_per_second": float(sum(one.bytes_recv for one in outside)),
        "network.sent.bytes_per_second": float(sum(one.bytes_sent for one in outside)),
    }


def _attempt(probe: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What ``probe`` reads. What a system does not have is missing, never an error."""
    try:
        return probe()
    except Exception:
        return {}
