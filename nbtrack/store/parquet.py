"""The columns of the sealed tables, and how they become Parquet. The only user of arro3.

arro3 writes and never reads: it writes every encoding that DuckDB, pyarrow and polars read, at a
fifth of pyarrow's size, but its reader cannot leave out columns or row groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import arro3.core as arrow
import arro3.io

from .layout import publish, temporary

INT = arrow.DataType.int64()
FLOAT = arrow.DataType.float64()
TEXT = arrow.DataType.utf8()

# Row groups are what a reader of one metric skips.
ROW_GROUP = 128 * 1024

COLUMNS: dict[str, dict[str, arrow.DataType]] = {
    "metrics": {
        "writer": TEXT,
        "seq": INT,
        "attempt": INT,
        "step": INT,
        "time": INT,
        "key": TEXT,
        "value": FLOAT,
        "text": TEXT,
    },
    "system": {"writer": TEXT, "seq": INT, "time": INT, "key": TEXT, "value": FLOAT},
    "cells": {
        "writer": TEXT,
        "seq": INT,
        "time": INT,
        "event": TEXT,
        "attempt": INT,
        "cell_try": INT,
        "cell_id": TEXT,
        "execution_count": INT,
        "name": TEXT,
        "tags": TEXT,
        "source": TEXT,
        "config": TEXT,
        "outcome": TEXT,
        "failure": TEXT,
        "wall_seconds": FLOAT,
        "cpu_seconds": FLOAT,
        "cell": INT,
        "peak_memory_bytes": INT,
    },
    "console": {
        "writer": TEXT,
        "seq": INT,
        "time": INT,
        "cell": INT,
        "stream": TEXT,
        "row": INT,
        "start": INT,
        "text": TEXT,
        "lost": INT,
    },
    "media": {
        "writer": TEXT,
        "seq": INT,
        "attempt": INT,
        "step": INT,
        "time": INT,
        "key": TEXT,
        "index": INT,
        "kind": TEXT,
        "file": TEXT,
        "size": INT,
        "info": TEXT,
    },
    "changes": {
        "writer": TEXT,
        "seq": INT,
        "time": INT,
        "attempt": INT,
        "kind": TEXT,
        "key": TEXT,
        "value": TEXT,
    },
    "pyramid": {
        "key": TEXT,
        "attempt": INT,
        "axis": TEXT,
        "shift": INT,
        "bin": INT,
        "rows": INT,
        "nans": INT,
        "low_x": INT,
        "low": FLOAT,
        "high_x": INT,
        "high": FLOAT,
    },
}

# Tables that have more columns than in the first format.
GROWN = frozenset({"cells"})

Column = Sequence[Any] | arrow.Array


def batch(table: str, columns: dict[str, Column]) -> arrow.RecordBatch:
    """Columns of equal length as one Arrow batch of ``table``."""
    arrays = [
        column
        if isinstance(column := columns[name], arrow.Array)
        else arrow.Array(column, type=kind)
        for name, kind in COLUMNS[table].items()
    ]
    return arrow.RecordBatch.from_arrays(arrays, schema=schema(table))


def repeated(texts: Sequence[str | None], count: int) -> arrow.Array:
    """A column of ``count`` texts: these ones, again and again."""
    found = arrow.Array(texts, type=TEXT)
    while len(found) < count:
        found = arrow.ChunkedArray([found, found]).combine_chunks()
    return found.slice(0, count)


def schema(table: str) -> arrow.Schema:
    """The Arrow schema of ``table``."""
    return arrow.Schema([arrow.Field(n, t, nullable=True) for n, t in COLUMNS[table].items()])


def as_table(table: str, batches: Sequence[arrow.RecordBatch]) -> arrow.Table:
    """Batches as one Arrow table, also when there are none."""
    return arrow.Table.from_batches(list(batches), schema=schema(table))


def write(table: str, stream: Any, path: Path, metadata: dict[str, str]) -> None:
    """Write an Arrow stream with the columns of ``table``; it appears at ``path`` in one step.

    Integers are delta-encoded, floats split into byte streams, keys dictionary-encoded in a plain
    utf8 column (a dictionary *type* would defeat the pruning of row groups), all under zstd.
    """
    types = COLUMNS[table]
    encodings: dict[str | Sequence[str], Any] = {}
    for name, kind in types.items():
        if kind == INT:
            encodings[name] = "delta_binary_packed"
        elif kind == FLOAT:
            encodings[name] = "byte_stream_split"
    temp = temporary(path)
    try:
        arro3.io.write_parquet(
            stream,
            temp,
            compression="zstd(3)",
            writer_version="parquet_2_0",
            column_encoding=encodings,
            column_dictionary_enabled=dict.fromkeys(encodings, False),
            max_row_group_size=ROW_GROUP,
            key_value_metadata=metadata,
            created_by="nbtrack",
        )
        publish(temp, path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


LOGGED_TYPES = {
    "integer": INT,
    "number": FLOAT,
    "boolean": arrow.DataType.bool(),
    "text": TEXT,
    "time": arrow.DataType.timestamp("us", tz="UTC"),
    "json": TEXT,
}


def write_logged(
    columns: Sequence[tuple[str, str]],
    values: Sequence[Sequence[Any]],
    path: Path,
    metadata: dict[str, str],
) -> None:
    """Write a table that was logged to ``path``, which is not there yet.

    Args:
        columns: Of each column its name and a key of ``LOGGED_TYPES``; times are microseconds.

    Raises:
        OSError: It cannot be written.
    """
    fields = [arrow.Field(name, LOGGED_TYPES[kind], nullable=True) for name, kind in columns]
    arrays = [
        arrow.Array(column, type=INT).cast(field.type)
        if kind == "time"
        else arrow.Array(column, type=field.type)
        for column, field, (_, kind) in zip(values, fields, columns, strict=True)
    ]
    found = arrow.Table.from_arrays(arrays, schema=arrow.Schema(fields))
    arro3.io.write_parquet(
        found,
        path,
        compression="zstd(3)",
        max_row_group_size=ROW_GROUP,
        key_value_metadata=metadata,
        created_by="nbtrack",
    )


def stream(table: str, batches: Iterable[arrow.RecordBatch]) -> arrow.RecordBatchReader:
    """Batches as an Arrow stream; each is asked for when it is read."""
    return arrow.RecordBatchReader.from_batches(schema(table), batches)
