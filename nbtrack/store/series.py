"""Curves of what a run logged: SQL over its files picks the rows, and buckets make them small.

Whatever part of a series one looks at, it is cut into buckets anew: so no spike is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from .._errors import UsageError
from . import long_series, query
from .bins import LARGEST, SMALLEST, Stretch
from .buckets import Bins, Integers, Numbers, extremes, extremes_of_bins, latest_at

if TYPE_CHECKING:
    from .fold import Fold
    from .query import Source
    from .reader import Snapshot

# So many rows are held at a time; of a longer series stretches.
_ROWS = 2_000_000
# Rows that are across another metric are joined, which takes all of them.
_MOST_JOINED = 20_000_000

One = tuple[int, str]


class Across(NamedTuple):
    """What is across, and the part of it that is wanted.

    Attributes:
        kind: ``step``; ``time``, in microseconds since 1970; ``relative``, in seconds since the
            attempt's first row; or ``metric``, joined by step.
        key: That metric.
        start, end: The part; None: all of it.
    """

    kind: str = "step"
    key: str = ""
    start: float | None = None
    end: float | None = None


class Curve(NamedTuple):
    """A series as it can be drawn.

    Attributes:
        attempt: The attempt that it is of; -1 for samples of the machine.
        rows: How many it was made of; ``nans`` of them were NaN.
        last: x and y of the one with the largest x.
        points: See :func:`nbtrack.store.buckets.extremes`.
    """

    attempt: int
    key: str
    rows: int
    nans: int
    last: tuple[float, float]
    points: bytes


class _Rows(NamedTuple):
    """The rows of one series; x is the step or the time."""

    x: Integers
    y: Numbers


def latest_with(fold: Fold, key: str) -> int | None:
    """The number of the latest attempt that logged ``key``; 0 for rows that belong to none."""
    for attempt in reversed(fold.attempts):
        if key in attempt.keys:
            return attempt.n
    return 0 if fold.loose is not None and key in fold.loose.keys else None


def metrics(
    taken: Snapshot, wanted: Sequence[One], across: Across, buckets: int
) -> Iterator[Curve]:
    """Curves of metrics, for each attempt and key of ``wanted``; empty where there are no rows.

    Raises:
        UsageError: There are too many rows for a metric to be across.
    """
    for part in _parts(taken.fold, wanted):
        if across.kind == "metric":
            yield from _over_metric(taken, part, across, buckets)
        elif across.kind == "relative":
            begins = _begins(taken.source("metrics"), part)
            for attempt, begin in begins.items():
                of_attempt = [one for one in part if one[0] == attempt]
                yield from _over_time_since(taken, of_attempt, begin, across, buckets)
        else:
            bounds = _whole(across.start, across.end)
            yield from _plain(taken, across.kind, part, bounds, buckets)


def clock(taken: Snapshot, attempt: int, key: str, buckets: int) -> Curve:
    """When the rows of an attempt were: over the step the time in microseconds since 1970.

    Of those rows that have ``key``.
    """
    if _sizes(taken.fold).get(attempt, 0) > _ROWS:
        found = long_series.clock(taken, Stretch(attempt, key, "step"), _ROWS, buckets)
        if found is not None:
            return _curve_of_bins((attempt, ""), *found, buckets)
    table = query.fetch(
        taken.source("metrics"),
        "SELECT step AS x, time::DOUBLE AS y FROM rows WHERE key = $key AND attempt = $attempt",
        key=key,
        attempt=attempt,
    )
    x, y = _column(table, "x"), _column(table, "y")
    return _curve((attempt, ""), x, y, buckets)


def system_keys(taken: Snapshot) -> list[str]:
    """What the samples of the machine hold, in the order in which it came."""
    table = query.fetch(
        taken.source("system"), "SELECT key FROM rows GROUP BY key ORDER BY min(seq), key"
    )
    return list(map(str, table.column("key").to_pylist()))


def system(
    taken: Snapshot, keys: Sequence[str], start: float | None, end: float | None, buckets: int
) -> Iterator[Curve]:
    """Curves of samples of the machine, over the time in microseconds since 1970."""
    first, last = _whole(start, end)
    source = taken.source("system")
    if not keys:
        return
    for one, rows in _read(source, "time", [(-1, key) for key in keys], first, last).items():
        yield _curve(one, rows.x, rows.y, buckets)


def _parts(fold: Fold, wanted: Sequence[One]) -> Iterator[list[One]]:
    """The series in parts that may be held in memory together."""
    sizes = _sizes(fold)
    part: list[One] = []
    rows = 0
    for one in dict.fromkeys(wanted):
        size = sizes.get(one[0], 0)
        if part and rows + size > _ROWS:
            yield part
            part, rows = [], 0
        part.append(one)
        rows += size
    if part:
        yield part


def _sizes(fold: Fold) -> dict[int, int]:
    """How many rows each attempt has; a series of it has no more."""
    sizes = {attempt.n: attempt.rows for attempt in fold.attempts}
    if fold.loose is not None:
        sizes[fold.loose.n] = fold.loose.rows
    return sizes


def _plain(
    taken: Snapshot, axis: str, part: list[One], bounds: tuple[int, int], buckets: int
) -> Iterator[Curve]:
    """Over the step or the time itself."""
    long = _long(taken, axis, part, bounds, buckets)
    if long is not None:
        yield _curve_of_bins(part[0], *long, buckets)
        return
    for one, rows in _read(taken.source("metrics"), axis, part, *bounds).items():
        yield _curve(one, rows.x, rows.y, buckets)


def _over_time_since(
    taken: Snapshot, part: list[One], begin: int, across: Across, buckets: int
) -> Iterator[Curve]:
    bounds = _whole(
        *(None if bound is None else begin + bound * 1e6 for bound in (across.start, across.end))
    )
    long = _long(taken, "time", part, bounds, buckets)
    if long is not None:
        bins, (x, y) = long
        low, high = ((one - begin) / 1e6 for one in (bins.low_x, bins.high_x))
        since = bins._replace(low_x=low, high_x=high)
        yield _curve_of_bins(part[0], since, ((x - begin) / 1e6, y), buckets)
        return
    for one, rows in _read(taken.source("metrics"), "time", part, *bounds).items():
        yield _curve(one, (rows.x - begin) / 1e6, rows.y, buckets)


def _long(
    taken: Snapshot, axis: str, part: list[One], bounds: tuple[int, int], buckets: int
) -> tuple[Bins, tuple[float, float]] | None:
    """The bins of a part with one series, if its rows are too many."""
    (attempt, key), *more = part
    if more or _sizes(taken.fold).get(attempt, 0) <= _ROWS:
        return None
    return long_series.binned(taken, Stretch(attempt, key, axis, *bounds), _ROWS, buckets)


def _over_metric(taken: Snapshot, part: list[One], across: Across, buckets: int) -> Iterator[Curve]:
    source = taken.source("metrics")
    most = max(_sizes(taken.fold).get(n, 0) for n, _ in part)
    if most > _MOST_JOINED:
        raise UsageError(
            f"{part[0][1]!r} has up to {most:,} rows in one attempt; with more than"
            f" {_MOST_JOINED:,}, no metric can be across: draw it over the step or the time"
        )
    for attempt in dict.fromkeys(n for n, _ in part):
        of_attempt = [one for one in part if one[0] == attempt]
        found = _read(source, "step", [*of_attempt, (attempt, across.key)], SMALLEST, LARGEST)
        below = found[attempt, across.key]
        for one in of_attempt:
            rows = found[one]
            x = latest_at(below.x, below.y, rows.x)
            start = -math.inf if across.start is None else across.start
            end = math.inf if across.end is None else across.end
            inside = (x >= start) & (x <= end)
            yield _curve(one, x[inside], rows.y[inside], buckets)


def _begins(source: Source, part: list[One]) -> dict[int, int]:
    """When the attempts of some series logged their first rows.

    That was not after the first row of the series: so most rows need not be looked at.
    """
    attempts = sorted({n for n, _ in part})
    keys = sorted({key for _, key in part})
    known = query.fetch(
        source,
        "SELECT max(first) AS latest FROM (SELECT min(time) AS first FROM rows"
        " WHERE list_contains($keys, key) AND list_contains($attempts, attempt) GROUP BY attempt)",
        keys=keys,
        attempts=attempts,
    )
    (latest,) = known.column("latest").to_pylist()
    if latest is None:
        return {}
    table = query.fetch(
        source,
        "SELECT attempt, min(time) AS first FROM rows"
        " WHERE time <= $latest AND list_contains($attempts, attempt) GROUP BY attempt",
        latest=latest,
        attempts=attempts,
    )
    columns = (table.column(name).to_pylist() for name in ("attempt", "first"))
    return dict(zip(*columns, strict=True))


def _read(
    source: Source, column: str, wanted: Sequence[One], first: int, last: int
) -> dict[One, _Rows]:
    """The rows of each series, from ``first`` to ``last`` of ``column``."""
    wanted = list(dict.fromkeys(wanted))
    is_metric = source.table == "metrics"
    named: dict[str, Any]
    if len(wanted) == 1:
        # Plain comparisons leave out whole row groups.
        chosen = "(SELECT 0::BIGINT AS one) ON key = $key"
        chosen += " AND attempt = $attempt" if is_metric else ""
        named = {"key": wanted[0][1], **({"attempt": wanted[0][0]} if is_metric else {})}
    else:
        chosen = (
            "(SELECT unnest($keys) AS k, unnest($attempts) AS a, unnest(range($count)) AS one)"
            f" ON key = k{' AND attempt = a' if is_metric else ''}"
        )
        named = {
            "keys": [key for _, key in wanted],
            "attempts": [n for n, _ in wanted],
            "count": len(wanted),
        }
    table = query.fetch(
        source,
        f"SELECT one, {column} AS x, value AS y FROM rows JOIN {chosen}"
        f" WHERE value IS NOT NULL AND {column} BETWEEN $first AND $last",
        **named,
        first=first,
        last=last,
    )
    x, y = _column(table, "x"), _column(table, "y")
    if len(wanted) == 1:
        return {wanted[0]: _Rows(x, y)}
    one = _column(table, "one")
    order = numpy.argsort(one, kind="stable")
    ends = numpy.searchsorted(one[order], numpy.arange(len(wanted) + 1))
    return {
        wanted[at]: _Rows(x[order[ends[at] : ends[at + 1]]], y[order[ends[at] : ends[at + 1]]])
        for at in range(len(wanted))
    }


def _column(table: Any, name: str) -> Any:
    """A column without nulls."""
    return table.column(name).to_numpy() if table.num_rows else numpy.empty(0, numpy.int64)


def _curve(one: One, x: Any, y: Numbers, buckets: int) -> Curve:
    last = (0.0, 0.0)
    if len(x):
        # Of equal ones the later one.
        at = len(x) - 1 - int(numpy.argmax(x[::-1]))
        last = (float(x[at]), float(y[at]))
    nans = int(numpy.isnan(y).sum())
    return Curve(*one, len(x), nans, last, extremes(x, y, buckets))


def _curve_of_bins(one: One, bins: Bins, last: tuple[float, float], buckets: int) -> Curve:
    rows, nans = int(bins.rows.sum()), int(bins.nans.sum())
    return Curve(*one, rows, nans, last, extremes_of_bins(bins, buckets))


def _whole(start: float | None, end: float | None) -> tuple[int, int]:
    """A part of a column of whole numbers."""
    return (
        SMALLEST if start is None or start <= SMALLEST else math.ceil(min(start, LARGEST)),
        LARGEST if end is None or end >= LARGEST else math.floor(max(end, SMALLEST)),
    )
