"""Records a run for the tests of the docs: ``python recording.py ROWS``.

Prints the run's directory when everything is logged, and lives on until its standard input is
closed. Then it raises.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import numpy

import nbtrack

ODD = {
    "float": 0.1,
    "bool": True,
    "int": 2**53,
    "large": 2**53 + 1,
    "huge": -(2**80),
    "string": "warm up",
    "none": None,
    "list": [1, 2.5],
    "moment": datetime(2026, 1, 31, 17, 45, tzinfo=UTC),
    "nested": {"inner": 1.5},
    "nan": float("nan"),
    "infinite": float("inf"),
}


def main() -> None:
    rows = int(sys.argv[1])
    run = nbtrack.init(config={"rate": 0.1, "layers": [32, 16]}, notes="for the docs")
    run.tags = ["docs"]
    nbtrack.config.rate = 0.2
    pixels = numpy.arange(48, dtype=numpy.uint8).reshape(4, 4, 3)
    table = nbtrack.Table(columns=["id", "score"], data=[[1, 0.5], [2, None]])
    nbtrack.log({**ODD, "sample": nbtrack.Image(pixels, caption="first"), "answers": table})
    for step in range(rows):
        nbtrack.log({"loss": 1 / (step + 1), "accuracy": step / rows})
    nbtrack.summary["best"] = 1
    sys.stdout.write(f"{run.path}\n")
    sys.stdout.flush()
    sys.stdin.read()
    raise ValueError("as the docs say")


if __name__ == "__main__":
    main()
