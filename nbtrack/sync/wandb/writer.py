"""The process that writes a directory of W&B: told what by lines of JSON, ``[action, …]``, on its
standard input. It says on its standard output, as JSON, what it could not write.

It is the only place that imports wandb, so that nothing of it reaches any other process.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from .objects import made
from .records import records

# What W&B calls its own columns of a row.
RESERVED = frozenset({"_step", "_timestamp", "_runtime", "_wandb"})
_LARGEST = 1 << 63


class Writer:
    """Writes runs of W&B, one after the other."""

    def __init__(self, wandb: ModuleType) -> None:
        from wandb.proto import wandb_internal_pb2

        self._wandb = wandb
        self._records: Any = wandb_internal_pb2
        self._run: Any = None
        self._rows = 0
        self._logged: set[str] = set()
        self._written: dict[Path, int] = {}
        self.problems: dict[str, int] = {}
        self.done = False

    def start(self, folder: str, target: dict[str, Any]) -> None:
        """A run begins; ``target`` has the fields of :class:`~.plan.Target`."""
        settings = {
            "mode": "offline",
            "allow_offline_artifacts": True,
            "root_dir": folder,
            "console": "off",
            "silent": True,
            "symlink": False,
            # Nothing of the machine that exports, and nothing that is sent.
            "disable_code": True,
            "disable_git": True,
            "disable_job_creation": True,
            "save_code": False,
            "sagemaker_disable": True,
            "x_disable_machine_info": True,
            "x_disable_meta": True,
            "x_disable_stats": True,
            "x_disable_viewer": True,
            "x_save_requirements": False,
            # But that of the one that recorded.
            "host": target["host"],
            "program": target["program"] or "-",
            "git_commit": target["commit"],
            "git_remote_url": target["remote"],
        }
        known = self._wandb.Settings.model_fields
        names = ("id", "name", "project", "group", "job_type", "tags", "notes", "config")
        with _clock_at(target["started"] / 1e6):
            self._rows = 0
            self._logged = set()
            self._run = self._wandb.init(
                settings=self._wandb.Settings(**{k: v for k, v in settings.items() if k in known}),
                **{name: target[name] for name in names},
            )

    def define(self, name: str, given: dict[str, Any]) -> None:
        """What ``define_metric()`` was called with."""
        self._run.define_metric(name, **given)

    def row(self, step: int, at: int, values: dict[str, Any], media: dict[str, list[Any]]) -> None:
        """Everything of one step; ``at`` is in microseconds."""
        data: dict[str, Any] = {"_timestamp": at / 1e6}
        for key, value in values.items():
            if key in RESERVED:
                self._cannot(f"the metric {key!r}: W&B keeps that name for itself")
                continue
            if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
                self._cannot(f"the digits of {key!r} beyond 64 bits: W&B rounds them")
            data[key] = value
        for key, items in media.items():
            found = [one for one in map(self._media(key), items) if one is not None]
            if found:
                data[key] = found if len(items) > 1 else found[0]
        if len(data) > 1:
            self._run.log(data, step=step, commit=True)
            self._rows += 1
            self._logged.update(data)

    def sample(self, at: int, values: dict[str, float]) -> None:
        """One look at the machine."""
        record = self._records.Record()
        record.stats.timestamp.FromMicroseconds(at)
        for key, value in values.items():
            item = record.stats.item.add()
            item.key, item.value_json = key, json.dumps(value)
        self._publish(record, "samples of the machine")

    def text(self, at: int, stream: str, text: str) -> None:
        """What was printed."""
        record = self._records.Record()
        kinds = self._records.OutputRawRecord.OutputType
        record.output_raw.output_type = kinds.STDERR if stream == "stderr" else kinds.STDOUT
        record.output_raw.line = text
        record.output_raw.timestamp.FromMicroseconds(at)
        self._publish(record, "what was printed")

    def file(self, path: str, name: str) -> None:
        """A copy of a file goes with the run as ``name``."""
        target = Path(self._run.dir, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        self._run.save(str(target), base_path=self._run.dir, policy="now")

    def finish(self, summary: dict[str, Any], exit_code: int) -> None:
        """The run has ended."""
        for key, value in summary.items():
            if isinstance(value, float) and math.isnan(value):
                # W&B has it of what was logged; of what is set it makes null.
                if key not in self._logged:
                    self._cannot(f"NaN in the summary, for {key!r}: W&B has null there")
            elif key not in RESERVED:
                self._run.summary.update({key: value})
        self._run.finish(exit_code=exit_code)
        (path,) = Path(self._run.dir).parent.glob("*.wandb")
        self._written[path] = self._rows

    def end(self) -> None:
        """No run follows. What was written is read again: W&B says nothing of a full disk.

        Raises:
            SystemExit: Not everything is in its file.
        """
        self._wandb.teardown()
        for path, rows in self._written.items():
            kinds = Counter(
                self._records.Record.FromString(record).WhichOneof("record_type")
                for record in records(path)
            )
            if kinds["history"] != rows or not kinds["exit"]:
                raise SystemExit(
                    f"{kinds['history']:,} of {rows:,} rows are in {path.name}; a full"
                    " disk does that"
                )
        self.done = True

    def _media(self, key: str) -> Any:
        def make(item: dict[str, Any]) -> Any:
            try:
                return made(self._wandb, item, lambda words: self._cannot(f"{words} of {key!r}"))
            except Exception as error:  # each kind has errors of its own
                reason = str(error).strip().partition("\n")[0] or type(error).__name__
                self._cannot(f"the {item['kind']} {key!r}: {reason}")
                return None

        return make

    def _publish(self, record: Any, what: str) -> None:
        """Write a record for which the SDK has no function of its own."""
        publish = getattr(self._run._interface, "_publish", None)
        if publish is None:
            version = self._wandb.__version__
            self._cannot(f"{what}: wandb {version} takes none; 0.31 does")
        else:
            publish(record)

    def _cannot(self, words: str) -> None:
        self.problems[words] = self.problems.get(words, 0) + 1


ACTIONS = ("start", "define", "row", "sample", "text", "file", "finish", "end")


@contextlib.contextmanager
def _clock_at(moment: float) -> Iterator[None]:
    """The time of day is that moment meanwhile: W&B takes a run's beginning from nowhere else."""
    real = time.time
    time.time = lambda: moment
    try:
        yield
    finally:
        time.time = real


def main() -> None:
    """Do what the lines say, and end without an end of a run if they end too early."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    import wandb

    writer = Writer(wandb)
    for line in sys.stdin.buffer:
        action, *arguments = json.loads(line)
        if action not in ACTIONS:
            raise ValueError(f"no action: {action!r}")
        getattr(writer, action)(*arguments)
    if not writer.done:
        os._exit(1)
    os.write(answer, json.dumps(writer.problems).encode())
