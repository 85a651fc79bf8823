"""nbtrack itself, installed from this repository as a wheel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker


class Adapter(Tracker):
    """nbtrack in a script, with its recorder process and its settings as they come."""

    name: ClassVar[str] = "nbtrack"
    module: ClassVar[str] = "nbtrack"
    requirements: ClassVar[tuple[str, ...]] = ("./",)

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        return {"NBTRACK_DIR": str(directory / ".nbtrack"), "NBTRACK_QUIET": "1"}

    def start(self) -> Log:
        import nbtrack

        nbtrack.init(project="benchmark", name=self.run)
        return nbtrack.log

    def finish(self) -> None:
        import nbtrack

        nbtrack.finish()

    def location(self) -> Path:
        (path,) = self.directory.glob(".nbtrack/runs/*")
        return path

    def series(self, key: str) -> Any:
        import nbtrack

        return nbtrack.open_run(self.location().name).history(key)["value"]

    def chart(self, key: str, buckets: int) -> int:
        import nbtrack
        from nbtrack.store import reader, series

        def drawn(taken: reader.Snapshot) -> int:
            attempt = series.latest_with(taken.fold, key) or 0
            (curve,) = series.metrics(taken, [(attempt, key)], series.Across(), buckets)
            return len(curve.points) // 16

        directory = nbtrack.open_run(self.location().name)._run_dir
        return reader.read(directory, drawn)

    def state(self) -> str:
        import nbtrack

        return nbtrack.open_run(self.location().name).state

    def image(self, picture: Any, step: int) -> None:
        import nbtrack

        nbtrack.log({"picture": nbtrack.Image(picture)})

    def artifact(self, folder: Path) -> None:
        import nbtrack

        nbtrack.log_artifact(folder, "folder").wait()

    def runs(self) -> int:
        import nbtrack

        return sum(1 for run in nbtrack.runs() if run.name and run.state)
