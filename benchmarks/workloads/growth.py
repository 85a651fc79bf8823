"""How a run and a store behave when they grow."""

from __future__ import annotations

import time

from benchmarks import processes
from benchmarks.trackers import Tracker
from benchmarks.workloads.common import Figures, microseconds, stop, stopped, three, zeros

LAST = 1_000
LOOK_EVERY = 1_000
# What grows beyond this is stopped: a machine that swaps measures nothing else either.
MOST_MEMORY = 2 << 30


def grow(tracker: Tracker, rows: int, seconds: float) -> Figures:
    """Log rows, the last 1,000 of them timed; nothing if it takes too long or too much memory."""
    now = time.perf_counter_ns
    log = tracker.start()
    log(three(0))
    before = highest = processes.own_memory()[0]
    deadline = now() + int(seconds * 1e9)
    for step in range(1, rows - LAST):
        log(three(step))
        if step % LOOK_EVERY == 0:
            highest = max(highest, processes.own_memory()[0])
            if now() > deadline or highest - before > MOST_MEMORY:
                stop(tracker)
                tracker.finish()
                return {}
    durations = zeros(LAST)
    for index in range(LAST):
        row = three(rows - LAST + index)
        start = now()
        log(row)
        durations[index] = now() - start
    highest = max(highest, processes.own_memory()[0])
    tracker.finish()
    return {
        "p50": microseconds(durations, LAST)["p50"],
        "growth": (highest - before) / processes.MIB,
    }


def grown(tracker: Tracker, rows: int) -> Figures:
    """Read one metric of what was logged."""
    if stopped(tracker) or "read" in tracker.without:
        return {}
    tracker.rest()
    start = time.perf_counter()
    values = tracker.series("loss")
    took = time.perf_counter() - start
    if len(values) != rows:
        raise RuntimeError(f"{len(values)} of {rows} points")
    return {"read": took * 1e3}


def many(tracker: Tracker, runs: int, seconds: float) -> Figures:
    """Write so many runs of one row each, unless it takes too long."""
    deadline = time.monotonic() + seconds
    for index in range(runs):
        tracker.run = f"run-{index}"
        tracker.start()(three(index))
        tracker.finish()
        if time.monotonic() > deadline and index + 1 < runs:
            stop(tracker)
            break
    return {}


def listing(tracker: Tracker, runs: int) -> Figures:
    """The first listing of all runs and the median of five more, in ms."""
    if stopped(tracker):
        return {}
    tracker.rest()
    durations = []
    for _ in range(6):
        start = time.perf_counter()
        found = tracker.runs()
        durations.append((time.perf_counter() - start) * 1e3)
        if found != runs:
            raise RuntimeError(f"{found} of {runs} runs are listed")
    return {"first": durations[0], "listing": sorted(durations[1:])[2]}
