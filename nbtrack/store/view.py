"""One run, as people read it."""

from __future__ import annotations

import time
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from . import documents, media, query, reader
from .artifact_schema import ArtifactUse, SavedFile
from .attempt_view import AttemptView
from .cells import CellView, read_cells
from .code import CodeInfo, patch_digest, read_code
from .console import outputs_of
from .fold import Fold
from .layout import RunDir
from .log import entries, log
from .media import MediaCount, MediaView
from .metrics_view import MetricsView
from .model import ModelInfo, read_model
from .outline import RunOutline
from .owners import Code, PartView, parts
from .post_mortem import MEMORY_KEYS, PostMortem, examine
from .present import exception, iso, moment
from .reader import Snapshot
from .result import ResultTable
from .schema import RunInfo, RunState
from .state import Evidence, Verdict
from .state import state as decide
from .tail import Damage


class RunView(MetricsView):
    """A run on disk: what it is now, whether it still goes on or not.

    The properties show one moment, that of the first look; :meth:`refresh` looks again.
    ``history()`` and ``system()`` always read what is there when they are called.
    """

    def __init__(
        self,
        run_dir: RunDir,
        taken: Snapshot | None = None,
        *,
        outline: RunOutline | None = None,
    ) -> None:
        self._run_dir = run_dir
        # Of a run that has ended: what a list shows of it need not be read again.
        self._outline = outline
        if taken is not None:
            self.__dict__["_snapshot"] = taken

    def __repr__(self) -> str:
        return f"<run {self.name} ({self.id}) {self.state}: {self.reason}>"

    def refresh(self) -> RunView:
        """Forget what was read, so that the next property reads it again. Returns itself."""
        self._outline = None
        for name in ("_info", "_snapshot", "_verdict"):
            self.__dict__.pop(name, None)
        return self

    @property
    def id(self) -> str:
        """The run's id, which is the name of its directory."""
        return self._run_dir.id

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self._run_dir.path

    @property
    def name(self) -> str:
        """The run's name, as it was edited last."""
        return (self._outline or self._info).name

    @property
    def project(self) -> str:
        """The project that the run belongs to."""
        return (self._outline or self._info).project

    @property
    def tags(self) -> list[str]:
        """The run's tags."""
        return (self._outline or self._info).tags

    @property
    def notes(self) -> str | None:
        """Notes about the run."""
        return (self._outline or self._info).notes

    @property
    def discarded(self) -> bool:
        """Whether somebody put the run out of sight."""
        return (self._outline or self._info).discarded

    @property
    def group(self) -> str | None:
        """The group the run belongs to."""
        return (self._outline or self._info).group

    @property
    def job_type(self) -> str | None:
        """What kind of job the run is, such as ``train`` or ``eval``."""
        return (self._outline or self._info).job_type

    @property
    def notebook(self) -> str | None:
        """The notebook, or the script with its arguments."""
        return self._info.notebook or " ".join(self._info.command or []) or None

    @property
    def python(self) -> str | None:
        """The version of Python that began the run."""
        return self._info.python

    @property
    def host(self) -> str:
        """The host that began the run."""
        return self._info.host

    @property
    def state(self) -> RunState:
        """running, finished, failed or crashed."""
        return (self._outline or self._verdict).state

    @property
    def reason(self) -> str:
        """Why that is its state, in words."""
        return (self._outline or self._verdict).reason

    @property
    def exception(self) -> dict[str, Any] | None:
        """``{type, message, traceback, cell, line}`` of what failed the run, or None."""
        return exception(self._verdict.failure)

    @property
    def post_mortem(self) -> PostMortem | None:
        """What is known of the death of the process that recorded the run; None if it ended well.

        Raises:
            StoreError: The files cannot be read.
        """
        evidence = self._evidence
        if evidence.death is None or evidence.owner != "dead" or evidence.closing is not None:
            return None
        return examine(evidence.death, self._info.job, self.cells, self.system(*MEMORY_KEYS))

    @property
    def config(self) -> dict[str, Any]:
        """The config as it was set last."""
        return self._fold.config

    @property
    def summary(self) -> dict[str, Any]:
        """Each key's value in the last attempt that logged it, what ``define_metric()`` asked for,
        or as it was set by hand.
        """
        return self._fold.summary

    @property
    def attempts(self) -> list[AttemptView]:
        """The executions of tracked cells, in order. Rows between cells are not among them."""
        cut_off = self.state != "running"
        return [
            AttemptView(attempt, cut_off=cut_off, ended=self._last_time)
            for attempt in self._fold.attempts
        ]

    @property
    def cells(self) -> list[CellView]:
        """Every cell that ran, tracked or not, in the order in which they began.

        Raises:
            StoreError: The files cannot be read.
        """
        running = self.state == "running"
        return reader.read(
            self._run_dir,
            lambda taken: read_cells(taken, running=running, read_output=self._output_of),
        )

    @property
    def code(self) -> list[CodeInfo]:
        """The code and the environment of each part of the run; a resumed run has several."""
        return read_code(self._run_dir)

    def log(self, cell: int | None = None) -> str:
        """Everything that was seen, cell after cell, as one text.

        Args:
            cell: Only cells with this number in brackets, ``In [cell]``.

        Raises:
            StoreError: The files cannot be read.
        """
        cells = self.cells
        return reader.read(self._run_dir, lambda taken: "".join(log(taken, cells, cell)))

    def outputs(self) -> list[dict[str, Any]]:
        """Everything that was seen, a dictionary for each piece.

        ``cell`` is the cell's ``n`` and ``execution_count`` its number in brackets, both None
        between cells and in scripts; ``stream`` is stdout, stderr, result or display; ``time`` is
        in microseconds UTC; ``lost`` characters before ``text`` were not kept.

        Raises:
            StoreError: The files cannot be read.
        """
        cells = self.cells
        return reader.read(self._run_dir, lambda taken: list(entries(taken, cells)))

    def _output_of(self, cell: int) -> str:
        found = reader.read(self._run_dir, lambda taken: outputs_of(taken, cell))
        return "".join(output.shown() for output in found)

    @property
    def parts(self) -> list[PartView]:
        """What each process that went on with the run recorded; one if none did."""
        run_dir = self._run_dir
        codes = {one.writer: Code(one, patch_digest(run_dir, one)) for one in self.code}
        return parts(self._fold, self._info, self._verdict, codes)

    @property
    def artifacts(self) -> list[ArtifactUse]:
        """Which versions of artifacts the run made and used, in that order."""
        return self._fold.artifacts

    @property
    def saved_files(self) -> list[SavedFile]:
        """The files that ``save()`` keeps copies of below ``files/``."""
        return list(self._fold.saved.values())

    @property
    def rows(self) -> int:
        """How often ``log()`` recorded a row, over all attempts."""
        return (self._outline or self._fold).rows

    @property
    def dropped_rows(self) -> int:
        """Rows that could not be kept because the disk or the quota was full."""
        return self._fold.dropped

    @property
    def started_at(self) -> datetime:
        """When the run began (UTC)."""
        started = moment(self._info.created)
        assert started is not None, "a run has a time at which it was made"
        return started

    @property
    def ended_at(self) -> datetime | None:
        """When the run ended, or was last heard of if it died (UTC); None while it goes on."""
        owner = self._fold.owner
        closed = self._fold.closed_at.get(owner.writer) if owner else None
        if closed is not None:
            return moment(closed)
        dead = self._evidence.owner == "dead"
        return moment(self._last_time) if dead else None

    @property
    def models(self) -> list[ModelInfo]:
        """The models that were watched, layer by layer.

        Raises:
            StoreError: The file cannot be read.
        """
        return read_model(self._run_dir)

    @property
    def damage(self) -> list[Damage]:
        """Damaged stretches of the journal; every row around them was read."""
        return self._snapshot.damage

    @property
    def is_empty(self) -> bool:
        """Nothing was logged, tracked or saved in it."""
        return (self._outline or self._fold).is_empty

    def system(self, *keys: str) -> ResultTable:
        """Samples of the machine: ``time, key, value``; all keys, or those given.

        The unit is in the key's last part: ``percent``, ``bytes``, ``bytes_per_second``,
        ``celsius``, ``watts``.

        Raises:
            StoreError: The files cannot be read.
        """
        return reader.read(self._run_dir, lambda taken: query.system(taken.source("system"), keys))

    def media(self, *keys: str) -> list[MediaView]:
        """What was logged besides numbers, by key, attempt, step and index; all, or of these keys.

        Raises:
            StoreError: The files cannot be read.
        """
        found = reader.read(self._run_dir, lambda taken: media.read_media(taken, keys))
        return [MediaView(self._run_dir, item) for item in found]

    def media_counts(self) -> list[MediaCount]:
        """How much was logged besides numbers, by key and kind.

        Raises:
            StoreError: The files cannot be read.
        """
        return reader.read(self._run_dir, media.count_media)

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON holds it; times are ISO 8601 in UTC."""
        return {
            "id": self.id,
            "name": self.name,
            "project": self.project,
            "state": self.state,
            "reason": self.reason,
            "exception": self.exception,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "config": self.config,
            "summary": self.summary,
            "metrics": {name: to_builtins(one) for name, one in self.metrics.items()},
            "alerts": [to_builtins(alert) for alert in self.alerts],
            "rows": self.rows,
            "dropped_rows": self.dropped_rows,
            "tags": self.tags,
            "notes": self.notes,
            "group": self.group,
            "job_type": self.job_type,
            "notebook": self.notebook,
            "host": self.host,
            "path": str(self.path),
            "parts": [part.to_dict() for part in self.parts],
        }

    @cached_property
    def _info(self) -> RunInfo:
        return documents.read_info(self._run_dir)

    @cached_property
    def _snapshot(self) -> Snapshot:
        return reader.snapshot(self._run_dir)

    @cached_property
    def _verdict(self) -> Verdict:
        return decide(self._evidence)

    @property
    def _evidence(self) -> Evidence:
        return self._fold.evidence(self._run_dir, self._info, time.time_ns() // 1000)

    @property
    def _fold(self) -> Fold:
        return self._snapshot.fold

    @property
    def _last_time(self) -> int:
        return self._fold.last_time or self._info.created
