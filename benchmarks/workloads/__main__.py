"""Runs the workload that the arguments name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import trackers
from benchmarks.workloads import files, growth, kill, latency, loop, memory, notebook, stored
from benchmarks.workloads.common import Figures

WORKLOADS: dict[str, Callable[..., Figures]] = {
    function.__name__: function
    for function in (
        latency.clock,
        latency.imports,
        latency.latency,
        notebook.load_ext,
        memory.memory,
        loop.loop,
        kill.victim,
        kill.survivors,
        stored.write,
        stored.rest,
        stored.size,
        stored.read,
        stored.chart,
        files.images,
        files.artifact,
        growth.grow,
        growth.grown,
        growth.many,
        growth.listing,
    )
}


def main() -> None:
    """Run it and write its figures."""
    workload, name, directory, result, parameters = sys.argv[1:]
    tracker = trackers.load(name)(Path(directory))
    figures = WORKLOADS[workload](tracker, **json.loads(parameters))
    Path(result).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
