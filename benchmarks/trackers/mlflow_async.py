"""MLflow as in `mlflow.py`, with its rows handed to a queue and a thread.

`log_metrics(synchronous=False)` returns at once; `end_run()` waits for what is queued. The queue
has no bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from benchmarks.trackers import Log
from benchmarks.trackers import mlflow as waiting


class Adapter(waiting.Adapter):
    """mlflow, local, asynchronous."""

    name: ClassVar[str] = "mlflow_async"
    room: ClassVar[str] = "mlflow"
    without: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("memory", "disk"), "its queue takes minutes to become empty"),
        **waiting.Adapter.without,
        **dict.fromkeys(("images", "artifact", "runs"), "the same as without a queue"),
    }

    def start(self) -> Log:
        import mlflow

        mlflow.start_run(run_name=self.run)
        return partial(mlflow.log_metrics, synchronous=False)
