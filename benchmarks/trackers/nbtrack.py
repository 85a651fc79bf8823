"""nbtrack itself, installed from this repository as a wheel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Readable


class Adapter(Readable):
    """nbtrack in a script, with its recorder process and its settings as they come."""

    name: ClassVar[str] = "nbtrack"
    module: ClassVar[str] = "nbtrack"
    requirements: ClassVar[tuple[str, ...]] = ("./",)

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        return {"NBTRACK_DIR": str(directory / ".nbtrack"), "NBTRACK_QUIET": "1"}

    def start(self) -> Log:
        import nbtrack

        nbtrack.init(project="benchmark", name="run")
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
