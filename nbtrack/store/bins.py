"""Stretches of a series that is too long to be held: what DuckDB finds in each of them.

A bin is ``2 ** shift`` whole numbers of what is across. It is told by its number, so those of
different files go together, and no row is in two of them.
"""

from __future__ import annotations

from typing import NamedTuple

import arro3.core as arrow

from . import query
from .query import Source

SMALLEST, LARGEST = -(1 << 63), (1 << 63) - 1

_NUMBER = "FILTER (NOT is_nan)"
_BINNED = f"""
    SELECT x >> $shift AS bin, count(*) AS rows, count(*) FILTER (is_nan) AS nans,
        coalesce(arg_min(x, y) {_NUMBER}, min(x)) AS low_x,
        coalesce(min(y) {_NUMBER}, 'nan'::DOUBLE) AS low,
        coalesce(arg_max(x, y) {_NUMBER}, min(x)) AS high_x,
        coalesce(max(y) {_NUMBER}, 'nan'::DOUBLE) AS high
    FROM chosen GROUP BY bin ORDER BY bin
"""


class Stretch(NamedTuple):
    """Rows of one series.

    Attributes:
        axis: The column that is across: ``step`` or ``time``.
        first, last: From where to where on the axis.
    """

    attempt: int
    key: str
    axis: str
    first: int = SMALLEST
    last: int = LARGEST


class Extent(NamedTuple):
    """How many rows there are, and from where to where on their axis."""

    rows: int
    first: int
    last: int

    def shift(self, bins: int) -> int:
        """How large bins are of which these rows fill ``bins`` at least, if they lie evenly."""
        return max(0, ((self.last - self.first) // bins).bit_length() - 1)


def extent(source: Source, wanted: Stretch) -> Extent:
    """Where the rows with a number are; zeros if there are none."""
    table = _fetch(
        source,
        "SELECT count(*) AS rows, coalesce(min(x), 0) AS first, coalesce(max(x), 0) AS last"
        " FROM chosen",
        wanted,
    )
    rows, first, last = (table.column(name)[0].as_py() for name in ("rows", "first", "last"))
    return Extent(rows, first, last)


def binned(source: Source, wanted: Stretch, shift: int, y: str = "value") -> arrow.Table:
    """The bins that have rows, in their order.

    Args:
        y: SQL for what is above the axis, a DOUBLE.

    Returns:
        ``bin, rows, nans``, and where the smallest and the largest number are: ``low_x, low,
        high_x, high``; of equal ones any. NaN counts only where there is nothing else.
    """
    return _fetch(source, _BINNED, wanted, y, shift=shift)


def last_of(source: Source, wanted: Stretch, y: str = "value") -> tuple[float, float]:
    """x and y of the row with the largest x; of equal ones any."""
    table = _fetch(source, "SELECT max(x) AS x, arg_max(y, x) AS y FROM chosen", wanted, y)
    return float(table.column("x")[0].as_py()), float(table.column("y")[0].as_py())


def _fetch(
    source: Source, sql: str, wanted: Stretch, y: str = "value", **parameters: int
) -> arrow.Table:
    chosen = (
        f"SELECT {wanted.axis} AS x, {y} AS y, {query.is_nan(y)} AS is_nan FROM rows"
        " WHERE key = $key AND attempt = $attempt"
        f" AND value IS NOT NULL AND {wanted.axis} BETWEEN $first AND $last"
    )
    return query.fetch(
        source,
        f", chosen AS ({chosen}) {sql}",
        key=wanted.key,
        attempt=wanted.attempt,
        first=wanted.first,
        last=wanted.last,
        **parameters,
    )
