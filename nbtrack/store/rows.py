"""The rows of ``log()`` as columns of ``metrics``, many at a time: this is where reading a run that
goes on spends its time, so loops over values are left to C.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """The values of many rows, one after the other.

    Attributes:
        keys, values, texts: Of one length; no ``texts``: there are none.
        counts: How many values each row has.
        width: How many all rows have, if they all have the same keys in the same order; else 0.
    """

    keys: list[str]
    values: Sequence[float | None]
    texts: list[str | None] | None
    counts: list[int]
    width: int

    def spread(self, numbers: Iterable[int]) -> array[int]:
        """A number of each row, as often as it has values."""
        found = array("q", numbers)
        if self.width == 1:
            return found
        if self.width:
            every = array("q", bytes(8 * len(self.keys)))
            for at in range(self.width):
                every[at :: self.width] = found
            return every
        return array("q", chain.from_iterable(map(repeat, found, self.counts)))


def metrics_batch(writer: str, rows: Sequence[Row], digest: Digest) -> arrow.RecordBatch:
    """Rows of one writer, in order, as one batch of ``metrics``; what they add up to is added to
    ``digest``.
    """
    found = _plain(rows) or _flattened(rows)
    _add_up(writer, rows, found, digest)
    count = len(found.keys)
    columns: dict[str, parquet.Column] = {
        "writer": parquet.repeated([writer], count),
        "seq": found.spread([row.seq for row in rows]),
        "attempt": found.spread([row.attempt for row in rows]),
        "step": found.spread([row.step for row in rows]),
        "time": found.spread([row.time for row in rows]),
        "key": parquet.repeated(found.keys[: found.width], count) if found.width else found.keys,
        "value": found.values,
        "text": parquet.repeated([None], count) if found.texts is None else found.texts,
    }
    return parquet.batch("metrics", columns)


def add_up(writer: str, rows: Sequence[Row], digest: Digest) -> None:
    """Add to ``digest`` what rows of one writer, in order, add up to."""
    _add_up(writer, rows, _plain(rows) or _flattened(rows), digest)


def _plain(rows: Sequence[Row]) -> _Values | None:
    """For rows of nothing but numbers that are exact as float64; None for others."""
    every: list[Any] = list(chain.from_iterable([row.data.values() for row in rows]))
    types = set(map(type, every))
    if not types <= _NUMBERS:
        return None
    if int in types:
        integers = [value for value in every if type(value) is int]
        if min(integers) < -EXACT or max(integers) > EXACT:
            return None
    keys = list(chain.from_iterable([row.data for row in rows]))
    counts = [len(row.data) for row in rows]
    width = counts[0]
    if counts.count(width) < len(counts) or keys != keys[:width] * len(rows):
        width = 0
    return _Values(keys, array("d", every), None, counts, width)


def _flattened(rows: Sequence[Row]) -> _Values:
    values: list[float | None] = []
    texts: list[str | None] = []
    found = _Values([], values, texts, [], 0)
    for row in rows:
        before = len(values)
        for key, (value, text) in flatten(row.data):
            found.keys.append(key)
            values.append(value)
            texts.append(text)
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
        if (first_row, last_row) == (0, len(rows)):
            _add_values(writer, rows, found, add_up)
            return
        part = slice(first_value, last_value)
        texts = found.texts and found.texts[part]
        values = _Values(found.keys[part], found.values[part], texts, counts, found.width)
        _add_values(writer, rows[first_row:last_row], values, add_up)
        first_row, first_value = last_row, last_value


def _add_values(writer: str, rows: Sequence[Row], found: _Values, digest: AttemptDigest) -> None:
    """Rows of one attempt."""
    row_of = found.spread(range(len(rows)))
    steps = [row.step for row in rows]
    digest.max_step = max(digest.max_step, *steps)
    rising = sorted(steps) == steps

    def at(place: int) -> Last:
        row = rows[row_of[place]]
        text = found.texts[place] if found.texts else None
        return Last(writer, row.seq, row.time, row.step, found.values[place], text)

    for key, places in _places(found):
        digest.take_first(key, at(places[0]))
        digest.take_last(key, at(places[-1]))
        numbers = _numbers(found.values, places, lambda place: steps[row_of[place]], rising)
        if numbers is not None:
            digest.take_numbers(key, numbers)


def _places(found: _Values) -> Iterator[tuple[str, Sequence[int]]]:
    """Where each key stands, in order."""
    keys, width = found.keys, found.width
    if width:
        for at, key in enumerate(keys[:width]):
            yield key, range(at, len(keys), width)
        return
    places: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        places.setdefault(key, []).append(at)
    yield from places.items()


def _numbers(
    every: Sequence[float | None],
    places: Sequence[int],
    step_of: Callable[[int], int],
    rising: bool,
) -> Numbers | None:
    """What the numbers at these places add up to; None if there is none.

    Args:
        rising: Steps never fall, so that of equal numbers the first has the lowest one.
    """
    values: list[Any]
    if isinstance(places, range):
        values = list(every[places.start : places.stop : places.step])
    else:
        values = [every[place] for place in places]
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
        step_of(places[values.index(wanted)])
        if rising
        else min(step_of(place) for place in places if every[place] == wanted)
        for wanted in (low, high)
    )
    return Numbers(len(values), total, low, low_step, high, high_step)


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)
