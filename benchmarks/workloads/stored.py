"""What a run takes on disk, and how it is read."""

from __future__ import annotations

import math
import random
import struct
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks.trackers import Tracker
from benchmarks.workloads.common import Figures, bytes_in, stop, stopped

# So long a slow reader is asked again.
MILLISECONDS = 30_000
LOOK_EVERY = 100
WRITTEN = "written"


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


def write(tracker: Tracker, rows: int, kind: str, seconds: float, live: int = 0) -> Figures:
    """Write a run and end it; with `live`, read its metric before the end, too.

    Who takes longer than so many seconds has fewer rows then, which `size()` is told; what is to be
    read has to be complete.
    """
    log = tracker.start()
    deadline = time.monotonic() + seconds
    written = 0
    for row in rows_of(kind, rows):
        log(row)
        written += 1
        if written % LOOK_EVERY == 0 and time.monotonic() > deadline:
            break
    (tracker.directory / WRITTEN).write_text(str(written))
    if live and written < rows:
        stop(tracker)
    figures = {}
    if live and written == rows:
        deadline = time.monotonic() + seconds
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
    if not stopped(tracker):
        tracker.rest()
    return {}


def size(tracker: Tracker, key: str) -> Figures:
    """Bytes per scalar of the run as it is kept, once every row was found in it."""
    tracker.rest()
    rows = int((tracker.directory / WRITTEN).read_text())
    if len(tracker.recorded(key)) != rows:
        raise RuntimeError(f"not all of the {rows} rows are there")
    return {"bytes": bytes_in(tracker.location()) / (rows * 10)}


def read(tracker: Tracker, points: int) -> Figures:
    """The first read of a metric and the median of five more, in ms."""
    if stopped(tracker):
        return {}
    durations: list[float] = []
    while len(durations) < 2 or (len(durations) < 6 and sum(durations) < MILLISECONDS):
        start = time.perf_counter()
        values = tracker.series("loss")
        durations.append((time.perf_counter() - start) * 1e3)
        if len(values) != points or values.sum() != points * (points - 1) / 4:
            raise RuntimeError(f"{len(values)} of {points} points, or wrong ones")
    return {"first": durations[0], "read": median(durations[1:])}


def chart(tracker: Tracker, points: int, buckets: int = 1_000) -> Figures:
    """The median of five charts after the first, in ms; nothing where a tracker offers none."""
    if "chart" in tracker.without or stopped(tracker):
        return {}
    durations: list[float] = []
    while len(durations) < 2 or (len(durations) < 6 and sum(durations) < MILLISECONDS):
        start = time.perf_counter()
        drawn = tracker.chart("loss", buckets)
        durations.append((time.perf_counter() - start) * 1e3)
        if not 0 < drawn <= min(points, 2 * buckets):
            raise RuntimeError(f"a chart of {drawn} points")
    return {"chart": median(durations[1:]), "first_chart": durations[0]}
