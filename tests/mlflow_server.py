"""An MLflow server of its own process, for tests, and what is in it, by MLflow's own client."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from nbtrack.store import query, reader
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.view import RunView

Point = tuple[int, int, float]

# Nothing leaves this machine, and nothing is started beside the server.
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
_LARGEST = sys.float_info.max


class Mlflow:
    """A running server.

    Attributes:
        url: Its address.
        to: The same for ``nbtrack sync --to``.
        client: MLflow's own.
    """

    def __init__(self, url: str) -> None:
        from mlflow import MlflowClient

        self.url = url
        self.to = f"mlflow+{url}"
        self.client: Any = MlflowClient(url)

    def runs(self, run: str, *, deleted: bool = False) -> list[Any]:
        """All runs there that are a run of nbtrack's or its attempts."""
        from mlflow.entities import ViewType

        experiments = [one.experiment_id for one in self.client.search_experiments()]
        view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
        found: list[Any] = self.client.search_runs(
            experiments, f"tags.`nbtrack.run` = '{run}'", run_view_type=view
        )
        return found

    def by_attempt(self, run: str) -> dict[int, Any]:
        """The run there, under 0, and its attempts; there is one of each."""
        runs = self.runs(run)
        found = {int(one.data.tags.get("nbtrack.attempt", "0")): one for one in runs}
        assert len(found) == len(runs), "one is there twice"
        return found

    def points(self, there: Any, *keys: str) -> dict[str, list[Point]]:
        """Everything logged to a run there, by metric; of all, or of these."""
        return {
            key: sorted(
                (one.step, one.timestamp, _comparable(one.value))
                for one in self.client.get_metric_history(there.info.run_id, key)
            )
            for key in keys or there.data.metrics
        }

    def files(self, there: Any, folder: str | None = None) -> dict[str, int]:
        """The sizes of all artifacts of a run there."""
        found: dict[str, int] = {}
        for one in self.client.list_artifacts(there.info.run_id, folder):
            if one.is_dir:
                found |= self.files(there, one.path)
            else:
                found[one.path] = one.file_size
        return found

    def content(self, there: Any, path: str) -> bytes:
        """What an artifact holds."""
        with tempfile.TemporaryDirectory() as folder:
            got = self.client.download_artifacts(there.info.run_id, path, folder)
            return Path(got).read_bytes()

    def check_equal(self, store: Store, run: str) -> dict[int, Any]:
        """That every number of a run is there once, and nothing else; what is there."""
        from nbtrack.sync.mlflow import names

        view = RunView(store.run(run))
        there = self.by_attempt(run)
        logged = {
            attempt: {names.name(key): rows for key, rows in keys.items()}
            for attempt, keys in numbers(view).items()
        }
        assert there.keys() == {0} | {one.n for one in view.attempts if one.rows or one.ended_at}
        for attempt, one in there.items():
            found = self.points(one)
            if attempt == 0:
                found = {
                    key: points
                    for key, points in found.items()
                    if not key.startswith(("summary/", "system/"))
                }
            assert found == logged.get(attempt, {}), f"attempt {attempt}"
        return there


def numbers(view: RunView) -> dict[int, dict[str, list[Point]]]:
    """The numbers of a run by attempt and key, as a server keeps them."""
    rows = reader.read(RunDir(view.path), lambda taken: query.rows(taken.source("metrics")))
    found: dict[int, dict[str, set[Point]]] = {}
    for row in rows:
        if row["value"] is not None:
            point = (row["step"], row["time"] // 1000, _comparable(row["value"]))
            found.setdefault(row["attempt"], {}).setdefault(row["key"], set()).add(point)
    return {
        attempt: {key: sorted(points) for key, points in of.items()}
        for attempt, of in found.items()
    }


def _comparable(value: float) -> float:
    """NaN as a number that nobody logs; SQL has no infinities."""
    if math.isnan(value):
        return -12345.6789
    return max(-_LARGEST, min(_LARGEST, value))


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Mlflow]:
    """A server on loopback, with SQLite; all that it has lies in ``folder``."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    log = folder / "mlflow.log"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environ = {**os.environ, **_QUIET}
    url = f"http://127.0.0.1:{port}"
    with (
        log.open("wb") as out,
        # In a group of its own: it starts others.
        subprocess.Popen(
            command, stdout=out, stderr=out, env=environ, cwd=folder, start_new_session=True
        ) as process,
    ):
        try:
            deadline = time.monotonic() + 300
            while True:
                try:
                    with urlopen(f"{url}/health", timeout=30):
                        break
                except URLError:
                    said = log.read_text(encoding="utf-8")
                    assert process.poll() is None, said
                    assert time.monotonic() < deadline, said
                    time.sleep(0.1)
            yield Mlflow(url)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
