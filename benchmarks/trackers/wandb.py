"""Weights & Biases in its offline mode, with its other settings as they come.

An offline run is one `.wandb` file: a record log in LevelDB's framing with protobuf records. wandb
itself reads it only to send it to a server, so `recorded()` decodes it here, with wandb's own
protobuf classes, and there is no `series()`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.trackers import Log, Tracker

FILE_HEADER = 7
BLOCK = 32768
FRAME = struct.Struct("<IHB")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def records(path: Path) -> Iterator[bytes]:
    """The whole records of a `.wandb` file, up to the first torn one."""
    data = path.read_bytes()
    position = FILE_HEADER
    pending = b""
    while position + FRAME.size <= len(data):
        left = BLOCK - position % BLOCK
        if left < FRAME.size:
            position += left
            continue
        _, length, kind = FRAME.unpack_from(data, position)
        position += FRAME.size
        if kind not in (FULL, FIRST, MIDDLE, LAST) or position + length > len(data):
            return
        part = data[position : position + length]
        position += length
        pending = part if kind in (FULL, FIRST) else pending + part
        if kind in (FULL, LAST):
            yield pending


class Adapter(Tracker):
    """wandb, offline."""

    name: ClassVar[str] = "wandb"
    module: ClassVar[str] = "wandb"
    requirements: ClassVar[tuple[str, ...]] = ("wandb==0.31.0", "pillow==13.0.0")
    without: ClassVar[Mapping[str, str]] = {
        "read": "reads a run only from its server",
        "runs": "lists runs only at its server",
    }

    @classmethod
    def environment(cls, directory: Path) -> Mapping[str, str]:
        return {
            "WANDB_MODE": "offline",
            "WANDB_DIR": str(directory),
            "WANDB_CACHE_DIR": str(directory / "cache"),
            "WANDB_CONFIG_DIR": str(directory / "config"),
            "WANDB_DATA_DIR": str(directory / "data"),
            "WANDB_SILENT": "true",
            "WANDB_ERROR_REPORTING": "false",
        }

    def start(self) -> Log:
        import wandb

        wandb.init(project="benchmark")
        log: Log = wandb.log
        return log

    def finish(self) -> None:
        import wandb

        wandb.finish()

    def location(self) -> Path:
        (path,) = self.directory.glob("wandb/offline-run-*/*.wandb")
        return path

    def recorded(self, key: str) -> list[float]:
        from wandb.proto.wandb_internal_pb2 import Record

        values = []
        for payload in records(self.location()):
            record = Record.FromString(payload)
            if record.WhichOneof("record_type") != "history":
                continue
            for item in record.history.item:
                if key in (item.key, *item.nested_key):
                    values.append(float(json.loads(item.value_json)))
        return values

    def state(self) -> str:
        # It says nothing of a run that has not been sent; an exit record would be in the file.
        from wandb.proto.wandb_internal_pb2 import Record

        found = map(Record.FromString, records(self.location()))
        ended = any(record.WhichOneof("record_type") == "exit" for record in found)
        return "ended" if ended else "-"

    def image(self, picture: Any, step: int) -> None:
        import wandb

        wandb.log({"picture": wandb.Image(picture)})

    def artifact(self, folder: Path) -> None:
        import wandb

        artifact = wandb.Artifact("folder", "dataset")
        artifact.add_dir(str(folder))
        # Nothing can be waited for offline.
        wandb.log_artifact(artifact)
