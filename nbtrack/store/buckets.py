"""Series at a size that can be drawn: of each bucket of equally many rows its two extremes."""

from __future__ import annotations

from typing import NamedTuple

import numpy
from numpy.typing import NDArray

Numbers = NDArray[numpy.float64]
Integers = NDArray[numpy.int64]

# x and y of two points.
BUCKET_BYTES = 32


class Bins(NamedTuple):
    """Stretches of a series, of which only this is known; arrays of one length.

    Attributes:
        bin: Where they are: in the order of x.
        rows: How many rows each has; ``nans`` of them are NaN.
        low_x, low: x and y of its smallest value.
        high_x, high: Those of its largest.
    """

    bin: Integers
    rows: Integers
    nans: Integers
    low_x: Numbers
    low: Numbers
    high_x: Numbers
    high: Numbers


def extremes(x: Numbers, y: Numbers, buckets: int) -> bytes:
    """x and y of the smallest and the largest value of each bucket, in the order of x.

    Row ``n`` of ``count`` is in the bucket ``n * buckets // count``; there are no more buckets than
    rows. NaN is there only where a bucket has nothing else.

    Args:
        x: In any order; what comes first of equal ones stays first.
        y: The values.
        buckets: How many, from 1.

    Returns:
        Little-endian float64: ``x0, y0, x1, y1`` of each bucket.
    """
    count = len(x)
    if not count:
        return b""
    if (x[1:] < x[:-1]).any():
        order = numpy.argsort(x, kind="stable")
        x, y = x[order], y[order]
    buckets = min(buckets, count)
    starts = -(-numpy.arange(buckets) * count // buckets)
    sizes = numpy.diff(numpy.append(starts, count))
    low = _first_of(y, numpy.fmin.reduceat(y, starts), starts, sizes)
    high = _first_of(y, numpy.fmax.reduceat(y, starts), starts, sizes)
    first, second = numpy.minimum(low, high), numpy.maximum(low, high)
    points = numpy.column_stack((x[first], y[first], x[second], y[second]))
    return points.astype("<f8").tobytes()


def extremes_of_bins(bins: Bins, buckets: int) -> bytes:
    """As :func:`extremes`, of rows in bins in any order: a bin is in the bucket of its first row.

    So a bucket is wrong by a bin's rows at most, and no extreme is missing.
    """
    if not len(bins.bin):
        return b""
    order = numpy.argsort(bins.bin, kind="stable")
    rows, low, high = bins.rows[order], bins.low[order], bins.high[order]
    before = numpy.cumsum(rows) - rows
    count = int(rows.sum())
    bucket = before * min(buckets, count) // count
    starts = numpy.flatnonzero(numpy.diff(bucket, prepend=-1))
    sizes = numpy.diff(numpy.append(starts, len(bucket)))
    least = _first_of(low, numpy.fmin.reduceat(low, starts), starts, sizes)
    most = _first_of(high, numpy.fmax.reduceat(high, starts), starts, sizes)
    least_x, most_x = bins.low_x[order][least], bins.high_x[order][most]
    swapped = least_x > most_x
    points = numpy.column_stack((least_x, low[least], most_x, high[most]))
    points[swapped] = points[swapped][:, [2, 3, 0, 1]]
    return points.astype("<f8").tobytes()


def _first_of(y: Numbers, wanted: Numbers, starts: Integers, sizes: Integers) -> Integers:
    """Where each bucket first has the value wanted of it; where it begins, if that is NaN."""
    places = numpy.flatnonzero(y == numpy.repeat(wanted, sizes))
    found = starts.copy()
    real = ~numpy.isnan(wanted)
    found[real] = places[numpy.searchsorted(places, starts[real])]
    return found


def latest_at(steps: Integers, values: Numbers, wanted: Integers) -> Numbers:
    """The last finite value that was logged at each of the steps ``wanted``; NaN where none was."""
    known = numpy.isfinite(values)
    steps, values = steps[known], values[known]
    order = numpy.argsort(steps, kind="stable")
    steps, values = steps[order], values[order]
    at = numpy.searchsorted(steps, wanted, side="right") - 1
    found = numpy.full(len(wanted), numpy.nan)
    has = at >= 0
    has[has] = steps[at[has]] == wanted[has]
    found[has] = values[at[has]]
    return found
