"""What a loop pays for logging in each of its steps."""

from __future__ import annotations

import os
import sys
import time
from array import array
from collections.abc import Callable

from benchmarks import processes
from benchmarks.trackers import Log, Tracker
from benchmarks.workloads.common import WARM_UP, Figures, three, zeros

# Where torch is, that all environments share: it is larger than all of them.
TORCH = "BENCHMARK_TORCH"

Work = Callable[[int], object]


def work(count: int) -> int:
    """Python code that takes as long as its argument says and gives nothing away."""
    total = 0
    for number in range(count):
        total += number * number & 7
    return total


def numpy_work() -> Work:
    """Products of small matrices, which are calls of C code that give the GIL up or keep it."""
    import numpy

    left = numpy.random.default_rng(0).random((64, 64))

    def multiply(count: int) -> object:
        result = left
        for _ in range(count):
            result = left @ left
        return result

    return multiply


def torch_work() -> Work:
    """Batches of a small network on the CPU: forwards, backwards and a step of SGD."""
    # After everything else, so that what both need is the tracker's.
    sys.path.append(os.environ[TORCH])
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = torch.nn.Linear(64, 64)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    batch = torch.rand(32, 64)

    def train(count: int) -> object:
        for _ in range(count):
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            optimizer.step()
        return model

    return train


WORKS: dict[str, Callable[[], Work]] = {
    "python": lambda: work,
    "numpy": numpy_work,
    "torch": torch_work,
}


def a_millisecond(function: Work) -> int:
    """The argument with which `function` takes about 1 ms here and now."""
    count = 2
    while True:
        durations = []
        for _ in range(30):
            start = time.perf_counter_ns()
            function(count)
            durations.append(time.perf_counter_ns() - start)
        took = sorted(durations)[15]
        if took > 5e5:
            return max(1, round(count * 1e6 / took))
        count *= 2


def timed_steps(
    function: Work, count: int, steps: int, log: Log | None
) -> tuple[array[int], array[int], int]:
    """Durations of the work and of the logging of each step, and of everything, in ns."""
    now = time.perf_counter_ns
    working, logging = zeros(steps), zeros(steps)
    first = now()
    for step in range(steps):
        start = now()
        function(count)
        middle = now()
        working[step] = middle - start
        if log is not None:
            row = three(step)
            middle = now()
            log(row)
            logging[step] = now() - middle
    return working, logging, now() - first


def loop(tracker: Tracker, steps: int, kind: str) -> Figures:
    """What a loop of 1 ms steps pays for logging in each."""
    token = os.environ[processes.TOKEN]
    function = WORKS[kind]()
    count = a_millisecond(function)
    before, _, wall_before = timed_steps(function, count, steps // 2, None)
    log = tracker.start()
    for step in range(WARM_UP):
        log(three(step))
    helpers = processes.helpers_cpu(token)
    # All threads' CPU less this one's is that of the threads that the tracker runs.
    threads = time.process_time() - time.thread_time()
    _, logging, wall = timed_steps(function, count, steps, log)
    threads = time.process_time() - time.thread_time() - threads
    helpers = processes.helpers_cpu(token) - helpers
    tracker.finish()
    after, _, wall_after = timed_steps(function, count, steps // 2, None)
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
