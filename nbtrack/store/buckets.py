"""Series at a size that can be drawn: of each bucket of equally many rows its two extremes."""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

Numbers = NDArray[numpy.float64]
Integers = NDArray[numpy.int64]

# x and y of two points.
BUCKET_BYTES = 32


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
