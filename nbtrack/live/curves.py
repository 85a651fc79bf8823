"""Series as SVG paths: scaled together, with few points, and no spike lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .frame import Series

# Values that are all positive and span more than this are drawn on a logarithmic axis.
_WIDE = 1_000.0

Point = tuple[float, float]


class Plot(NamedTuple):
    """Where on the sheet."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Curves:
    """Series on common axes.

    Args:
        lines: The series in question.
        others: Series that they are compared with.
        since: Leave out what is before this x.
        low, high: The ends of the axis of values, where they are given.
    """

    def __init__(
        self,
        lines: Sequence[Series],
        others: Sequence[Series],
        *,
        since: float = -math.inf,
        low: float | None = None,
        high: float | None = None,
    ) -> None:
        self.lines = [_points(one, since) for one in lines]
        self.others = [_points(one, since) for one in others]
        finite = [
            point
            for points in (*self.lines, *self.others)
            for point in points
            if math.isfinite(point[1])
        ]
        xs = [x for x, _ in finite] or [0.0]
        ys = [y for _, y in finite] or [0.0]
        self.is_log = low is None and min(ys) > 0 and max(ys) / min(ys) > _WIDE
        self._x0, self._x1 = min(xs), max(xs)
        self._y0 = self._scale(min(ys) if low is None else low)
        self._y1 = self._scale(max(ys) if high is None else high)

    def path(self, points: list[Point], plot: Plot, buckets: int) -> str:
        """A line through ``points``; it has gaps where values are missing."""
        parts: list[str] = []
        before: tuple[int, int] | None = None
        for x, y in _thinned(points, buckets):
            if not math.isfinite(y):
                before = None
                continue
            at = self._place(x, y, plot)
            if before is None:
                # A point alone is a dot.
                parts.append(f"M{at[0] / 10:g} {at[1] / 10:g}h.1")
            elif at != before:
                parts.append(f"L{at[0] / 10:g} {at[1] / 10:g}")
            before = at
        return "".join(parts)

    def area(self, plot: Plot, buckets: int) -> str:
        """What is below the first line."""
        points = [(x, y) for x, y in _thinned(self.lines[0], buckets) if math.isfinite(y)]
        if not points:
            return ""
        placed = [self._place(x, y, plot) for x, y in points]
        first, last = placed[0][0] / 10, placed[-1][0] / 10
        if first == last:
            last = plot.x + plot.width
            placed.append((round(last * 10), placed[-1][1]))
        inner = "".join(f"L{x / 10:g} {y / 10:g}" for x, y in placed)
        return f"M{first:g} {plot.bottom:g}{inner}L{last:g} {plot.bottom:g}Z"

    def _scale(self, y: float) -> float:
        return math.log10(y) if self.is_log else y

    def _place(self, x: float, y: float, plot: Plot) -> tuple[int, int]:
        """Tenths of the sheet's unit."""
        across = (x - self._x0) / (self._x1 - self._x0) if self._x1 > self._x0 else 0.0
        span = self._y1 - self._y0
        up = (self._scale(y) - self._y0) / span if span > 0 and math.isfinite(span) else 0.5
        up = min(1.0, max(0.0, up))
        return (
            round(10 * (plot.x + across * plot.width)),
            round(10 * (plot.bottom - up * plot.height)),
        )


def _points(series: Series, since: float) -> list[Point]:
    """In the order of x; a bucket of one value is one point."""
    flat = series.points
    found: list[Point] = []
    for at in range(0, len(flat), 2):
        point = flat[at], flat[at + 1]
        if point[0] >= since and (not found or found[-1] != point):
            found.append(point)
    return sorted(found, key=lambda point: point[0])


def _thinned(points: list[Point], buckets: int) -> Iterator[Point]:
    """At most two points for each of so many buckets: its extremes, in their order."""
    if len(points) <= 2 * buckets:
        yield from points
        return
    width = len(points) / buckets
    for at in range(buckets):
        part = points[int(at * width) : int((at + 1) * width)]
        finite = [point for point in part if math.isfinite(point[1])]
        if not finite:
            yield part[0]
            continue
        low = min(finite, key=lambda point: point[1])
        high = max(finite, key=lambda point: point[1])
        yield from sorted({low, high})
