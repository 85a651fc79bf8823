"""``Api()``: runs on disk, read as code reads those of a wandb server.

For what is written for it; :func:`nbtrack.runs` and :func:`nbtrack.open_run` say more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._not_offered import refuse
from ..store.catalog import open_run, runs
from ..store.present import iso
from ..store.view import RunView

if TYPE_CHECKING:
    import pandas

_WHERE = 'Say it in SQL: nbtrack.runs(where="config.lr > 0.01", sort="-summary.acc")'
_ORDERS = {"created_at": "started_at", "createdAt": "started_at", "heartbeat_at": "ended_at"}


class ApiRun:
    """One run, as wandb's API shows it.

    Attributes:
        view: The run as nbtrack shows it.
        id, name, project, state, tags, notes, group, job_type: As there.
        path: ``[project, id]``.
        created_at: When it began, in ISO 8601.
        config, summary: Dictionaries.
    """

    def __init__(self, view: RunView) -> None:
        self.view = view
        self.id = view.id
        self.name = self.display_name = view.name
        self.project = view.project
        self.entity: None = None
        self.url: None = None
        self.path = [view.project, view.id]
        self.state: str = view.state
        self.tags = view.tags
        self.notes = view.notes
        self.group = view.group
        self.job_type = view.job_type
        self.created_at = iso(view.started_at)
        self.config = view.config
        self.summary = self.summary_metrics = view.summary

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"

    if not TYPE_CHECKING:  # to a type checker they are not there

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            refuse(f"{name} of a run of Api()", "open_run(id) has what there is of a run")

    @property
    def lastHistoryStep(self) -> int:
        """The highest step; -1 if there are no rows."""
        return max((row["_step"] for row in self.scan_history()), default=-1)

    def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "default",
    ) -> pandas.DataFrame | list[dict[str, Any]]:
        """What was logged: ``_attempt``, ``_step`` and a column a key.

        Args:
            samples: Counts for nothing: all rows are there.
            keys: Only these.
            x_axis: Counts for nothing: the steps are always there.
            pandas: False gives a list of dictionaries.
            stream: ``"system"`` gives ``time``, ``key`` and ``value`` of the machine's samples.
        """
        if stream == "system":
            table = self.view.system()
            return table.to_pandas() if pandas else table.to_pylist()
        if not pandas:
            return list(self.scan_history(keys))
        return self._table(keys).to_pandas().rename(columns=_RENAMED)

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every row as a dictionary with ``_step`` and ``_attempt``.

        Args:
            keys: Only these, and only rows that have all of them.
            page_size: Counts for nothing.
            min_step: Not below this step.
            max_step: Below this step.
        """
        wanted = [key for key in keys or () if key not in _RENAMED.values()]
        for row in self._table(keys).to_pylist():
            named = {_RENAMED.get(name, name): value for name, value in row.items()}
            step = named["_step"]
            if min_step is not None and step < min_step:
                continue
            if max_step is not None and step >= max_step:
                continue
            if all(named.get(key) is not None for key in wanted):
                yield named

    def _table(self, keys: Sequence[str] | None) -> Any:
        wanted = [key for key in keys or () if key not in _RENAMED.values()]
        # One key alone would give a table of another shape.
        return self.view.history(*wanted, *wanted[: len(wanted) == 1])


_RENAMED = {"step": "_step", "attempt": "_attempt"}


class Api:
    """Runs of the store in use, under the names of wandb's API.

    Reads only. Paths are ``id``, ``project/id`` or ``entity/project/id``; a name serves as well as
    an id.
    """

    def __init__(
        self,
        overrides: Mapping[str, Any] | None = None,
        timeout: int | None = None,
        api_key: str | None = None,
    ) -> None:
        self.default_entity: None = None

    if not TYPE_CHECKING:  # to a type checker they are not there

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            refuse(f"Api().{name}", "runs() and open_run() read what is in a store")

    def run(self, path: str) -> ApiRun:
        """One run.

        Raises:
            RunNotFoundError: There is none of this id or name.
        """
        return ApiRun(open_run(path.rpartition("/")[2]))

    def runs(
        self,
        path: str | None = None,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        include_sweeps: bool = True,
        lazy: bool = True,
    ) -> list[ApiRun]:
        """The runs of a project, the oldest first.

        Args:
            path: ``project`` or ``entity/project``; by default all.
            filters: None: MongoDB's filters are not understood.
            order: ``created_at``, ``config.<key>`` or ``summary_metrics.<key>``, with ``-`` before
                it the largest first.
            per_page, include_sweeps, lazy: Count for nothing.

        Raises:
            NotOfferedError: There are filters.
        """
        if filters:
            refuse("Api().runs(filters=...)", _WHERE)
        sign, name = ("-", order[1:]) if order.startswith("-") else ("", order.removeprefix("+"))
        name = _ORDERS.get(name, name).removesuffix(".value")
        name = name.replace("summary_metrics.", "summary.")
        project = path.rpartition("/")[2] if path else None
        return [ApiRun(view) for view in runs(project=project, sort=sign + name)]
