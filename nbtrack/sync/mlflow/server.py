"""An MLflow server, through MLflow's own client."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..._environment import variables_unless_set
from ..._errors import SyncError
from ...remote.mlflow_address import Address
from .failures import Gone, telling

# MLflow's own patience is minutes, its own words go to the terminal, and its telemetry elsewhere.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
# Whether anybody is there is known sooner.
_IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
# Metrics, params and tags of one request together.
REQUEST = 1000
_PARAMS = 100
_PAGE = 1000


class There(NamedTuple):
    """A run at the server.

    Attributes:
        run_id: What MLflow calls it.
        status: RUNNING, FINISHED, FAILED or KILLED; ``end``: when it ended, milliseconds.
        metrics: The latest value of each.
    """

    run_id: str
    name: str
    status: str
    end: int | None
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]


class Point(NamedTuple):
    """A value of a metric; ``time`` is milliseconds since 1970 (UTC)."""

    key: str
    value: float
    time: int
    step: int


@contextlib.contextmanager
def settings() -> Iterator[None]:
    """Meanwhile, MLflow has nbtrack's settings, where nobody has set others."""
    with variables_unless_set(_SETTINGS):
        yield


class Server:
    """A server. May be used from several threads, inside :func:`settings`.

    Raises:
        SyncError: mlflow-skinny is not installed, or cannot be used here.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        try:
            with settings(), warnings.catch_warnings():
                # Its dependencies deprecate things of one another.
                warnings.simplefilter("ignore")
                from mlflow import MlflowClient
        except ImportError as error:
            missing = isinstance(error, ModuleNotFoundError) and error.name == "mlflow"
            raise SyncError(
                "mlflow-skinny is not installed" if missing else f"mlflow does not load: {error}",
                path=address.url,
                hint="`pip install 'nbtrack[mlflow]'` installs it.",
            ) from None
        with telling(address):
            self._client: Any = MlflowClient(address.tracking)

    def check(self) -> None:
        """Ask for one experiment, to see whether the server can be reached and read.

        Outside of :func:`settings`, whose patience is longer.

        Raises:
            SyncError: It cannot.
        """
        patience = variables_unless_set({**_SETTINGS, **_IMPATIENT})
        with patience, telling(self.address):
            self._client.search_experiments(max_results=1)

    def find_experiment(self, name: str) -> str | None:
        """The id of an experiment; None if there is none.

        Raises:
            SyncError: It was deleted there.
        """
        with telling(self.address):
            found = self._client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage != "active":
            raise SyncError(
                f"the experiment {name!r} was deleted there",
                path=self.address.url,
                operation="sync",
                hint="Restore it in MLflow, or choose another with ?experiment=name.",
            )
        return str(found.experiment_id) if found is not None else None

    def make_experiment(self, name: str) -> str:
        """The id of an experiment, made if there is none; raises as :meth:`find_experiment`."""
        found = self.find_experiment(name)
        if found is not None:
            return found
        try:
            with telling(self.address):
                return str(self._client.create_experiment(name))
        except SyncError:
            # Somebody else made it, or the answer to an earlier request was lost.
            found = self.find_experiment(name)
            if found is None:
                raise
            return found

    def search(self, experiment: str, tag: str, value: str) -> list[There]:
        """The runs of an experiment that have a tag, deleted ones left out."""
        found: list[There] = []
        token: str | None = None
        while True:
            with telling(self.address):
                page = self._client.search_runs(
                    [experiment],
                    f"tags.`{tag}` = '{value}'",
                    max_results=_PAGE,
                    page_token=token,
                )
            found += map(_there, page)
            token = page.token
            if not token:
                return found

    def create(self, experiment: str, name: str, start: int, tags: Mapping[str, str]) -> str:
        """Make a run, perhaps twice if the answer to the first request is lost; its id."""
        with telling(self.address):
            made = self._client.create_run(
                experiment, start_time=start, tags=dict(tags), run_name=name
            )
        return str(made.info.run_id)

    def delete(self, run_id: str) -> None:
        """Delete a run; nothing happens if it is deleted."""
        with contextlib.suppress(Gone), telling(self.address):
            self._client.delete_run(run_id)

    def log(
        self,
        run_id: str,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Bring values, params and tags, in one request if it can hold them all.

        Of one request the server keeps tags last, so that a tag may say that the rest is there.

        Raises:
            Gone, SyncError: It did not.
        """
        from mlflow.entities import Metric, Param, RunTag

        of_params = [Param(key, value) for key, value in (params or {}).items()]
        while len(of_params) > _PARAMS:
            with telling(self.address):
                self._client.log_batch(run_id, params=of_params[:_PARAMS])
            of_params = of_params[_PARAMS:]
        with telling(self.address):
            self._client.log_batch(
                run_id,
                [Metric(one.key, one.value, one.time, one.step) for one in points],
                of_params,
                [RunTag(key, value) for key, value in (tags or {}).items()],
            )

    def remove_tag(self, run_id: str, tag: str) -> None:
        """Take a tag off; nothing happens if it is not there."""
        with telling(self.address):
            try:
                self._client.delete_tag(run_id, tag)
            except Exception as error:
                if "No tag with name" not in str(error):
                    raise

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name."""
        with telling(self.address):
            self._client.update_run(run_id, name=name)

    def set_status(self, run_id: str, status: str, end: int | None) -> None:
        """Say that a run goes on, or how and when (milliseconds) it ended."""
        with telling(self.address):
            if end is None:
                self._client.update_run(run_id, status=status)
            else:
                self._client.set_terminated(run_id, status, end)

    def sizes(self, run_id: str, folder: str) -> dict[str, int]:
        """The size of each artifact right in a folder, by its whole path."""
        with telling(self.address):
            found = self._client.list_artifacts(run_id, folder or None)
        return {one.path: one.file_size for one in found if not one.is_dir}

    def put(self, run_id: str, path: str, content: Path | bytes) -> None:
        """Bring an artifact, in the place of what is there.

        Raises:
            FileNotFoundError: The file is not there any more.
            Gone, SyncError: The server does not take it.
        """
        folder, _, file_name = path.rpartition("/")
        # MLflow calls an artifact what its file is called.
        with tempfile.TemporaryDirectory(prefix="nbtrack-mlflow-") as own:
            local = Path(own) / file_name
            if isinstance(content, bytes):
                local.write_bytes(content)
            else:
                content.stat()
                local.symlink_to(content.absolute())
            with telling(self.address):
                self._client.log_artifact(run_id, str(local), folder or None)


def _there(run: Any) -> There:
    return There(
        run.info.run_id,
        run.info.run_name or "",
        run.info.status,
        run.info.end_time,
        run.data.tags,
        run.data.params,
        run.data.metrics,
    )
