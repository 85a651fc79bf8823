"""What a run holds, on its way to the process that writes it for W&B."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from ..._errors import NbtrackError
from ...store import derived
from ...store.layout import RunDir
from ...store.media import MediaView, media_path
from ...store.media_tables import TableData
from ...store.metrics import MetricDefinition
from ...store.step_rows import StepRow, step_rows
from ...store.view import RunView
from .objects import CELL
from .plan import Target
from .process import WriterProcess
from .told import Told

# What means the same there. Everything else has its own name below "System" too.
_SYSTEM = {"memory.process.bytes": ("proc.memory.rssMB", 1 / (1 << 20))}
_GPU = {
    "utilization.percent": "gpu",
    "temperature.celsius": "temp",
    "power.watts": "powerWatts",
    "memory.used.bytes": "memoryAllocatedBytes",
}
_SUMMARIES = ("min", "max", "mean", "last", "first", "none")
# Files that W&B writes itself, or takes for its own.
_THEIRS = frozenset(
    "config.yaml wandb-metadata.json wandb-summary.json wandb-history.jsonl"
    " requirements.txt diff.patch media".split()
)


class Content:
    """Reads a run for the targets that it becomes.

    Attributes:
        rows: How many rows were sent.
    """

    def __init__(self, view: RunView, folder: Path, told: Told) -> None:
        self._view = view
        self._run_dir = RunDir(view.path)
        self._folder = folder
        self._told = told
        self._cells = view.cells
        self._media = view.media()
        self._samples = view.system().to_pylist()
        self._outputs = view.outputs()
        self.rows = 0

    def send(self, target: Target, writer: WriterProcess) -> None:
        """Everything that belongs to one target.

        Raises:
            StoreError: The run cannot be read.
            SyncError: The writer has ended.
        """
        if any(map(_is_nan, _leaves(target.config))):
            self._told.say("NaN in the config: W&B has null there")
        for name, definition in self._view.metrics.items():
            writer.tell("define", name, self._defined(definition))
        for attempt in target.attempts:
            for row, media in self._rows(attempt):
                if row.step < 0:
                    self._told.say("rows with a negative step: W&B begins at 0")
                    continue
                writer.tell("row", row.step, row.time, row.values, media)
                self.rows += 1
        self._send_system(target, writer)
        self._send_console(target, writer)
        self._send_files(target, writer)

    def say_what_never_goes(self) -> None:
        """What W&B has no place for, of what this run has."""
        view, say = self._view, self._told.say
        if self.rows:
            say("_runtime, the time since the beginning of each row: there it is the export's")
        if view.state == "running":
            say("what comes next: the run goes on, and this is what it had")
        if view.state == "crashed":
            say("the state crashed: W&B shows what ended with an exit code as failed")
        for use in view.artifacts:
            say(f"the artifact {use.name}:v{use.version} that the run {use.role}")
        if view.alerts:
            say("alerts: W&B would send them again", len(view.alerts))
        if view.models:
            say("the layers of models", len(view.models))
        if view.damage:
            say("damaged stretches of the journal; everything around them went", len(view.damage))

    def _defined(self, one: MetricDefinition) -> dict[str, Any]:
        summary = []
        for wanted in one.summary or []:
            if wanted == "best":
                wanted = "max" if one.goal == "maximize" else "min"
            if wanted in _SUMMARIES and wanted not in summary:
                summary.append(wanted)
        if one.goal is not None:
            self._told.say(f"the goal of {one.name!r}: {one.goal}")
        return {
            "step_metric": one.step_metric,
            "step_sync": one.step_sync,
            "hidden": one.hidden,
            "summary": ",".join(summary) or None,
        }

    def _rows(self, attempt: int) -> Iterator[tuple[StepRow, dict[str, list[Any]]]]:
        """One row a step: numbers and texts, with the media that were logged for it."""
        found = sorted(
            (one for one in self._media if one.attempt == attempt), key=attrgetter("step")
        )
        media = {step: list(items) for step, items in groupby(found, key=attrgetter("step"))}
        steps = iter(sorted(media))
        waiting = next(steps, None)
        for row in step_rows(self._run_dir, attempt):
            while waiting is not None and waiting < row.step:
                yield self._media_row(waiting, media[waiting])
                waiting = next(steps, None)
            if waiting == row.step:
                alone, objects = self._media_row(waiting, media[waiting])
                yield row._replace(time=max(row.time, alone.time)), objects
                waiting = next(steps, None)
            else:
                yield row, {}
        while waiting is not None:
            yield self._media_row(waiting, media[waiting])
            waiting = next(steps, None)

    def _media_row(
        self, step: int, items: list[MediaView]
    ) -> tuple[StepRow, dict[str, list[dict[str, Any]]]]:
        latest: dict[str, dict[int, MediaView]] = {}
        for item in sorted(items, key=attrgetter("time")):
            if item.index == 0:
                latest[item.key] = {}  # logged again: what was there before is replaced
            latest.setdefault(item.key, {})[item.index] = item
        sent = {
            key: [one for _, item in sorted(found.items()) if (one := self._item(item)) is not None]
            for key, found in latest.items()
        }
        return StepRow(step, max(item.time for item in items), {}), sent

    def _item(self, item: MediaView) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = {
                "kind": item.kind,
                "path": None if item.path is None else str(item.path),
                "info": item.info,
            }
            if item.kind == "table":
                table: TableData = item.read()
                found["columns"] = table.columns
                found["rows"] = [[self._cell(value) for value in row] for row in table.data]
            if item.info.get("masks"):
                masks = item.info["masks"].items()
                found["masks"] = {
                    name: str(media_path(self._run_dir, mask["file"])) for name, mask in masks
                }
        except (NbtrackError, OSError) as error:
            self._told.say(f"the {item.kind} {item.key!r} at step {item.step}: {error}")
            return None
        return found

    def _cell(self, value: Any) -> Any:
        if isinstance(value, MediaView):
            found = self._item(value)
            return None if found is None else {CELL: found}
        return value.isoformat() if isinstance(value, datetime) else value

    def _send_system(self, target: Target, writer: WriterProcess) -> None:
        for time, values in groupby(self._samples, key=itemgetter("time")):
            at = round(time.timestamp() * 1e6)
            if _within(at, target.stretches):
                writer.tell("sample", at, dict(_named(one["key"], one["value"]) for one in values))

    def _send_console(self, target: Target, writer: WriterProcess) -> None:
        mine = {cell.n for cell in self._cells if cell.attempt in target.attempts}
        for piece in self._outputs:
            if target.whole or piece["cell"] in mine:
                writer.tell("text", piece["time"], piece["stream"], piece["text"])
                if piece["lost"]:
                    self._told.say("text of cells that was too long to keep")

    def _send_files(self, target: Target, writer: WriterProcess) -> None:
        run_dir = self._run_dir
        for path in (run_dir.requirements, run_dir.diff):
            if path.is_file():
                writer.tell("file", str(path), path.name)
        if not target.last:
            return
        if self._cells:
            path = self._folder / run_dir.session.name
            derived.write_session(self._view, path)
            writer.tell("file", str(path), path.name)
        for path in sorted(run_dir.files.rglob("*")) if run_dir.files.is_dir() else ():
            if path.is_file():
                name = path.relative_to(run_dir.files).as_posix()
                if name.partition("/")[0] in _THEIRS | {run_dir.output_log.name}:
                    self._told.say(f"the name of the file {name!r}, which is W&B's own: see saved/")
                    name = f"saved/{name}"
                writer.tell("file", str(path), name)


def _named(key: str, value: float) -> tuple[str, float]:
    """A sample as W&B calls it."""
    if key in _SYSTEM:
        name, factor = _SYSTEM[key]
        return name, value * factor
    head, _, rest = key.partition(".")
    number, _, what = rest.partition(".")
    if head == "gpu" and what in _GPU:
        return f"gpu.{number}.{_GPU[what]}", value
    return key, value


def _within(time: int, stretches: Iterable[tuple[int, int | None]]) -> bool:
    return any(begin <= time and (end is None or time <= end) for begin, end in stretches)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
