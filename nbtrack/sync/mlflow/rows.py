"""Brings values of metrics to MLflow, each once.

How far a writer's values went stands in a tag of the run that has them, which the same request
brings and the server keeps after them. Killed in between, they go again: MLflow keeps a value of
the same key, step and time once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Literal

from ...store import increments, reader
from ...store.increments import Mark, Place, Value
from ...store.layout import RunDir
from . import names
from .server import REQUEST, Point, Server, There
from .words import WHOLE

Table = Literal["metrics", "system"]
Sent = Callable[[int], object]

# So many values are held at a time.
_WINDOW = 50_000
# Beside them, a request has the tag.
MOST = REQUEST - 1
_TAGS: dict[Table, str] = {"metrics": "nbtrack.rows.", "system": "nbtrack.samples."}


def mark_tag(table: Table, writer: str) -> str:
    """The tag that says how far a writer's values went."""
    return f"{_TAGS[table]}{writer}"


def marks_of(table: Table, there: Mapping[int, There]) -> dict[Place, Mark]:
    """How far each writer's values went, by what the runs there say."""
    found: dict[Place, Mark] = {}
    prefix = _TAGS[table]
    for attempt, run in there.items():
        for tag, text in run.tags.items():
            writer = tag.removeprefix(prefix)
            numbers = text.split()
            if writer != tag and len(numbers) == 2 and all(map(str.isdecimal, numbers)):
                found[attempt, writer] = Mark(*map(int, numbers))
    return found


def pending(run_dir: RunDir, table: Table, there: Mapping[int, There], known: list[int]) -> int:
    """How many values of some attempts are not there."""

    def count(taken: reader.Snapshot) -> int:
        marks = increments.sound(taken, table, marks_of(table, there))
        return increments.count_rest(taken, table, marks, known)

    return reader.read(run_dir, count)


def send(
    server: Server,
    run_dir: RunDir,
    table: Table,
    there: Mapping[int, There],
    sent: Sent,
    *,
    trusted: bool = False,
) -> int:
    """Bring what is missing there of some attempts; how many values that was.

    Args:
        trusted: What the runs there say of how far values went counts as it is: whoever brought
            them had more of the run than there is here.
        sent: Told how many values each request brought.

    Raises:
        Gone, SyncError, StoreError: It stopped before that.
    """
    known = [WHOLE] if table == "system" else list(there)
    marks = marks_of(table, there)
    if not trusted:
        marks = reader.read(run_dir, lambda taken: increments.sound(taken, table, marks))
    went = 0
    more = True
    while more:
        window, more = reader.read(
            run_dir, lambda taken: increments.rest(taken, table, marks, known, _WINDOW)
        )
        for (attempt, writer), group in groupby(window, key=lambda value: value[:2]):
            place = attempt, writer
            for part, ends in _requests(list(group)):
                before = marks.get(place, Mark(-1, 0))
                mark = Mark(part[-1].seq if ends else before.seq, before.values + len(part))
                tags = {mark_tag(table, writer): f"{mark.seq} {mark.values}"} if ends else {}
                server.log(there[attempt].run_id, [_point(table, one) for one in part], tags=tags)
                marks[place] = mark
                sent(len(part))
        went += len(window)
    return went


def _requests(values: list[Value]) -> Iterator[tuple[list[Value], bool]]:
    """Values of one writer in parts that a request can hold, and whether the part ends a row."""
    at = 0
    while at < len(values):
        end = min(at + MOST, len(values))
        whole = end
        while whole < len(values) and whole > at and values[whole - 1].seq == values[whole].seq:
            whole -= 1
        if whole == at:
            # A row of more than that; how far it went is not told until all of it did.
            yield values[at:end], end == len(values) or values[end - 1].seq != values[end].seq
            at = end
        else:
            yield values[at:whole], True
            at = whole


def _point(table: Table, value: Value) -> Point:
    key = f"system/{value.key}" if table == "system" else value.key
    return Point(names.name(key), value.value, value.time // 1000, value.step)
