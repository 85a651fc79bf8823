"""SwanLab in its offline mode, with its other settings as they come.

An offline run is one `.swanlab` file: a record log with protobuf records, a record for each scalar.
SwanLab itself reads it only to send it to a server, so `recorded()` goes through it with SwanLab's
own scanner and protobuf classes, and there is no `series()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker


class Adapter(Tracker):
    """swanlab, offline."""

    name: ClassVar[str] = "swanlab"
    module: ClassVar[str] = "swanlab"
    requirements: ClassVar[tuple[str, ...]] = ("swanlab==0.10.3", "pillow==13.0.0")
    without: ClassVar[Mapping[str, str]] = {
        "read": "reads a run only from its server",
        "artifact": "has none",
        "runs": "lists runs only at its server",
    }

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        return {"SWANLAB_SAVE_DIR": str(directory / "settings"), "SWANLAB_MODE": "offline"}

    def start(self) -> Log:
        import swanlab

        logs = str(self.directory / "swanlog")
        swanlab.init(project="benchmark", mode="offline", log_dir=logs)
        log: Log = swanlab.log
        return log

    def finish(self) -> None:
        import swanlab

        swanlab.finish()

    def location(self) -> Path:
        (path,) = self.directory.glob("swanlog/run-*/*.swanlab")
        return path

    def recorded(self, key: str) -> list[float]:
        from swanlab.proto.swanlab.record.v1.record_pb2 import Record

        found = map(Record.FromString, self._records())
        return [
            record.scalar.value.number
            for record in found
            if record.HasField("scalar") and record.scalar.key == key
        ]

    def state(self) -> str:
        from swanlab.proto.swanlab.record.v1.record_pb2 import Record

        # It says nothing of a run that has not been sent; a closing record would be in the file.
        found = map(Record.FromString, self._records())
        return "ended" if any(record.HasField("finish") for record in found) else "-"

    def image(self, picture: Any, step: int) -> None:
        import swanlab

        swanlab.log({"picture": swanlab.Image(picture)})

    def _records(self) -> Any:
        from swanlab.sdk.internal.core_python.store import DataStoreReader

        reader = DataStoreReader()
        reader.open(self.location())
        return reader
