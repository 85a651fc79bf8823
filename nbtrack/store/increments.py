"""What somebody who has a part of a run's rows does not have yet, some at a time.

A writer's records have rising numbers, so how far one has come is a number for each writer. Of two
threads the later number may be written first; so beside it stands how many values were below.
Where there are more now, one starts again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from . import query
from .reader import Snapshot

# Attempt and writer. Samples of the machine have attempt 0.
Place = tuple[int, str]

_HELD = """
, held AS (SELECT unnest($attempts) AS attempt, unnest($writers) AS writer, unnest($seqs) AS seq)
"""
_COUNTS = """
, counted AS (SELECT {attempt} AS attempt, writer, seq FROM rows WHERE value IS NOT NULL)
SELECT attempt, writer, count(*) AS values FROM counted JOIN held USING (attempt, writer)
WHERE counted.seq <= held.seq GROUP BY attempt, writer
"""
_REST = """
, wanted AS (
    SELECT {attempt} AS attempt, writer, seq, {step} AS step, time, key, value
    FROM rows WHERE value IS NOT NULL
)
SELECT {columns} FROM wanted LEFT JOIN held USING (attempt, writer)
WHERE list_contains($known, attempt) AND (held.seq IS NULL OR wanted.seq > held.seq)
"""
_OTHER = """
SELECT count(*) FILTER (value IS NULL) AS texts,
       count(*) FILTER (value IS NOT NULL AND text IS NOT NULL) AS rounded,
       count(*) FILTER (isinf(value)) AS infinite
FROM rows WHERE value IS NULL OR text IS NOT NULL OR isinf(value)
"""


class Mark(NamedTuple):
    """How far one has come with a writer: all its values up to number ``seq``, ``values`` many."""

    seq: int
    values: int


class Value(NamedTuple):
    """One number of one row; times are microseconds since 1970 (UTC)."""

    attempt: int
    writer: str
    seq: int
    step: int
    time: int
    key: str
    value: float


class Other(NamedTuple):
    """How many values are not what a finite float64 holds: texts, integers beyond 2**53, ±inf."""

    texts: int
    rounded: int
    infinite: int


def sound(taken: Snapshot, table: str, marks: Mapping[Place, Mark]) -> dict[Place, Mark]:
    """Those of some marks below which there are as many values as they say."""
    if not marks:
        return {}
    found = query.fetch(
        taken.source(table), _HELD + _COUNTS.format(**_columns(table)), **_held(marks)
    )
    columns = (found.column(name).to_pylist() for name in ("attempt", "writer", "values"))
    counts = {(attempt, writer): count for attempt, writer, count in zip(*columns, strict=True)}
    return {place: mark for place, mark in marks.items() if counts.get(place, 0) == mark.values}


def rest(
    taken: Snapshot,
    table: str,
    marks: Mapping[Place, Mark],
    attempts: Collection[int],
    most: int,
) -> tuple[list[Value], bool]:
    """Values of some attempts beyond the marks, by attempt, writer and number; whole rows.

    Args:
        table: ``metrics``, or ``system``, where the step is the whole seconds since the first
            sample.
        most: So many values at most, or one row if that has more.

    Returns:
        The values, and whether there are others.
    """
    sql = _HELD + _REST.format(**_columns(table), columns="wanted.*")
    sql += " ORDER BY attempt, writer, wanted.seq"
    parameters = {**_held(marks), "known": list(attempts)}
    limit = most
    while True:
        found = query.fetch(taken.source(table), f"{sql} LIMIT {limit + 1}", **parameters)
        columns = (found.column(name).to_pylist() for name in Value._fields)
        values = list(map(Value, *columns))
        if len(values) <= limit:
            return values, False
        last = values[-1][:3]
        whole = len(values)
        while whole and values[whole - 1][:3] == last:
            whole -= 1
        if whole:
            return values[:whole], True
        limit *= 2


def count_rest(
    taken: Snapshot, table: str, marks: Mapping[Place, Mark], attempts: Collection[int]
) -> int:
    """How many values of some attempts there are beyond the marks."""
    sql = _HELD + _REST.format(**_columns(table), columns="count(*) AS values")
    found = query.fetch(taken.source(table), sql, **_held(marks), known=list(attempts))
    (count,) = found.column("values").to_pylist()
    return int(count)


def count_other(taken: Snapshot) -> Other:
    """How many logged values of a run are no ordinary numbers."""
    found = query.fetch(taken.source("metrics"), _OTHER)
    return Other(*(int(found.column(name).to_pylist()[0]) for name in Other._fields))


def _columns(table: str) -> dict[str, str]:
    if table == "metrics":
        return {"attempt": "attempt", "step": "step"}
    seconds = "(time - (SELECT min(time) FROM rows)) // 1000000"
    return {"attempt": "0::BIGINT", "step": seconds}


def _held(marks: Mapping[Place, Mark]) -> dict[str, list[int] | list[str]]:
    # A list without elements has no type.
    every = {**marks, (-1, ""): Mark(-1, 0)}
    return {
        "attempts": [attempt for attempt, _ in every],
        "writers": [writer for _, writer in every],
        "seqs": [mark.seq for mark in every.values()],
    }
