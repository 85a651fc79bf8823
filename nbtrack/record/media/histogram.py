"""How often the values of a tensor lie where."""

from __future__ import annotations

from typing import Any

from ..._errors import InvalidDataError
from . import arrays
from .base import Keeper, Kept, Media

MOST_BINS = 512
_BIN_BYTES = 16


class Histogram(Media):
    """How often values lie where.

    Attributes:
        bins: The edges, one more than there are bins.
        histogram: How many values lie in each bin.

    Args:
        sequence: Numbers: a list, an array or tensor of any shape. What is not finite is left out,
            and counted.
        np_histogram: What ``numpy.histogram`` gave: the counts, and the edges of the bins.
        num_bins: How many bins ``sequence`` is counted into, 1 to 512.
        caption: What stands below it.

    Raises:
        InvalidDataError: The arguments do not fit together.
    """

    kind = "histogram"
    MAX_LENGTH = MOST_BINS

    def __init__(
        self,
        sequence: Any = None,
        np_histogram: tuple[Any, Any] | None = None,
        num_bins: int = 64,
        caption: str | None = None,
    ) -> None:
        self.caption = caption
        self._left_out = 0
        if (sequence is None) == (np_histogram is None):
            raise InvalidDataError(
                "give either sequence or np_histogram", operation="make a Histogram"
            )
        if np_histogram is None:
            counts, bins = self._count(sequence, num_bins)
        else:
            counts, bins = _checked(np_histogram)
        self.histogram: list[float] = counts
        self.bins: list[float] = bins

    def _count(self, sequence: Any, num_bins: int) -> tuple[list[float], list[float]]:
        import numpy

        if type(num_bins) is not int or not 1 <= num_bins <= MOST_BINS:
            raise InvalidDataError(
                f"num_bins={num_bins!r} is not a number from 1 to {MOST_BINS}",
                operation="make a Histogram",
            )
        values = arrays.numbers(sequence, "a Histogram").reshape(-1)
        if values.dtype.kind == "f":
            finite = values[numpy.isfinite(values)]
            self._left_out = len(values) - len(finite)
            # Of half numbers the width of a bin may be none.
            values = finite.astype(numpy.float64) if values.dtype.itemsize < 4 else finite
        elif values.dtype.kind == "b":
            values = values.astype(numpy.uint8)
        try:
            with numpy.errstate(all="ignore"):
                counts, bins = numpy.histogram(values, bins=num_bins)
            edges = bins.astype(numpy.float64)
            if numpy.isfinite(edges).all():
                return counts.tolist(), edges.tolist()
        except ValueError:
            pass
        # Too close to each other, or too far apart, for edges between them.
        return [len(values)], [float(values.min()), float(numpy.nextafter(values.max(), numpy.inf))]

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        info: dict[str, Any] = {"bins": self.bins, "counts": self.histogram}
        if self._left_out:
            info["not_finite"] = self._left_out
        if self.caption is not None:
            info["caption"] = self.caption
        return Kept(self.kind, None, _BIN_BYTES * len(self.bins), info)


def _checked(given: Any) -> tuple[list[float], list[float]]:
    try:
        counts, bins = given
        counts = arrays.numbers(counts, "a Histogram").reshape(-1).tolist()
        edges = [float(edge) for edge in arrays.numbers(bins, "a Histogram").reshape(-1).tolist()]
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidDataError):
            raise
        raise InvalidDataError(
            "np_histogram is not a pair of counts and bins", operation="make a Histogram"
        ) from None
    if len(edges) != len(counts) + 1:
        raise InvalidDataError(
            f"np_histogram has {len(counts)} counts and {len(edges)} edges",
            operation="make a Histogram",
            hint="There is one edge more than there are counts.",
        )
    if not 1 <= len(counts) <= MOST_BINS:
        raise InvalidDataError(
            f"np_histogram has {len(counts)} bins; 1 to {MOST_BINS} can be kept",
            operation="make a Histogram",
        )
    return counts, edges
