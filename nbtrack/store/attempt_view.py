"""One execution of a tracked cell, as people read it."""

from __future__ import annotations

from typing import Any

from .fold import Attempt
from .present import exception, iso, moment


class AttemptView:
    """One execution of a tracked cell.

    Attributes:
        n: Its number in the run, from 1; 0 holds rows that no tracked cell made.
        cell_try: Its number among the executions of the same cell, from 1.
        cell_id: The id of the cell in the notebook.
        name: The name given by ``%%track --name``.
        tags: The tags given by ``%%track --tag``.
        state: running, finished, failed, interrupted or crashed.
        config: The run's config when the attempt began.
        summary: The last value of each key in this attempt.
        rows: How often ``log()`` was called.
        source: The cell as it was run.
        exception: ``{type, message, traceback, cell, line}``, or None.
        wall_seconds, cpu_seconds: What it took; None while it runs.
    """

    def __init__(self, attempt: Attempt, *, cut_off: bool, ended: int | None) -> None:
        open_still = attempt.state == "running"
        self.n = attempt.n
        self.cell_try = attempt.cell_try
        self.cell_id = attempt.cell_id
        self.name = attempt.name
        self.tags = attempt.tags
        self.state = "crashed" if open_still and cut_off else attempt.state
        self.config = attempt.config
        self.summary = attempt.summary
        self.rows = attempt.rows
        self.source = attempt.source
        self.exception = exception(attempt.failure)
        self.wall_seconds = attempt.wall_seconds
        self.cpu_seconds = attempt.cpu_seconds
        self.started_at = moment(attempt.started)
        self.ended_at = moment(ended if open_still and cut_off else attempt.ended)

    def __repr__(self) -> str:
        return f"<attempt {self.n} {self.state}, {self.rows} rows>"

    def to_dict(self) -> dict[str, Any]:
        """Everything but the source, as JSON holds it; times are ISO 8601 in UTC."""
        return {
            "n": self.n,
            "cell_try": self.cell_try,
            "cell_id": self.cell_id,
            "name": self.name,
            "tags": self.tags,
            "state": self.state,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": self.cpu_seconds,
            "rows": self.rows,
            "config": self.config,
            "summary": self.summary,
            "exception": self.exception,
        }
