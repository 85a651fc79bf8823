"""DVCLive without a DVC repository: a TSV file for each metric.

It logs one metric at a time and then says that the step is over, so `log` is a loop around both.
Its experiments (`save_dvc_exp`) need a git repository and are off, as is `dvc.yaml`, which only
those have a use for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker

SLOW = "at milliseconds a call it would take most of an hour"


class Adapter(Tracker):
    """dvclive, its own files only."""

    name: ClassVar[str] = "dvclive"
    module: ClassVar[str] = "dvclive"
    requirements: ClassVar[tuple[str, ...]] = ("dvclive==3.49.1", "pillow==13.0.0")
    without: ClassVar[Mapping[str, str]] = {
        "read": SLOW,
        "growth": SLOW,
        "artifact": "needs DVC and a git repository for them",
        "runs": "its list is made of git commits",
    }

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        return {"DVC_NO_ANALYTICS": "true", "DO_NOT_TRACK": "true"}

    def start(self) -> Log:
        from dvclive import Live

        self._live = live = Live(str(self.location()), save_dvc_exp=False, dvcyaml=None)
        log_metric, next_step = live.log_metric, live.next_step

        def log(data: dict[str, Any]) -> None:
            for key, value in data.items():
                log_metric(key, value)
            next_step()

        return log

    def finish(self) -> None:
        self._live.end()

    def location(self) -> Path:
        return self.directory / "live"

    def series(self, key: str) -> Any:
        import numpy
        from dvclive.utils import parse_tsv

        rows = parse_tsv(self.location() / "plots" / "metrics" / f"{key}.tsv")
        return numpy.array([row[key.rpartition("/")[2]] for row in rows], float)

    def image(self, picture: Any, step: int) -> None:
        self._live.log_image(f"picture-{step}.png", picture)
