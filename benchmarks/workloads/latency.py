"""How long the import, the start and `log()` take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.trackers import Tracker
from benchmarks.workloads.common import WARM_UP, Figures, microseconds, three, zeros
from benchmarks.workloads.loop import work

# A slow tracker gets fewer calls instead of minutes.
SECONDS_A_CASE = 20.0


def fresh_rows(scalars: int, values: str) -> Iterator[dict[str, Any]]:
    """Rows without end: the same keys, and values that are new objects each time."""
    keys = [f"train/metric_{index}" for index in range(scalars)]
    convert: Callable[[float], Any] = float
    if values != "float":
        import numpy

        convert = getattr(numpy, values)
    value = 0.0
    while True:
        value += 0.37
        yield {key: convert(value + index) for index, key in enumerate(keys)}


def clock(tracker: Tracker, calls: int) -> Figures:
    """What the clock itself takes, in an environment's process without its tracker."""
    now = time.perf_counter_ns
    durations = zeros(calls)
    for index in range(calls):
        start = now()
        durations[index] = now() - start
    return microseconds(durations, calls)


def imports(tracker: Tracker) -> Figures:
    """Import, `init()` and the first `log()`, in ms."""
    row = three(0)
    times = [time.perf_counter()]
    __import__(tracker.module)
    times.append(time.perf_counter())
    log = tracker.start()
    times.append(time.perf_counter())
    log(row)
    times.append(time.perf_counter())
    tracker.finish()
    names = ("import", "start", "first_log")
    figures = {name: (times[i + 1] - times[i]) * 1e3 for i, name in enumerate(names)}
    return {**figures, "ready": (times[-1] - times[0]) * 1e3}


def latency(
    tracker: Tracker,
    calls: int,
    scalars: int,
    values: str = "float",
    threads: int = 0,
    seconds: float = SECONDS_A_CASE,
) -> Figures:
    """Durations of `log()` back to back, beside so many busy threads."""
    now = time.perf_counter_ns
    durations = zeros(calls)
    rows = fresh_rows(scalars, values)
    log = tracker.start()
    deadline = now() + int(seconds / 4 * 1e9)
    for _ in range(WARM_UP):
        log(next(rows))
        if now() > deadline:
            break
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            work(1_000)

    others = [threading.Thread(target=busy) for _ in range(threads)]
    for other in others:
        other.start()
    deadline = now() + int(seconds * 1e9)
    count = 0
    for row in rows:
        start = now()
        log(row)
        end = now()
        durations[count] = end - start
        count += 1
        if count == calls or end > deadline:
            break
    stop.set()
    for other in others:
        other.join()
    tracker.finish()
    return microseconds(durations, count)
