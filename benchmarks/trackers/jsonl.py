"""The other floor: a line of JSON for each row and a `write()` of it, and nothing else.

What many people write for themselves before they take a tracker. It keeps every row over a kill of
the process; it has no times, steps, checks, state, listing or helper.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker


class Adapter(Tracker):
    """JSON lines, unbuffered."""

    name: ClassVar[str] = "jsonl"
    requirements: ClassVar[tuple[str, ...]] = ()
    without: ClassVar[Mapping[str, str]] = {
        "import": "is no package",
        "chart": "has none",
        "images": "has none",
        "artifact": "has none",
        "runs": "has no list",
    }

    def start(self) -> Log:
        self._file = self.location().open("ab", buffering=0)
        write = self._file.write
        encode = json.JSONEncoder(default=float).encode

        def log(data: dict[str, Any]) -> None:
            write(encode(data).encode() + b"\n")

        return log

    def finish(self) -> None:
        self._file.close()

    def location(self) -> Path:
        return self.directory / "run.jsonl"

    def series(self, key: str) -> Any:
        import numpy

        with self.location().open("rb") as lines:
            rows = map(json.loads, lines)
            return numpy.array([row[key] for row in rows if key in row], float)
