"""What a run takes besides numbers: pictures, and folders of files."""

from __future__ import annotations

import time

from benchmarks.trackers import Tracker
from benchmarks.workloads.common import Figures, bytes_in


def images(tracker: Tracker, count: int) -> Figures:
    """Log pictures of 256 x 256 random bytes, and end the run.

    `seconds` is all of it; what the helpers need after that is known outside.
    """
    import numpy

    dice = numpy.random.default_rng(0)
    pictures = [dice.integers(0, 256, (256, 256), numpy.uint8) for _ in range(count)]
    tracker.start()
    tracker.image(pictures[0], 0)
    start = time.perf_counter()
    for step in range(1, count):
        tracker.image(pictures[step], step)
    called = time.perf_counter() - start
    tracker.finish()
    seconds = time.perf_counter() - start
    return {"calls": (count - 1) / called, "images": count - 1, "seconds": seconds}


def artifact(tracker: Tracker, files: int) -> Figures:
    """Record a folder of files of 1 KiB, and the same once more."""
    import numpy

    folder = tracker.directory / "folder"
    folder.mkdir()
    dice = numpy.random.default_rng(0)
    for index in range(files):
        (folder / f"{index:05}.bin").write_bytes(dice.bytes(1_024))
    tracker.start()
    before = bytes_in(tracker.directory)
    durations = []
    for _ in range(2):
        start = time.perf_counter()
        tracker.artifact(folder)
        durations.append(time.perf_counter() - start)
    start = time.perf_counter()
    tracker.finish()
    ending = time.perf_counter() - start
    grown = bytes_in(tracker.directory) - before
    return {
        "first": durations[0],
        "second": durations[1],
        "finish": ending,
        "kept": grown / (files * 1_024),
    }
