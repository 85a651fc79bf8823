"""Answers a page that draws curves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec

from .._errors import UsageError
from ..live.frame import BUCKET_BYTES
from ..live.wire import message
from ..store import reader, series
from ..store.layout import RunDir
from ..store.reader import Snapshot
from ..store.series import Across, Curve
from .api.series import SeriesHead, SeriesOf, SeriesPart, SeriesRequest
from .stores import Stores, UnknownRunError

MAX_SERIES = 500
MAX_BUCKETS = 5_000


def curves(stores: Stores, request: SeriesRequest) -> bytes:
    """The head of the answer and the points of its parts, as one message.

    Series that there are not are left out.

    Raises:
        UnknownStoreError: There is no such store.
        UsageError: The request asks for too much.
        StoreError: A run cannot be read.
    """
    if len(request.series) > MAX_SERIES:
        raise UsageError(f"at most {MAX_SERIES} series")
    if not 1 <= request.buckets <= MAX_BUCKETS:
        raise UsageError(f"from 1 to {MAX_BUCKETS} buckets")
    stores.find(request.store)
    found: list[tuple[int, Curve]] = []
    for run in dict.fromkeys(one.run for one in request.series):
        asked = [(at, one) for at, one in enumerate(request.series) if one.run == run]
        with contextlib.suppress(UnknownRunError):
            found += _of_run(stores.run(request.store, run), asked, request)
    found.sort(key=lambda item: item[0])
    parts = [
        SeriesPart(
            index=index,
            attempt=curve.attempt,
            count=curve.rows,
            buckets=len(curve.points) // BUCKET_BYTES,
        )
        for index, curve in found
    ]
    head = msgspec.json.encode(SeriesHead(parts=parts))
    return message(head, [curve.points for _, curve in found])


def _of_run(
    run_dir: RunDir, asked: list[tuple[int, SeriesOf]], request: SeriesRequest
) -> list[tuple[int, Curve]]:
    return reader.read(run_dir, lambda taken: list(_made(taken, asked, request)))


def _made(
    taken: Snapshot, asked: list[tuple[int, SeriesOf]], request: SeriesRequest
) -> Iterator[tuple[int, Curve]]:
    places: dict[tuple[int, str], list[int]] = {}
    for at, one in asked:
        attempt = -1 if one.kind == "system" else one.attempt
        if attempt is None:
            attempt = series.latest_with(taken.fold, one.key)
        if attempt is not None:
            places.setdefault((attempt, one.key), []).append(at)
    metrics = [one for one in places if one[0] >= 0]
    for curve in series.metrics(taken, metrics, _across(request), request.buckets):
        for at in places[curve.attempt, curve.key]:
            yield at, curve
    samples = [key for attempt, key in places if attempt < 0]
    # Samples of the machine are over the time, whatever is across else.
    start, end = (request.start, request.end) if request.x == "time" else (None, None)
    for curve in series.system(taken, samples, start, end, request.buckets):
        for at in places[curve.attempt, curve.key]:
            yield at, curve


def _across(request: SeriesRequest) -> Across:
    if request.x in ("step", "time", "relative"):
        return Across(request.x, "", request.start, request.end)
    return Across("metric", request.x, request.start, request.end)
