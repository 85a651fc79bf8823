"""SQL over the files of a run: DuckDB on Parquet, plus the rows that are not sealed yet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import arro3.core as arrow
import duckdb

from . import parquet
from .result import ResultTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}

_FETCH = 4096

_connection: DuckDBPyConnection | None = None


class Source(NamedTuple):
    """Where the rows of one table are: Parquet files, and batches read from the journal."""

    table: str
    files: tuple[Path, ...]
    batches: tuple[arrow.RecordBatch, ...]


class Across(NamedTuple):
    """A metric that is across.

    Attributes:
        latest: Where a row has no value of it, the attempt's latest before counts; else none does.
    """

    key: str
    latest: bool = True

    def join(self, table: str) -> str:
        """SQL that gives each row of ``table`` its value as ``across.value``."""
        kind = "ASOF LEFT JOIN" if self.latest else "LEFT JOIN"
        compare = ">=" if self.latest else "="
        return (
            f"{kind} (SELECT attempt, step, arg_max(value, (time, seq)) AS value FROM rows"
            " WHERE key = $across AND value IS NOT NULL GROUP BY attempt, step) AS across"
            f" ON {table}.attempt = across.attempt AND {table}.step {compare} across.step"
        )


def connect() -> DuckDBPyConnection:
    """A cursor of this process's in-memory database; extensions are never downloaded."""
    global _connection
    if _connection is None:
        _connection = duckdb.connect(config=CONFIG)
    return _connection.cursor()


@contextlib.contextmanager
def isolated() -> Iterator[DuckDBPyConnection]:
    """A connection that can reach neither files nor the network, for expressions of anybody."""
    settings = {
        **CONFIG,
        "enable_external_access": "false",
        "python_enable_replacements": "false",
        "memory_limit": "512MB",
        "threads": 1,
        "lock_configuration": "true",
    }
    with duckdb.connect(config=settings) as connection:
        yield connection


def _end_threads() -> None:
    """Before a fork: a child has none of DuckDB's threads, and waiting for one, it would hang.

    Without threads, the child can use the database, and end.
    """
    _configure("SET threads = 1", "SET async_threads = 0")


def _bring_back_threads() -> None:
    _configure("RESET threads", "RESET async_threads")


def _configure(*statements: str) -> None:
    for statement in statements:
        if _connection is not None:
            with contextlib.suppress(duckdb.Error):  # the second came with DuckDB 2
                _connection.execute(statement)


os.register_at_fork(before=_end_threads, after_in_parent=_bring_back_threads)


def is_nan(column: str) -> str:
    """SQL for whether a column of numbers is NaN.

    DuckDB answers a plain ``isnan(column)``, or a comparison, from the statistics of Parquet files,
    which leave NaN out; what nextafter() gives it knows nothing about.
    """
    return f"isnan(nextafter({column}, {column}))"


def rows(source: Source) -> list[dict[str, Any]]:
    """Every row of a source as a dictionary; for the small tables."""
    return ResultTable(fetch(source, "SELECT * FROM rows")).to_pylist()


def metadata(files: Sequence[Path]) -> dict[str, dict[str, str]]:
    """The key-value metadata of Parquet files, by path."""
    found: dict[str, dict[str, str]] = {str(path): {} for path in files}
    if files:
        cursor = connect().execute(
            "SELECT file_name, key, value FROM parquet_kv_metadata($files)",
            {"files": list(found)},
        )
        for name, key, value in cursor.fetchall():
            found[name][bytes(key).decode()] = bytes(value).decode()
    return found


def parquet_columns(path: Path) -> list[list[Any]]:
    """The columns of one Parquet file, in its order, as Python has their values."""
    cursor = connect()
    found = cursor.sql("SELECT * FROM read_parquet($file)", params={"file": str(path)})
    table = arrow.Table.from_arrow(found)
    return [list(table.column(at).to_pylist()) for at in range(table.num_columns)]


def history(source: Source, keys: Sequence[str], across: Across | None = None) -> ResultTable:
    """The rows of metrics, whole and in the order of (attempt, step, time).

    One key: ``attempt, step, time, value``, and ``text`` where any value has one. Several, or none
    for all: one column a key, joined by (attempt, step); of several rows for one place the last.
    What is across becomes a column behind ``step``.
    """
    if len(keys) == 1:
        return _one_metric(source, keys[0], across)
    return _wide(source, keys, across)


def system(source: Source, keys: Sequence[str]) -> ResultTable:
    """Samples of the machine: ``time, key, value``, in the order of time."""
    where = "WHERE list_contains($keys, key)" if keys else ""
    return _timed(
        fetch(
            source,
            f"SELECT time, key, value FROM rows {where} ORDER BY time, key",
            **({"keys": list(keys)} if keys else {}),
        )
    )


def console(source: Source, cell: int | None = None) -> Iterator[dict[str, Any]]:
    """The rows of the console, by cell and in the order of each writer; of all cells, or one."""
    where = "" if cell is None else "WHERE cell = $cell"
    cursor = connect()
    cursor.execute(
        f"WITH rows AS ({rows_of(cursor, source)}) SELECT * FROM rows {where}"
        " ORDER BY cell, writer, seq",
        {"cell": cell} if cell is not None else {},
    )
    names = [column[0] for column in cursor.description or ()]
    while batch := cursor.fetchmany(_FETCH):
        for row in batch:
            yield dict(zip(names, row, strict=True))


def latest_cell(source: Source) -> int | None:
    """The cell that showed something last; 0 for between cells."""
    (cell,) = (
        fetch(source, "SELECT arg_max(cell, time) AS cell FROM rows").column("cell").to_pylist()
    )
    return int(cell) if cell is not None else None


