"""Curves, at a size that can be drawn."""

from __future__ import annotations

from typing import Literal

import msgspec


class SeriesOf(msgspec.Struct, kw_only=True):
    """One series that is wanted.

    Attributes:
        kind: ``metric``, or ``system`` with the attempt -1.
        attempt: An attempt's number; None: the latest that has the key.
    """

    run: str
    key: str
    attempt: int | None = None
    kind: Literal["metric", "system"] = "metric"


class SeriesRequest(msgspec.Struct, kw_only=True):
    """Series of runs of one store, up to 500, cut into buckets of equally many rows.

    Attributes:
        x: What is across: ``step``, ``time`` (microseconds since 1970), ``relative`` (seconds since
            the attempt's first row), or the key of a metric, joined by step.
        start, end: The part of ``x`` that is wanted; None: all of it.
        buckets: How many, 1 to 5,000.
    """

    store: str
    series: list[SeriesOf]
    x: str = "step"
    start: float | None = None
    end: float | None = None
    buckets: int = 500


class SeriesPart(msgspec.Struct, kw_only=True):
    """One series of the answer: four numbers for each of its buckets follow the head.

    They are x and y of the bucket's two extremes, in the order of x.

    Attributes:
        index: Its place in the request.
        attempt: The attempt that it is of.
        count: Rows that it was made of.
    """

    index: int
    attempt: int
    count: int
    buckets: int


class SeriesHead(msgspec.Struct, kw_only=True):
    """The head of an answer to ``/series``; built as a live message is, see ``live/wire.py``."""

    parts: list[SeriesPart]
