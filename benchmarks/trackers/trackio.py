"""trackio, logging to its local SQLite database (no Space, no dashboard).

Outside a notebook `trackio.init()` starts no server. `HF_HUB_OFFLINE` turns the user look-up that
it makes at the start into an immediate refusal. Its system sampling is on, as it is for everybody
who has psutil.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker

PROJECT = "benchmark"


class Adapter(Tracker):
    """trackio, local."""

    name: ClassVar[str] = "trackio"
    module: ClassVar[str] = "trackio"
    requirements: ClassVar[tuple[str, ...]] = ("trackio==0.43.0",)
    without: ClassVar[Mapping[str, str]] = {"chart": "its page takes every point"}

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        return {
            "TRACKIO_DIR": str(directory / "trackio"),
            "HF_HOME": str(directory / "huggingface"),
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "GRADIO_ANALYTICS_ENABLED": "False",
        }

    def start(self) -> Log:
        import trackio

        trackio.init(project=PROJECT, name=self.run, embed=False)
        log: Log = trackio.log
        return log

    def finish(self) -> None:
        import trackio

        trackio.finish()

    def location(self) -> Path:
        return self.directory / "trackio"

    def series(self, key: str) -> Any:
        import numpy

        # Its public API has no history; this is what its own command line reads with.
        from trackio.sqlite_storage import SQLiteStorage

        values = SQLiteStorage.get_metric_values(PROJECT, self.run, key)
        return numpy.fromiter((value["value"] for value in values), float, len(values))

    def image(self, picture: Any, step: int) -> None:
        import trackio

        trackio.log({"picture": trackio.Image(picture)})

    def artifact(self, folder: Path) -> None:
        import trackio

        artifact = trackio.Artifact("folder", "dataset")
        artifact.add_dir(str(folder))
        trackio.log_artifact(artifact).wait()

    def runs(self) -> int:
        from trackio.sqlite_storage import SQLiteStorage

        return len(SQLiteStorage.get_runs(PROJECT))
