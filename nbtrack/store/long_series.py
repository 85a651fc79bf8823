"""Bins of a series that is too long for its rows to be held, from its pyramid as far as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from . import bins, pyramid
from .bins import Stretch
from .buckets import Bins
from .pyramid import Kept
from .query import Source

if TYPE_CHECKING:
    from .reader import Snapshot

# A bucket is made of so many bins at least, so that their edges do not show in it.
_BINS_PER_BUCKET = 8

Last = tuple[float, float]


def binned(taken: Snapshot, wanted: Stretch, most: int, buckets: int) -> tuple[Bins, Last] | None:
    """Bins of a series, and x and y of its last row; None if it has no more than ``most`` rows."""
    found = pyramid.kept(taken, wanted)
    if found is not None and found.table.num_rows >= _BINS_PER_BUCKET * buckets:
        shift = found.shift
        parts = _with_the_rest(taken, wanted, found)
    else:
        everything = taken.source("metrics")
        extent = bins.extent(everything, wanted)
        if extent.rows <= most:
            return None
        shift = extent.shift(_BINS_PER_BUCKET * buckets)
        parts = [bins.binned(everything, wanted, shift)]
    together = _together(parts)
    begin = int(together.bin.max()) << shift
    end = wanted._replace(first=max(begin, wanted.first))
    return together, bins.last_of(taken.source("metrics"), end)


def clock(taken: Snapshot, wanted: Stretch, most: int, buckets: int) -> tuple[Bins, Last] | None:
    """As :func:`binned`, with the time above the axis."""
    everything = taken.source("metrics")
    extent = bins.extent(everything, wanted)
    if extent.rows <= most:
        return None
    time = "time::DOUBLE"
    shift = extent.shift(_BINS_PER_BUCKET * buckets)
    together = _together([bins.binned(everything, wanted, shift, time)])
    return together, bins.last_of(everything, wanted._replace(first=extent.last), time)


def _with_the_rest(taken: Snapshot, wanted: Stretch, found: Kept) -> list[Any]:
    """Kept bins, as far as they lie in the stretch, and those of all rows that are not in them."""
    assert taken.selection.merged is not None
    merged = taken.run_dir.merged_table(taken.selection.merged.name, "metrics")
    everything = taken.source("metrics")
    others = tuple(path for path in everything.files if path != merged)
    parts = [found.table]
    for at in sorted({wanted.first >> found.shift, wanted.last >> found.shift}):
        first, last = at << found.shift, ((at + 1) << found.shift) - 1
        cut = wanted._replace(first=max(first, wanted.first), last=min(last, wanted.last))
        if (cut.first, cut.last) != (first, last):
            parts[0] = _without(parts[0], at)
            parts.append(bins.binned(Source("metrics", (merged,), ()), cut, found.shift))
    rest = Source("metrics", others, everything.batches)
    parts.append(bins.binned(rest, wanted, found.shift))
    return parts


def _without(table: Any, number: int) -> Any:
    """A table of bins in their order without one that is its first or its last, if there."""
    numbers = table.column("bin")
    if table.num_rows and numbers[0].as_py() == number:
        return table.slice(1)
    if table.num_rows and numbers[table.num_rows - 1].as_py() == number:
        return table.slice(0, table.num_rows - 1)
    return table


def _together(parts: list[Any]) -> Bins:
    filled = [part for part in parts if part.num_rows]
    return Bins(
        *(
            numpy.concatenate([part.column(name).to_numpy() for part in filled])
            for name in Bins._fields
        )
    )
