"""What is known of a run whose process died: why, where, and what led to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .cells import CellView
from .death import Death, Job, cause
from .result import ResultTable

MEMORY_KEYS = ("memory.cgroup.bytes", "memory.process.bytes")
_LAST_LINES = 10
_LONGEST_LINE = 500


class PostMortem:
    """The card of a run that died.

    Attributes:
        cause: Why, in words.
        certainty: How certain that is: ``proven``, ``likely`` or ``unknown``.
        exit_code, signal: How the process ended; None where that is not known.
        cell, line: The label of the cell that ran, ``[12]``, and the line in it, from 1.
        source: That line.
        memory_bytes, memory_limit_bytes: What was in use at the last look, and of how much.
        memory: Bytes at each sample, in order: of the control group, else of the process with its
            children.
        output: The last lines that the cell showed.
        stack: What Python wrote of its stack when a fault in C code ended it.
        look_up: The command that knows more of the batch job or pod.
    """

    def __init__(
        self, death: Death, job: Job | None, cell: CellView | None, memory: list[float]
    ) -> None:
        why = cause(death, job)
        self.cause = why.words
        self.certainty = why.certainty
        self.exit_code = death.exit
        self.signal = death.signal
        self.cell = cell.label if cell is not None else None
        self.line = death.line_in(self.cell)
        self.source = _line_of(cell, self.line)
        self.memory_bytes = death.memory
        self.memory_limit_bytes = death.memory_limit
        self.memory = memory
        self.output = _last_lines(cell.output) if cell is not None else ""
        self.stack = death.stack
        self.look_up = job.look_up if job is not None else None

    def __repr__(self) -> str:
        return f"<post-mortem: {self.cause}>"

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON holds it."""
        return dict(vars(self))


def examine(
    death: Death, job: Job | None, cells: Sequence[CellView], system: ResultTable
) -> PostMortem:
    """The card of a death.

    Args:
        death: What is on record of it.
        job: The batch job or pod that the process ran in.
        cells: The cells of the run.
        system: Samples of :data:`MEMORY_KEYS`.
    """
    cut_off = [cell for cell in cells if cell.state == "crashed"]
    by_key: dict[str, list[float]] = {}
    for row in system.to_pylist():
        by_key.setdefault(row["key"], []).append(row["value"])
    memory = next((by_key[key] for key in MEMORY_KEYS if key in by_key), [])
    return PostMortem(death, job, cut_off[-1] if cut_off else None, memory)


def _line_of(cell: CellView | None, line: int | None) -> str | None:
    lines = cell.source.splitlines() if cell is not None else []
    if line is None or not 0 < line <= len(lines):
        return None
    return lines[line - 1].strip()


def _last_lines(text: str) -> str:
    lines = text.splitlines()[-_LAST_LINES:]
    return "\n".join(line[-_LONGEST_LINE:] for line in lines)
