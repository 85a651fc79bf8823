"""Aim, logging to a repository on disk without its server.

`Run.track()` takes the whole row. A run can be read once it is in the repository's index, which
`aim up` and `aim storage reindex` make: here the indexing is a part of `rest()` and `recorded()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker

SLOW = "at a millisecond a call and more it would take most of an hour"


class Adapter(Tracker):
    """aim, local."""

    name: ClassVar[str] = "aim"
    module: ClassVar[str] = "aim"
    requirements: ClassVar[tuple[str, ...]] = ("aim==3.29.1",)
    without: ClassVar[Mapping[str, str]] = {
        "read": SLOW,
        "growth": SLOW,
        "artifact": "needs a server or a bucket for them",
    }

    def start(self) -> Log:
        from aim import Repo, Run

        Repo.from_path(str(self.directory), init=True)
        self._run = Run(repo=str(self.directory), experiment="benchmark")
        log: Log = self._run.track
        return log

    def finish(self) -> None:
        self._run.close()

    def rest(self) -> None:
        from aim import Repo
        from aim.sdk.index_manager import RepoIndexManager

        repository = Repo(str(self.directory))
        manager = RepoIndexManager.get_index_manager(repository)
        for name in repository.list_all_runs():
            manager.index(name)

    def location(self) -> Path:
        return self.directory / ".aim"

    def recorded(self, key: str) -> list[float]:
        self.rest()
        return super().recorded(key)

    def series(self, key: str) -> Any:
        from aim import Repo
        from aim.storage.context import Context

        repository = Repo(str(self.directory))
        (name,) = repository.list_all_runs()
        metric = repository.get_run(name).get_metric(key, Context({}))
        _, (values,) = metric.data.view(("val",)).numpy()
        return values

    def state(self) -> str:
        from aim import Repo

        (run,) = Repo(str(self.directory)).iter_runs()
        return "active" if run.active else "ended"

    def image(self, picture: Any, step: int) -> None:
        import aim

        self._run.track(aim.Image(picture), name="picture", step=step)

    def runs(self) -> int:
        from aim import Repo

        found = Repo(str(self.directory)).iter_runs()
        return sum(1 for run in found if run.name and run.active in (True, False))
