"""Small curves of a few metrics, for the rows of a table that are seen."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence

from .._errors import NbtrackError, UsageError
from ..live.frame import PackedSeries
from ..live.wire import read_frame
from ..store import reader, series
from ..store.layout import RunDir
from ..store.reader import Snapshot
from ..store.series import Across
from .api.runs import Spark, Sparks, SparksRequest
from .stores import Stores, UnknownRunError

MOST_RUNS, MOST_KEYS = 200, 8
MOST_VALUES = 40
_KEPT = 4_096

Values = list[float | None]
# When what the recorder published changed; or else what there is.
_Stamp = tuple[int, int] | str


class SparkCache:
    """The curves that were asked for of late, as long as their runs stay as they are."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[_Stamp, Values | None]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, stores: Stores, asked: SparksRequest) -> Sparks:
        """What there is of what is asked for.

        Raises:
            UnknownStoreError: There is no such store.
            UsageError: That is too much.
        """
        if len(asked.runs) > MOST_RUNS or len(asked.keys) > MOST_KEYS:
            raise UsageError(f"at most {MOST_RUNS} runs and {MOST_KEYS} keys")
        stores.find(asked.store)
        keys = list(dict.fromkeys(asked.keys))
        found: list[Spark] = []
        for run in dict.fromkeys(asked.runs):
            # A run that cannot be read has no curves; the table says why.
            with contextlib.suppress(UnknownRunError, NbtrackError, OSError):
                values = self._of_run(stores.run(asked.store, run), keys)
                found += (
                    Spark(run=run, key=key, values=values[key] or []) for key in keys if values[key]
                )
        return Sparks(sparks=found)

    def _of_run(self, run_dir: RunDir, keys: Sequence[str]) -> dict[str, Values | None]:
        stamp = _stamp(run_dir)
        path = str(run_dir.path)
        found: dict[str, Values | None] = {}
        with self._lock:
            for key in keys:
                known = self._kept.get((path, key))
                if known is not None and known[0] == stamp:
                    found[key] = known[1]
                    self._kept.move_to_end((path, key))
        missing = [key for key in keys if key not in found]
        if missing:
            new = _read(run_dir, missing)
            found.update(new)
            with self._lock:
                for key, values in new.items():
                    self._kept[path, key] = (stamp, values)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return found


def _stamp(run_dir: RunDir) -> _Stamp:
    try:
        status = run_dir.live.stat()
    except OSError:
        return repr(reader.select(run_dir).signature)
    return status.st_mtime_ns, status.st_ino


def _read(run_dir: RunDir, keys: Sequence[str]) -> dict[str, Values | None]:
    frame = read_frame(run_dir)
    found: dict[str, Values | None] = dict.fromkeys(keys)
    latest: dict[str, PackedSeries] = {}
    if frame is not None:
        for one in frame.series:
            known = latest.get(one.key)
            if one.key in found and (known is None or known.attempt <= one.attempt):
                latest[one.key] = one
    found.update((key, _small(_points(one.points))) for key, one in latest.items())
    missing = [key for key in keys if key not in latest]
    # The recorder follows so many series and no more.
    if missing and (frame is None or frame.left_out):
        found.update(reader.read(run_dir, lambda taken: _from_tables(taken, missing)))
    return found


def _from_tables(taken: Snapshot, keys: Sequence[str]) -> dict[str, Values | None]:
    wanted = [
        (attempt, key)
        for key in keys
        if (attempt := series.latest_with(taken.fold, key)) is not None
    ]
    curves = series.metrics(taken, wanted, Across(), MOST_VALUES // 2)
    return {curve.key: _small(_points(curve.points)) for curve in curves}


def _points(data: bytes) -> list[float]:
    """The values of buckets, in their order; of a bucket with one row one."""
    points = array("d", data)
    if sys.byteorder != "little":
        points.byteswap()
    values: list[float] = []
    for at in range(0, len(points) - 3, 4):
        x0, y0, x1, y1 = points[at : at + 4]
        values.append(y0)
        if x1 != x0:
            values.append(y1)
    return values


def _small(values: Sequence[float]) -> Values:
    """At most so many values: of each part of them the two extremes, in their order."""
    if len(values) > MOST_VALUES:
        parts = MOST_VALUES // 2
        kept: list[float] = []
        for part in range(parts):
            start, end = (len(values) * n // parts for n in (part, part + 1))
            finite = [at for at in range(start, end) if math.isfinite(values[at])]
            if not finite:
                kept.append(math.nan)
                continue
            low = min(finite, key=values.__getitem__)
            high = max(finite, key=values.__getitem__)
            kept += (values[at] for at in sorted({low, high}))
        values = kept
    return [value if math.isfinite(value) else None for value in values]
