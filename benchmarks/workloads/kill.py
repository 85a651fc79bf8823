"""What is left of a run whose process is killed."""

from __future__ import annotations

import mmap
import struct
import time

from benchmarks.trackers import Tracker
from benchmarks.workloads.common import Figures, three

ACKNOWLEDGED = "acknowledged"
COUNTER = struct.Struct("<q")
VICTIM_SECONDS = 120.0


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
    """Compare what the killed process counted with what can be read, and ask for its state."""
    (count,) = COUNTER.unpack((tracker.directory / ACKNOWLEDGED).read_bytes())
    steps = [int(value) for value in tracker.recorded("batch")]
    return {
        "acknowledged": count,
        "lost": count - len(set(steps).intersection(range(count))),
        "doubled": len(steps) - len(set(steps)),
        "state": tracker.state(),
    }
