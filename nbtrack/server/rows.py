"""Tables that were logged, by rows: Parquet files of any size, of which a page sees a part."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb

from .._errors import DamagedFileError, UsageError
from ..store import query as sql
from .api.media import TableColumn, TablePage, TableQuery
from .plain import plain

MOST_ROWS = 5_000
_LONGEST_SEARCH = 1_000
_LONGEST_TEXT = 2_000
# What nbtrack says of the columns of its own tables; those that hold JSON are marked there.
_COLUMNS_KEY = "nbtrack.columns"
# What a column is, by the beginning of its type's name in SQL.
_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
)
_NESTED = ("STRUCT", "MAP", "UNION", "BLOB")

Kind = Literal["number", "text", "boolean", "time", "json"]


def rows_of(path: Path, asked: TableQuery) -> TablePage:
    """A part of the rows of a Parquet file.

    Raises:
        UsageError: The query asks for too much, or for a column that there is not.
        DamagedFileError: It cannot be read.
    """
    if not 1 <= asked.limit <= MOST_ROWS or not 0 <= asked.offset < 1 << 53:
        raise UsageError(f"from 1 to {MOST_ROWS} rows, from the place 0 on")
    if len(asked.search) > _LONGEST_SEARCH:
        raise UsageError(f"at most {_LONGEST_SEARCH} letters can be searched for")
    try:
        return _page(path, asked)
    except (duckdb.Error, OverflowError) as error:
        raise DamagedFileError(
            f"the table cannot be read: {error}", path=path, operation="read media"
        ) from None


def _page(path: Path, asked: TableQuery) -> TablePage:
    cursor = sql.connect()
    file = "read_parquet(" + _text(str(path)) + ", file_row_number = true)"
    described = cursor.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()
    names = [str(name) for name, *_ in described if name != "file_row_number"]
    types = [str(kind) for name, kind, *_ in described if name != "file_row_number"]
    columns = _columns(path, names, types)
    if not -1 <= asked.sort < len(columns):
        raise UsageError("there is no such column")
    parameters: dict[str, Any] = {}
    where = ""
    if asked.search and names:
        parameters["search"] = asked.search
        among = " OR ".join(f"contains(lower({_name(n)}::VARCHAR), lower($search))" for n in names)
        where = f"WHERE {among}"
    counted = cursor.execute(
        f"SELECT count(*), (SELECT count(*) FROM {file} {where}) FROM {file}", parameters
    ).fetchone()
    total, matched = counted if counted is not None else (0, 0)
    # Rows that are equal there stay in the order in which they were logged.
    order = "file_row_number"
    if asked.sort >= 0:
        way = "DESC" if asked.descending else "ASC"
        order = f"{_name(names[asked.sort])} {way} NULLS LAST, file_row_number"
    shown = ", ".join(
        _name(name) + ("::VARCHAR" if column.kind in ("time", "json") else "")
        for name, column in zip(names, columns, strict=True)
    )
    rows = cursor.execute(
        f"SELECT {shown or 'NULL'} FROM {file} {where} ORDER BY {order}"
        " LIMIT $limit OFFSET $offset",
        {**parameters, "limit": asked.limit, "offset": asked.offset},
    ).fetchall()
    kinds = [column.kind for column in columns]
    return TablePage(
        columns=columns,
        rows=[_row(row, kinds) for row in rows] if names else [],
        total=total,
        matched=matched,
        offset=asked.offset,
    )


def _columns(path: Path, names: Sequence[str], types: Sequence[str]) -> list[TableColumn]:
    """What they are called and hold; in tables of nbtrack's own their names may be anything."""
    found = [
        TableColumn(name=name, kind=_kind(kind)) for name, kind in zip(names, types, strict=True)
    ]
    said = sql.metadata([path])[str(path)].get(_COLUMNS_KEY)
    try:
        described = json.loads(said) if said is not None else []
    except (ValueError, RecursionError):
        return found
    if not isinstance(described, list) or len(described) != len(found):
        return found
    for column, one in zip(found, described, strict=True):
        if isinstance(one, dict) and "name" in one:
            column.name = str(one["name"])
            if one.get("kind") == "json":
                column.kind = "json"
    return found


def _kind(kind: str) -> Kind:
    if "[" in kind or kind.startswith(_NESTED):
        return "json"
    if kind.startswith(_NUMBERS):
        return "number"
    if kind == "BOOLEAN":
        return "boolean"
    return "time" if kind.startswith(("TIMESTAMP", "DATE", "TIME")) else "text"


def _row(values: Sequence[Any], kinds: Sequence[Kind]) -> list[Any]:
    return [
        _json(value) if kind == "json" and isinstance(value, str) else _value(value)
        for value, kind in zip(values, kinds, strict=True)
    ]


def _json(text: str) -> Any:
    """What stands there; longer texts than a cell of a page shows are texts."""
    if len(text) > 8 * _LONGEST_TEXT:
        return text[:_LONGEST_TEXT] + "…"
    try:
        return plain(json.loads(text))
    except (ValueError, RecursionError):
        return _value(text)


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…"
    if isinstance(value, bool | int | float) or value is None:
        return plain(value)
    number = float(value) if hasattr(value, "__float__") else math.nan  # decimals
    return plain(number) if math.isfinite(number) else str(value)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"
