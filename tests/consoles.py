"""The console of a run, put together from its records in the plainest way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbtrack._screen import RowChange
from nbtrack.store import query, reader
from nbtrack.store.layout import RunDir


def put_together(changes: Iterable[RowChange]) -> str:
    """The rows that changes add up to, as one text."""
    rows: dict[int, str] = {}
    for change in changes:
        first, *others = change.text.split("\n")
        before = rows.get(change.row, "")
        assert len(before) >= change.start, "a change leaves a hole"
        rows[change.row] = before[: change.start] + first
        rows.update(dict(enumerate(others, start=change.row + 1)))
    return "\n".join(rows.get(row, "") for row in range(max(rows, default=0) + 1))


def console_records(path: Path) -> list[dict[str, Any]]:
    """The rows of the table ``console`` of a run, in the order of each writer."""
    found = reader.read(RunDir(path), lambda taken: query.rows(taken.source("console")))
    return sorted(found, key=lambda row: (row["writer"], row["seq"]))


def console_of(path: Path) -> dict[tuple[str, str], str]:
    """What was seen of each stream of each cell: (source, stream) to text, all cells in one."""
    cells = reader.read(RunDir(path), lambda taken: query.rows(taken.source("cells")))
    sources = {row["time"]: row["source"] for row in cells if row["event"] == "cell_start"}
    streams: dict[tuple[str, int, str], list[RowChange]] = {}
    for record in console_records(path):
        key = record["writer"], record["cell"], record["stream"]
        change = RowChange(record["row"], record["start"], record["text"])
        streams.setdefault(key, []).append(change)
    found: dict[tuple[str, str], str] = {}
    for (_, cell, stream), changes in streams.items():
        name = sources.get(cell, ""), stream
        found[name] = found.get(name, "") + put_together(changes)
    return found