def memory_samples(source: Source) -> tuple[list[tuple[datetime, int]], list[tuple[datetime, int]]]:
    """Bytes held by the process, and in use on all GPUs, at each sample, in the order of time."""
    found = fetch(
        source,
        "SELECT time, sum(value) FILTER (key = 'memory.process.bytes') AS process,"
        " sum(value) FILTER (key LIKE 'gpu.%.memory.used.bytes') AS gpus"
        " FROM rows GROUP BY time ORDER BY time",
    )
    samples = ResultTable(found).to_pylist()
    return _known(samples, "process"), _known(samples, "gpus")


def _known(samples: list[dict[str, Any]], name: str) -> list[tuple[datetime, int]]:
    return [
        (datetime.fromtimestamp(sample["time"] / 1e6, UTC), int(sample[name]))
        for sample in samples
        if sample[name] is not None
    ]


def export(table: ResultTable, path: Path, kind: str) -> None:
    """Write a table as ``csv``, ``parquet`` or ``jsonl``."""
    options = {
        "csv": "FORMAT csv, HEADER",
        "parquet": "FORMAT parquet, COMPRESSION zstd",
        "jsonl": "FORMAT json",
    }[kind]
    cursor = connect()
    cursor.register("exported", table)
    cursor.execute(f"COPY (FROM exported) TO {literal(path)} ({options})")


def _one_metric(source: Source, key: str, across: Across | None) -> ResultTable:
    column, join = (", across.value AS across", across.join("one")) if across else ("", "")
    found = fetch(
        source,
        f"SELECT one.attempt, one.step{column}, one.time, one.value, one.text"
        f" FROM (FROM rows WHERE key = $key) AS one {join}"
        " ORDER BY one.attempt, one.step, one.time, one.seq",
        key=key,
        **({"across": across.key} if across else {}),
    )
    columns = list(found.column_names)
    if found.column("text").null_count == found.num_rows:
        columns.remove("text")
    table = found.select(columns)
    if across is not None:
        name = _free(across.key, columns)
        table = table.rename_columns([name if one == "across" else one for one in columns])
    return _timed(table)


def _wide(source: Source, keys: Sequence[str], across: Across | None) -> ResultTable:
    found = fetch(
        source,
        "SELECT key, bool_or(value IS NOT NULL) AS number FROM rows"
        + (" WHERE list_contains($keys, key)" if keys else "")
        + " GROUP BY key ORDER BY min(seq), key",
        **({"keys": list(keys)} if keys else {}),
    )
    numbers = {row["key"]: row["number"] for row in ResultTable(found).to_pylist()}
    names = list(dict.fromkeys(keys)) or list(numbers)
    # A key may be anything, an identifier may not: columns get their names at the end.
    columns = "".join(
        f", arg_max({'value' if numbers.get(name, True) else 'text'}, (time, seq))"
        f" FILTER (key = $k{at}) AS c{at}"
        for at, name in enumerate(names)
    )
    wide = (
        f"SELECT attempt, step{columns} FROM rows"
        + (" WHERE list_contains($keys, key)" if keys else "")
        + " GROUP BY attempt, step"
    )
    parameters = {f"k{at}": name for at, name in enumerate(names)}
    places = ["attempt", "step"]
    if across is not None and across.key not in names:
        shown = "".join(f", wide.c{at}" for at in range(len(names)))
        wide = (
            f"SELECT wide.attempt, wide.step, across.value AS across{shown}"
            f" FROM ({wide}) AS wide {across.join('wide')}"
        )
        parameters["across"] = across.key
        places.append(_free(across.key, places))
    joined = fetch(
        source,
        f"SELECT * FROM ({wide}) ORDER BY attempt, step",
        **parameters,
        **({"keys": list(keys)} if keys else {}),
    )
    return ResultTable(joined.rename_columns([*places, *(_free(name, places) for name in names)]))


def _free(name: str, taken: Sequence[str]) -> str:
    """A column's name; those of ``taken`` are something else already."""
    return f"{name}.value" if name in taken else name


def fetch(source: Source, sql: str, **parameters: Any) -> arrow.Table:
    """Run ``sql`` with the source's rows as ``rows``; where it begins with a comma, other named
    queries come first.
    """
    cursor = connect()
    statement = f"WITH rows AS ({rows_of(cursor, source)}) {sql}"
    try:
        return arrow.Table.from_arrow(cursor.sql(statement, params=parameters))
    except Exception as error:
        # What goes wrong in the middle of a stream comes as a bare Exception; that a file was
        # sealed or merged away meanwhile is told by the files.
        for path in source.files:
            if not path.exists():
                raise FileNotFoundError(str(path)) from error
        raise


def rows_of(cursor: DuckDBPyConnection, source: Source) -> str:
    """SQL for all rows of a source.

    Columns go by name, and all are there: files of an older format lack those that came later.
    """
    parts = []
    if source.files:
        files = ", ".join(map(literal, source.files))
        # Where all files have the same columns, not every one has to be opened for that.
        grown = str(source.table in parquet.GROWN).lower()
        parts.append(f"SELECT * FROM read_parquet([{files}], union_by_name = {grown})")
    if source.batches or not source.files or source.table in parquet.GROWN:
        cursor.register("unsealed", parquet.as_table(source.table, source.batches))
        parts.append("SELECT * FROM unsealed")
    return " UNION ALL BY NAME ".join(parts)


def _timed(table: arrow.Table) -> ResultTable:
    """Microseconds as what they are: moments in UTC."""
    at = table.column_names.index("time")
    kind = arrow.DataType.timestamp("us", tz="UTC")
    moments = table.column(at).cast(kind)
    return ResultTable(table.set_column(at, arrow.Field("time", kind), moments))


def literal(text: Path | str) -> str:
    """A text, or a path, as SQL has it."""
    return "'" + str(text).replace("'", "''") + "'"
