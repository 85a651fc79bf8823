"""What is run inside a tracker's environment: one function per workload, one process per call.

`python -m benchmarks.workloads WORKLOAD TRACKER DIRECTORY RESULT PARAMETERS` runs one of them and
writes its figures, a JSON object of numbers, to the file RESULT.
"""

from __future__ import annotations

import gc
import json
import math
import mmap
import os
import random
import struct
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import processes, trackers
from benchmarks.trackers import Log, Tracker

Figures = dict[str, float]

WARM_UP = 200
# A slow tracker gets fewer calls instead of minutes.
SECONDS_A_CASE = 20.0
LOOK_EVERY = 5_000
ACKNOWLEDGED = "acknowledged"
COUNTER = struct.Struct("<q")
VICTIM_SECONDS = 120.0


def zeros(length: int) -> array[int]:
    """Room for so many durations, its memory already in use."""
    return array("q", bytes(8 * length))


def microseconds(durations: array[int], count: int) -> Figures:
    """Median, 99th percentile and maximum of the first `count` durations, in µs."""
    ordered = sorted(durations[:count])
    return {
        "p50": ordered[count // 2] / 1e3,
        "p99": ordered[count * 99 // 100] / 1e3,
        "max": ordered[-1] / 1e3,
    }


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


def three(step: int) -> dict[str, Any]:
    """The row of three scalars of the `memory`, `loop` and `kill` rows."""
    return {"loss": 1 / (step + 1), "accuracy": 0.9, "batch": step}


def work(count: int) -> int:
    """Python code that takes as long as its argument says and gives nothing away."""
    total = 0
    for number in range(count):
        total += number * number & 7
    return total


def a_millisecond() -> int:
    """The argument with which `work` takes about 1 ms here and now."""
    count = 10_000
    for _ in range(4):
        durations = []
        for _ in range(30):
            start = time.perf_counter_ns()
            work(count)
            durations.append(time.perf_counter_ns() - start)
        count = int(count * 1e6 / sorted(durations)[15])
    return count


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


def memory(tracker: Tracker, rows: int) -> Figures:
    """What the memory of the process and of its helpers grows to, and how long the end takes."""
    token = os.environ[processes.TOKEN]
    log = tracker.start()
    log(three(0))
    gc.collect()
    before = processes.own_memory()
    highest = before
    for step in range(1, rows + 1):
        log(three(step))
        if step % LOOK_EVERY == 0:
            highest = tuple(map(max, highest, processes.own_memory()))
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


def timed_steps(count: int, steps: int, log: Log | None) -> tuple[array[int], array[int], int]:
    """Durations of the work and of the logging of each step, and of everything, in ns."""
    now = time.perf_counter_ns
    working, logging = zeros(steps), zeros(steps)
    first = now()
    for step in range(steps):
        start = now()
        work(count)
        middle = now()
        working[step] = middle - start
        if log is not None:
            row = three(step)
            middle = now()
            log(row)
            logging[step] = now() - middle
    return working, logging, now() - first


def loop(tracker: Tracker, steps: int) -> Figures:
    """What a loop of 1 ms steps pays for logging in each."""
    token = os.environ[processes.TOKEN]
    count = a_millisecond()
    before, _, wall_before = timed_steps(count, steps // 2, None)
    log = tracker.start()
    for step in range(WARM_UP):
        log(three(step))
    helpers = processes.helpers_cpu(token)
    # All threads' CPU less this one's is that of the threads that the tracker runs.
    threads = time.process_time() - time.thread_time()
    _, logging, wall = timed_steps(count, steps, log)
    threads = time.process_time() - time.thread_time() - threads
    helpers = processes.helpers_cpu(token) - helpers
    tracker.finish()
    after, _, wall_after = timed_steps(count, steps // 2, None)
    step_time = sorted(before + after)[len(before)] / 1e3
    log_time = sorted(logging)[steps // 2] / 1e3
    thread_time = threads * 1e6 / steps
    untracked = (wall_before + wall_after) / (2 * (steps // 2)) * steps
    return {
        "cost": (log_time + thread_time) / step_time * 100,
        "log": log_time,
        "threads": thread_time,
        "wall": (wall / untracked - 1) * 100,
        "helpers": helpers / (wall / 1e9) * 100,
        "step": step_time,
    }


def victim(tracker: Tracker) -> Figures:
    """Log until killed, counting what was logged outside the tracker."""
    path = tracker.directory / ACKNOWLEDGED
    path.write_bytes(bytes(COUNTER.size))
    with path.open("r+b") as file:
        acknowledged = mmap.mmap(file.fileno(), COUNTER.size)
    log = tracker.start()
    step = 0
    deadline = time.monotonic() + VICTIM_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.001)
        log(three(step))
        step += 1
        COUNTER.pack_into(acknowledged, 0, step)
    raise TimeoutError("nobody killed it")


def survivors(tracker: Tracker) -> Figures:
    """Compare what the killed process counted with what can be read."""
    (count,) = COUNTER.unpack((tracker.directory / ACKNOWLEDGED).read_bytes())
    steps = [int(value) for value in tracker.recorded("batch")]
    return {
        "acknowledged": count,
        "lost": count - len(set(steps).intersection(range(count))),
        "doubled": len(steps) - len(set(steps)),
    }


def training_row(step: int, state: random.Random, last: dict[str, Any]) -> dict[str, Any]:
    """Row `step` of the stated mix, see the `disk` row."""
    loss = 2.3 * math.exp(-step / 20_000) + abs(state.gauss(0, 0.05))
    seconds = 0.02 + state.random() * 0.001
    return {
        "train/loss": loss,
        "train/loss_smooth": 0.98 * last.get("train/loss_smooth", loss) + 0.02 * loss,
        "train/grad_norm": state.lognormvariate(0, 0.5),
        "train/accuracy": min(64, int(64 * (1 - loss / 3) + state.random() * 4)) / 64,
        "train/learning_rate": 5e-4 * (1 + math.cos(math.pi * step / 100_000)),
        "train/throughput": struct.unpack("f", struct.pack("f", 64 / seconds))[0],
        "train/epoch": step // 1_000,
        "train/samples": step * 64,
        "train/weight_decay": 0.01,
        "val/loss": loss if step % 100 == 0 else last["val/loss"],
    }


def rows_of(kind: str, count: int) -> Iterator[dict[str, Any]]:
    """The rows of the `disk` row (`mix`, `random`) or of the `read` row (`one`)."""
    state = random.Random(0)
    row: dict[str, Any] = {}
    keys = [f"metric_{index}" for index in range(10)]
    for step in range(count):
        if kind == "mix":
            row = training_row(step, state, row)
        elif kind == "random":
            row = {key: state.random() for key in keys}
        else:
            row = {"loss": step * 0.5}
        yield row


def write(tracker: Tracker, rows: int, kind: str, live: int = 0) -> Figures:
    """Write a run and end it; with `live`, read its metric before the end, too."""
    log = tracker.start()
    for row in rows_of(kind, rows):
        log(row)
    figures = {}
    if live:
        deadline = time.monotonic() + 120
        while True:
            start = time.perf_counter()
            values = tracker.series("loss")
            figures["live"] = (time.perf_counter() - start) * 1e3
            if len(values) == rows:
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(values)} of {rows} points could be read")
            del values
            time.sleep(0.2)
    tracker.finish()
    return figures


def rest(tracker: Tracker) -> Figures:
    """Bring the run into the form in which it is kept."""
    tracker.rest()
    return {}


def size(tracker: Tracker, rows: int, key: str) -> Figures:
    """Bytes per scalar of the run as it is kept, once every row was found in it."""
    tracker.rest()
    if len(tracker.recorded(key)) != rows:
        raise RuntimeError(f"not all of the {rows} rows are there")
    path = tracker.location()
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {"bytes": sum(file.stat().st_size for file in files) / (rows * 10)}


def read(tracker: Tracker, points: int) -> Figures:
    """The first read of a metric and the median of five more, in ms."""
    durations = []
    for _ in range(6):
        start = time.perf_counter()
        values = tracker.series("loss")
        durations.append((time.perf_counter() - start) * 1e3)
        if len(values) != points or values.sum() != points * (points - 1) / 4:
            raise RuntimeError(f"{len(values)} of {points} points, or wrong ones")
    return {"first": durations[0], "read": sorted(durations[1:])[2]}


WORKLOADS: dict[str, Callable[..., Figures]] = {
    function.__name__: function
    for function in (
        clock,
        imports,
        latency,
        memory,
        loop,
        victim,
        survivors,
        write,
        rest,
        size,
        read,
    )
}


def main() -> None:
    """Run the workload that the arguments name."""
    workload, name, directory, result, parameters = sys.argv[1:]
    tracker = trackers.load(name)(Path(directory))
    figures = WORKLOADS[workload](tracker, **json.loads(parameters))
    Path(result).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
