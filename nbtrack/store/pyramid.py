"""Long series at a coarser grain, which a merge keeps beside their rows.

A chart shows a thousand buckets; to look at 10⁸ rows for that takes seconds, at bins of hundreds
of them milliseconds. Derived: without it a chart is as good, and later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import arro3.core as arrow

from . import bins, parquet, query
from .bins import Stretch
from .digest import Digest
from .layout import PYRAMID, RunDir
from .query import Source

if TYPE_CHECKING:
    from .reader import Snapshot

# Of a series with fewer rows all are looked at.
LONG = 2_000_000
_BINS = 1 << 16
# Bins of few rows would take as much of the disk as the rows.
_ROWS_A_BIN = 512
_BATCH = 1 << 15


class Kept(NamedTuple):
    """Bins of a series, and their size."""

    shift: int
    table: arrow.Table


def write(run_dir: RunDir, name: str, digest: Digest, metadata: dict[str, str]) -> None:
    """Keep bins of every long series of the merged set ``name``; nothing if none is long.

    Raises:
        OSError, duckdb.Error: A file could not be read or written.
    """
    wanted = [
        (key, n)
        for n, attempt in digest.items()
        for key, numbers in attempt.numbers.items()
        if numbers.rows >= LONG
    ]
    if wanted:
        source = Source("metrics", (run_dir.merged_table(name, "metrics"),), ())
        rows = parquet.stream(PYRAMID, _batches(source, sorted(wanted)))
        parquet.write(PYRAMID, rows, run_dir.merged_table(name, PYRAMID), metadata)


def _batches(source: Source, wanted: list[tuple[str, int]]) -> Iterator[arrow.RecordBatch]:
    schema = parquet.schema(PYRAMID)
    for key, attempt in wanted:
        for axis in ("step", "time"):
            series = Stretch(attempt, key, axis)
            extent = bins.extent(source, series)
            shift = extent.shift(max(1, min(_BINS, extent.rows // _ROWS_A_BIN)))
            found = bins.binned(source, series, shift)
            same = {"key": key, "attempt": attempt, "axis": axis, "shift": shift}
            for batch in found.rechunk(max_chunksize=_BATCH).to_batches():
                columns = [
                    arrow.Array([same[name]] * batch.num_rows, type=kind)
                    if name in same
                    else batch.column(name).cast(kind)
                    for name, kind in parquet.COLUMNS[PYRAMID].items()
                ]
                yield arrow.RecordBatch.from_arrays(columns, schema=schema)


def kept(taken: Snapshot, wanted: Stretch) -> Kept | None:
    """The bins of the merged rows of a series, also those that are in its stretch in part."""
    source = _source(taken)
    if source is None:
        return None
    found = query.fetch(
        source,
        "SELECT * EXCLUDE (key, attempt, axis) FROM rows"
        " WHERE key = $key AND attempt = $attempt AND axis = $axis"
        " AND bin BETWEEN $first >> shift AND $last >> shift ORDER BY bin",
        **wanted._asdict(),
    )
    return Kept(found.column("shift")[0].as_py(), found) if found.num_rows else None


def _source(taken: Snapshot) -> Source | None:
    merged = taken.selection.merged
    if merged is None:
        return None
    path = taken.run_dir.merged_table(merged.name, PYRAMID)
    return Source(PYRAMID, (path,), ()) if path.exists() else None
