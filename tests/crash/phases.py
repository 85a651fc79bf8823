"""Which part of the journal's, the sealing's or the merging's work a process is doing.

Wraps the functions that do it, in the process that is going to be killed, and keeps the number of
the phase in memory shared with the test.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from nbtrack.store import merge, parquet, seal
from nbtrack.store.journal import Journal
from nbtrack.store.segment import AppendedSegment, MappedSegment
from tests.crash.processes import SharedCounter

PHASES = (
    "appending",
    "changing segments",
    "creating a segment",
    "ending a segment",
    "reading a segment to seal it",
    "writing a table",
    "merging",
    "between",
)


def watch(phase: SharedCounter) -> None:
    """Keep ``phase`` at what this process does from now on."""

    def wrap(owner: Any, name: str, words: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)
        number = PHASES.index(words)

        @wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            before = phase.get()
            phase.set(number)
            try:
                return original(*args, **kwargs)
            finally:
                phase.set(before)

        setattr(owner, name, watched)

    wrap(Journal, "_change_segment", "changing segments")
    wrap(Journal, "_create", "creating a segment")
    wrap(MappedSegment, "end", "ending a segment")
    wrap(AppendedSegment, "end", "ending a segment")
    wrap(seal, "seal", "reading a segment to seal it")
    wrap(parquet, "write", "writing a table")
    wrap(merge, "_merge", "merging")
