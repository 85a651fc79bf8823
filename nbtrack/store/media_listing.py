"""What media a run has, without reading all of them: keys, and one key's steps at a size."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from . import query
from .reader import Snapshot
from .result import ResultTable

_KEYS = """
SELECT key, arg_max(kind, (time, seq)) AS kind, count(*) AS count,
       list_sort(list_distinct(list(attempt))) AS attempts
FROM rows GROUP BY key ORDER BY key LIMIT $most
"""
# Of the steps those that lie evenly among them, with the first and the last.
_ITEMS = """
, one AS (SELECT * FROM rows WHERE key = $key AND attempt = $attempt),
places AS (
    SELECT step, row_number() OVER (ORDER BY step) - 1 AS place, count(*) OVER () AS many
    FROM (SELECT DISTINCT step FROM one)
),
chosen AS (
    SELECT step, many FROM places
    WHERE many <= $steps OR place = 0
       OR (place * ($steps - 1)) // (many - 1) > ((place - 1) * ($steps - 1)) // (many - 1)
)
SELECT one.seq, one.time, one.step, one.index, one.kind, one.file, one.size, one.info, chosen.many
FROM one JOIN chosen USING (step) ORDER BY one.step, one.time, one.seq, one.index
"""
_LATEST = "SELECT max(attempt) AS attempt FROM rows WHERE key = $key"


class KeyCount(msgspec.Struct):
    """How much was logged under a key, and in which attempts; ``kind`` is the latest one's."""

    key: str
    kind: str
    count: int
    attempts: list[int]


class Item(msgspec.Struct):
    """One thing that was logged; the fields of its record."""

    step: int
    time: int
    index: int
    kind: str
    file: str | None
    size: int
    info: dict[str, Any]


def media_keys(taken: Snapshot, most: int) -> list[KeyCount]:
    """The first ``most`` keys in alphabetical order."""
    found = query.fetch(taken.source("media"), _KEYS, most=most)
    return [KeyCount(**row) for row in ResultTable(found).to_pylist()]


def media_steps(
    taken: Snapshot, key: str, attempt: int | None, steps: int
) -> tuple[int, int, list[Item]]:
    """What lies under a key, at ``steps`` steps at most, by step and index.

    Args:
        attempt: Of this attempt; None: of the latest that has any.

    Returns:
        The attempt, how many steps it has in all, and the items. Of two rows with the same step
        the later one counts.
    """
    source = taken.source("media")
    if attempt is None:
        (latest,) = ResultTable(query.fetch(source, _LATEST, key=key)).to_pylist()
        attempt = latest["attempt"]
        if attempt is None:
            return 0, 0, []
    parameters = {"key": key, "attempt": attempt, "steps": max(2, steps)}
    rows = ResultTable(query.fetch(source, _ITEMS, **parameters)).to_pylist()
    last = {row["step"]: row["seq"] for row in rows}
    items = [
        Item(
            row["step"],
            row["time"],
            row["index"],
            row["kind"],
            row["file"],
            row["size"],
            _info(row["info"]),
        )
        for row in rows
        if row["seq"] == last[row["step"]]
    ]
    return attempt, rows[0]["many"] if rows else 0, items


def _info(text: str) -> dict[str, Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}
