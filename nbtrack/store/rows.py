"""The rows of ``log()`` as columns of ``metrics``, many at a time: this is where reading a run that
goes on spends its time, so loops over values are left to C.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, repeat
from operator import attrgetter
from typing import Any, NamedTuple

import arro3.core as arrow

from . import parquet
from .digest import AttemptDigest, Digest, Last, Numbers
from .schema import Row
from .values import EXACT, flatten

_NUMBERS = frozenset({float, int, bool})


class _Values(NamedTuple):
    """The values of many rows, one after the other, and how many there are in each row."""

    keys: list[str]
    values: Sequence[float | None]
    texts: list[str | None]
    counts: list[int]


def metrics_batch(writer: str, rows: Sequence[Row], digest: Digest) -> arrow.RecordBatch:
    """Rows of one writer, in order, as one batch of ``metrics``; what they add up to is added to
    ``digest``.
    """
    found = _plain(rows) or _flattened(rows)
    _add_up(writer, rows, found, digest)
    columns: dict[str, parquet.Column] = {
        "writer": [writer] * len(found.keys),
        "seq": _spread([row.seq for row in rows], found.counts),
        "attempt": _spread([row.attempt for row in rows], found.counts),
        "step": _spread([row.step for row in rows], found.counts),
        "time": _spread([row.time for row in rows], found.counts),
        "key": found.keys,
        "value": found.values,
        "text": found.texts,
    }
    return parquet.batch("metrics", columns)


def add_up(writer: str, rows: Sequence[Row], digest: Digest) -> None:
    """Add to ``digest`` what rows of one writer, in order, add up to."""
    _add_up(writer, rows, _plain(rows) or _flattened(rows), digest)


def _plain(rows: Sequence[Row]) -> _Values | None:
    """For rows of nothing but numbers that are exact as float64; None for others."""
    every: list[Any] = list(chain.from_iterable(row.data.values() for row in rows))
    types = set(map(type, every))
    if not types <= _NUMBERS:
        return None
    if int in types:
        integers = [value for value in every if type(value) is int]
        if min(integers) < -EXACT or max(integers) > EXACT:
            return None
    return _Values(
        list(chain.from_iterable(row.data for row in rows)),
        array("d", every),
        [None] * len(every),
        [len(row.data) for row in rows],
    )


def _flattened(rows: Sequence[Row]) -> _Values:
    values: list[float | None] = []
    found = _Values([], values, [], [])
    for row in rows:
        before = len(values)
        for key, (value, text) in flatten(row.data):
            found.keys.append(key)
            values.append(value)
            found.texts.append(text)
        found.counts.append(len(values) - before)
    return found


def _add_up(writer: str, rows: Sequence[Row], found: _Values, digest: Digest) -> None:
    first_row = first_value = 0
    for attempt, group in groupby(map(attrgetter("attempt"), rows)):
        last_row = first_row + sum(1 for _ in group)
        counts = found.counts[first_row:last_row]
        last_value = first_value + sum(counts)
        add_up = digest.of(attempt)
        add_up.rows += len(counts)
        if 0 in counts:  # a call of which nothing was kept; without any data, all was media
            empty = zip(counts, rows[first_row:last_row], strict=True)
            add_up.rows -= sum(not count and bool(row.data) for count, row in empty)
        add_up.max_step = max(add_up.max_step, *(row.step for row in rows[first_row:last_row]))
        values = _Values(
            found.keys[first_value:last_value],
            found.values[first_value:last_value],
            found.texts[first_value:last_value],
            counts,
        )
        _add_values(writer, rows[first_row:last_row], values, add_up)
        first_row, first_value = last_row, last_value


def _add_values(writer: str, rows: Sequence[Row], found: _Values, digest: AttemptDigest) -> None:
    """Rows of one attempt."""
    row_of = _spread(range(len(rows)), found.counts)
    steps = _spread([row.step for row in rows], found.counts)

    def at(place: int) -> Last:
        row = rows[row_of[place]]
        value, text = found.values[place], found.texts[place]
        return Last(writer, row.seq, row.time, row.step, value, text)

    for key, places in _places(found.keys):
        digest.take_first(key, at(places[0]))
        digest.take_last(key, at(places[-1]))
        numbers = _numbers(found.values, places, steps)
        if numbers is not None:
            digest.take_numbers(key, numbers)


def _places(keys: list[str]) -> Iterator[tuple[str, Sequence[int]]]:
    """Where each key stands, in order."""
    if not keys:
        return
    # Mostly all rows have the same keys.
    width = keys.index(keys[0], 1) if keys.count(keys[0]) > 1 else len(keys)
    head = keys[:width]
    if len(set(head)) == width and keys == head * (len(keys) // width):
        for at, key in enumerate(head):
            yield key, range(at, len(keys), width)
        return
    places: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        places.setdefault(key, []).append(at)
    yield from places.items()


def _numbers(
    every: Sequence[float | None], places: Sequence[int], steps: Sequence[int]
) -> Numbers | None:
    """What the numbers at these places add up to; None if there is none."""
    values: list[Any] = [every[place] for place in places]
    total = math.nan if None in values else sum(values)
    # The sum tells that there may be a NaN: then it is no finite number.
    if total - total != 0:
        places = [place for place in places if _is_number(every[place])]
        if not places:
            return None
        values = [every[place] for place in places]
        total = sum(values)
    low, high = min(values), max(values)
    low_step, high_step = (
        steps[places[values.index(wanted)]]
        if values.count(wanted) == 1
        else min(steps[place] for place in places if every[place] == wanted)
        for wanted in (low, high)
    )
    return Numbers(len(values), total, low, low_step, high, high_step)


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _spread(numbers: Iterable[int], counts: list[int]) -> array[int]:
    """Each number as often as its row has values."""
    return array("q", chain.from_iterable(map(repeat, numbers, counts)))
