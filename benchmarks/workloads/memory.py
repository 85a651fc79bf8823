"""What memory grows to."""

from __future__ import annotations

import gc
import json
import os
import time

from benchmarks import processes
from benchmarks.trackers import Tracker
from benchmarks.workloads.common import Figures, three

LOOK_EVERY = 5_000


def memory(tracker: Tracker, rows: int, seconds: float) -> Figures:
    """What the memory of the process and of its helpers grows to, and how long the end takes.

    After so many seconds there are no further rows.
    """
    token = os.environ[processes.TOKEN]
    log = tracker.start()
    log(three(0))
    gc.collect()
    before = processes.own_memory()
    highest = before
    deadline = time.monotonic() + seconds
    for step in range(1, rows + 1):
        log(three(step))
        if step % LOOK_EVERY == 0 or time.monotonic() > deadline:
            highest = tuple(map(max, highest, processes.own_memory()))
            if time.monotonic() > deadline:
                break
    helpers = processes.helpers_memory(token)
    (tracker.directory / processes.HELPERS).write_text(json.dumps([*helpers]))
    start = time.perf_counter()
    tracker.finish()
    finish = time.perf_counter() - start
    return {
        "growth": (highest[0] - before[0]) / processes.MIB,
        "private": (highest[1] - before[1]) / processes.MIB,
        "helpers_memory": sum(helpers.values()) / processes.MIB,
        "finish": finish * 1e3,
    }
