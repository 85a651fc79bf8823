"""The floor: encode the dict with msgspec and copy the bytes into anonymous memory.

It keeps nothing, has no steps, times, checks, locks or files. No tracker that writes its rows from
Python can be faster; what a tracker takes beyond it is the price of what it does.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker

SIZE = 4 << 20


class Adapter(Tracker):
    """The floor below every tracker."""

    name: ClassVar[str] = "limit"
    requirements: ClassVar[tuple[str, ...]] = ("msgspec==0.22.0",)
    without: ClassVar[Mapping[str, str]] = {
        "import": "is no package",
        "kill": "keeps nothing",
        "disk": "keeps nothing",
        "read": "keeps nothing",
        "images": "keeps nothing",
        "artifact": "keeps nothing",
        "runs": "keeps nothing",
        "growth": "keeps nothing",
    }

    def start(self) -> Log:
        import msgspec

        encode = msgspec.msgpack.Encoder(enc_hook=float).encode
        memory = mmap.mmap(-1, SIZE)
        offset = 0

        def log(data: dict[str, Any]) -> None:
            nonlocal offset
            payload = encode(data)
            end = offset + len(payload)
            if end > SIZE:
                offset, end = 0, len(payload)
            memory[offset:end] = payload
            offset = end

        return log

    def finish(self) -> None:
        """Nothing to end: it only lets the workloads that end a run include the floor."""
