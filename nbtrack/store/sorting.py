"""The rows of tables in the order in which a merged set has them, in bounded memory.

DuckDB takes to the disk what exceeds a limit, but to put that together again it needs memory that
grows with the rows: at 96 MB it failed from some 50 million on. So very many rows of metrics are
sorted in parts, each of which lies behind the one before.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import arro3.core as arrow
import duckdb

from . import parquet, query
from .query import Source, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "64MB"
ORDERS = {
    "metrics": "key, attempt, step, writer, seq",
    "system": "key, time, writer, seq",
    "cells": "writer, seq",
    "console": "writer, seq",
    "media": 'key, attempt, step, "index", writer, seq',
    "changes": "writer, seq",
}
_AT_ONCE = 4_000_000

Sorter = Callable[[str, Sequence[Path]], arrow.RecordBatchReader]


@contextlib.contextmanager
def sorting(folder: Path) -> Iterator[Sorter]:
    """Sorts the rows of tables; what exceeds the limit of memory goes to disk, into ``folder``.

    It is called with a table and its files, and gives a stream, which has to be read before it is
    called again.
    """
    with tempfile.TemporaryDirectory(prefix=".spill.", suffix=".tmp", dir=folder) as spill:
        connection = duckdb.connect(
            config={
                **query.CONFIG,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": spill,
                "threads": 1,
            }
        )

        def sorted_rows(table: str, files: Sequence[Path]) -> arrow.RecordBatchReader:
            rows = query.rows_of(connection, Source(table, tuple(files), ()))
            columns = ", ".join(parquet.COLUMNS[table])

            def batches() -> Iterator[arrow.RecordBatch]:
                for part in _parts(connection, rows) if table == "metrics" else ("true",):
                    yield from arrow.RecordBatchReader.from_stream(
                        connection.sql(
                            f"SELECT {columns} FROM ({rows}) WHERE {part} ORDER BY {ORDERS[table]}"
                        )
                    )

            return parquet.stream(table, batches())

        with connection:
            yield sorted_rows


def _parts(connection: DuckDBPyConnection, rows: str) -> Iterator[str]:
    """Conditions for parts of metrics, in their order; every row is in exactly one of them."""
    (total,) = _only(connection, f"SELECT count(*) FROM ({rows})")
    if total <= _AT_ONCE:
        yield "true"
        return
    groups = connection.execute(
        f"SELECT key, attempt, count(*) FROM ({rows}) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    waiting: list[tuple[str, int]] = []
    size = 0
    for key, attempt, count in groups:
        if waiting and size + count > _AT_ONCE:
            yield _between(waiting)
            waiting, size = [], 0
        if count > _AT_ONCE:
            yield from _stretches(connection, rows, key, attempt, -(-count // _AT_ONCE))
        else:
            waiting.append((key, attempt))
            size += count
    if waiting:
        yield _between(waiting)


def _between(series: list[tuple[str, int]]) -> str:
    """The rows of neighbours; the keys alone let row groups be left out."""
    (first, first_attempt), (last, last_attempt) = series[0], series[-1]
    return (
        f"key BETWEEN {literal(first)} AND {literal(last)}"
        f" AND (key, attempt) >= ({literal(first)}, {first_attempt})"
        f" AND (key, attempt) <= ({literal(last)}, {last_attempt})"
    )


def _stretches(
    connection: DuckDBPyConnection, rows: str, key: str, attempt: int, count: int
) -> Iterator[str]:
    """One long series in about so many stretches of steps."""
    series = f"key = {literal(key)} AND attempt = {attempt}"
    shares = [n / count for n in range(1, count)]
    (found,) = _only(
        connection, f"SELECT approx_quantile(step, {shares}) FROM ({rows}) WHERE {series}"
    )
    steps = sorted(set(found))
    yield f"{series} AND step < {steps[0]}"
    for first, end in itertools.pairwise(steps):
        yield f"{series} AND step >= {first} AND step < {end}"
    yield f"{series} AND step >= {steps[-1]}"


def _only(connection: DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (row,) = connection.execute(sql).fetchall()
    return tuple(row)
