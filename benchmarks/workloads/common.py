"""What several workloads share."""

from __future__ import annotations

import contextlib
from array import array
from pathlib import Path
from typing import Any

from benchmarks.trackers import Tracker

Figures = dict[str, Any]

WARM_UP = 200
# A file in the directory of a case.
STOPPED = "stopped"


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


def three(step: int) -> dict[str, Any]:
    """The row of three scalars of the `memory`, `loop` and `kill` rows."""
    return {"loss": 1 / (step + 1), "accuracy": 0.9, "batch": step}


def bytes_in(path: Path) -> int:
    """What a file, or all files below a directory, hold."""
    total = 0
    for file in [path] if path.is_file() else path.rglob("*"):
        # Helpers may remove what they made while it is counted.
        with contextlib.suppress(FileNotFoundError):
            if file.is_file():
                total += file.stat().st_size
    return total


def stopped(tracker: Tracker) -> bool:
    """Whether an earlier stage gave up: a later one has nothing to measure."""
    return (tracker.directory / STOPPED).exists()


def stop(tracker: Tracker) -> None:
    """Give up."""
    (tracker.directory / STOPPED).touch()
