"""Which processes belong to a measurement, and what they take.

Every process of a measurement inherits one environment variable with a value of its own. That finds
helpers that were started in a session of their own, or whose parent has gone, as well as children.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

TOKEN = "BENCHMARK_TOKEN"
# Where a workload notes the pids of the helpers that there were before it ended its run.
HELPERS = "helpers.json"
MIB = 1 << 20


def belonging(token: str) -> list[psutil.Process]:
    """The living processes other than this one that carry `token` in their environment."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get(TOKEN) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def peak_memory(process: psutil.Process) -> int:
    """The highest resident memory of a process so far, in bytes; 0 if it is gone.

    Where the system does not say, the resident memory now.
    """
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        match = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        return int(match[1]) * 1024 if match else 0
    except ProcessLookupError:  # it went while it was read
        return 0
    except FileNotFoundError:
        pass
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def helpers_memory(token: str) -> dict[int, int]:
    """The peaks of all helpers that are alive, in bytes, by their pids."""
    return {process.pid: peak_memory(process) for process in belonging(token)}


def recorders(token: str) -> dict[int, int]:
    """The same of nbtrack's recorders alone, without what they have started."""
    found = {}
    for process in belonging(token):
        with contextlib.suppress(psutil.Error):
            if "--owner" in process.cmdline():
                found[process.pid] = peak_memory(process)
    return found


def helpers_cpu(token: str) -> float:
    """CPU seconds that the helpers that are alive have taken."""
    total = 0.0
    for process in belonging(token):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def own_memory() -> tuple[int, ...]:
    """Resident and private memory of this process, in bytes."""
    memory = psutil.Process().memory_full_info()
    return int(memory.rss), int(memory.uss)


@dataclass(frozen=True)
class Outlived:
    """How the helpers outlived the process that they helped.

    `earlier` is the peak memory, added up, of those that there were before the run was ended,
    `later` that of the largest other one, both in bytes. `killed`: some did not end in time.
    """

    earlier: int
    later: int
    killed: bool


def wait_until_gone(token: str, seconds: float, earlier: Collection[int] = ()) -> Outlived:
    """Wait for the helpers to end by themselves, killing what is left after `seconds`.

    `earlier` are the pids of those that there were before the run was ended.
    """
    deadline = time.monotonic() + seconds
    peaks: dict[int, int] = {}
    killed = False
    while left := belonging(token):
        for process in left:
            peaks[process.pid] = max(peaks.get(process.pid, 0), peak_memory(process))
        if time.monotonic() > deadline:
            killed = True
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(left, timeout=10)
            break
        time.sleep(0.05)
    return Outlived(
        earlier=sum(peak for pid, peak in peaks.items() if pid in earlier),
        later=max((peak for pid, peak in peaks.items() if pid not in earlier), default=0),
        killed=killed,
    )
