"""tensorboardX, writing event files, read with TensorBoard's own reader of them.

It has no row: `log` is a loop around `add_scalar()` with a step of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker


class Adapter(Tracker):
    """tensorboardX, with its queue and its flushes as they come."""

    name: ClassVar[str] = "tensorboardX"
    module: ClassVar[str] = "tensorboardX"
    requirements: ClassVar[tuple[str, ...]] = (
        "tensorboardX==2.6.5",
        "tensorboard==2.21.0",
        "pillow==13.0.0",
    )
    without: ClassVar[Mapping[str, str]] = {
        "artifact": "has none",
        "runs": "has no list but the directories",
        "growth-10000000": "reading a million points takes minutes",
    }

    def start(self) -> Log:
        from tensorboardX import SummaryWriter

        self._writer = writer = SummaryWriter(str(self.location()))
        add = writer.add_scalar
        step = 0

        def log(data: dict[str, Any]) -> None:
            nonlocal step
            for key, value in data.items():
                add(key, value, step)
            step += 1

        return log

    def finish(self) -> None:
        self._writer.close()

    def location(self) -> Path:
        return self.directory / "events"

    def series(self, key: str) -> Any:
        import numpy
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from tensorboard.util.tensor_util import make_ndarray

        values = [
            float(make_ndarray(value.tensor))
            for path in sorted(self.location().glob("events.*"))
            for event in EventFileLoader(str(path)).Load()
            for value in event.summary.value
            if value.tag == key
        ]
        return numpy.array(values)

    def chart(self, key: str, buckets: int) -> int:
        # What TensorBoard's page draws: so many points picked by chance.
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        accumulator = EventAccumulator(str(self.location()), {"scalars": buckets})
        accumulator.Reload()
        return len(accumulator.Scalars(key))

    def image(self, picture: Any, step: int) -> None:
        self._writer.add_image("picture", picture, step, dataformats="HW")
