"""What was logged, one row for each step: what trackers that have a single row a step take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from . import query, reader
from .layout import RunDir
from .reader import Snapshot

Logged = float | int | str | None

_EXTENTS = "SELECT attempt, min(step) AS first, max(step) AS last FROM rows GROUP BY attempt"
_ROWS = (
    "SELECT step, time, key, value, text FROM rows WHERE attempt = $attempt"
    " ORDER BY step, time, seq"
)


class Extent(NamedTuple):
    """The lowest and the highest step for which an attempt logged anything."""

    first: int
    last: int


class StepRow(NamedTuple):
    """What was logged for one step of an attempt, in however many rows.

    Attributes:
        step: The step.
        time: When the last of it was logged (microseconds UTC).
        values: By key; of several for one key the later one. Integers that are not exact as a
            float are ``int``, other numbers are ``float``.
    """

    step: int
    time: int
    values: dict[str, Logged]


def extents(taken: Snapshot) -> dict[int, Extent]:
    """The steps of each attempt that logged numbers, text or media, by its number."""
    found: dict[int, Extent] = {}
    for table in ("metrics", "media"):
        columns = query.fetch(taken.source(table), _EXTENTS)
        named = (columns.column(name).to_pylist() for name in ("attempt", "first", "last"))
        for attempt, first, last in zip(*named, strict=True):
            before = found.get(attempt, Extent(first, last))
            found[attempt] = Extent(min(first, before.first), max(last, before.last))
    return found


def step_rows(run_dir: RunDir, attempt: int) -> Iterator[StepRow]:
    """The numbers and texts of one attempt in the order of steps.

    Raises:
        StoreError: The files cannot be read.
    """
    table = reader.read(
        run_dir, lambda taken: query.fetch(taken.source("metrics"), _ROWS, attempt=attempt)
    )
    at = latest = 0
    values: dict[str, Logged] = {}
    for batch in table.to_batches():
        columns = (batch.column(place).to_pylist() for place in range(batch.num_columns))
        for step, time, key, value, text in zip(*columns, strict=True):
            if values and step != at:
                yield StepRow(at, latest, values)
                values = {}
            at, latest = step, time
            values[key] = _logged(value, text)
    if values:
        yield StepRow(at, latest, values)


def _logged(value: float | None, text: str | None) -> Logged:
    if value is None:
        return text
    return value if text is None else int(text)
