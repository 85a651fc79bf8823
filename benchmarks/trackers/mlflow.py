"""MLflow, logging to a SQLite database of its own, without a server.

`log_metrics()` is called as it is, so all rows have step 0 and differ in their time and values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker

SLOW = "at milliseconds a call it would take most of an hour"


class Adapter(Tracker):
    """mlflow, local."""

    name: ClassVar[str] = "mlflow"
    module: ClassVar[str] = "mlflow"
    requirements: ClassVar[tuple[str, ...]] = ("mlflow==3.17.0",)
    without: ClassVar[Mapping[str, str]] = {
        "read": SLOW,
        "growth": SLOW,
    }

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        return {
            "MLFLOW_TRACKING_URI": f"sqlite:///{directory / 'mlflow.db'}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "GIT_PYTHON_REFRESH": "quiet",
        }

    def start(self) -> Log:
        import mlflow

        mlflow.start_run(run_name=self.run)
        log: Log = mlflow.log_metrics
        return log

    def finish(self) -> None:
        import mlflow

        mlflow.end_run()

    def location(self) -> Path:
        return self.directory / "mlflow.db"

    def recorded(self, key: str) -> list[float]:
        with sqlite3.connect(self.location()) as database:
            found = database.execute("SELECT value FROM metrics WHERE key = ?", (key,)).fetchall()
        return [float(value) for (value,) in found]

    def state(self) -> str:
        (run,) = self._runs()
        return str(run.info.status)

    def image(self, picture: Any, step: int) -> None:
        import mlflow

        mlflow.log_image(picture, key="picture", step=step)

    def artifact(self, folder: Path) -> None:
        import mlflow

        mlflow.log_artifacts(str(folder), "folder")

    def runs(self) -> int:
        return sum(1 for run in self._runs() if run.info.run_name and run.info.status)

    def _runs(self) -> Any:
        import mlflow

        return mlflow.search_runs(output_format="list", max_results=50_000)
