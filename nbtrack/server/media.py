"""What a run logged besides numbers: which there is, its files, its tables by rows."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import duckdb

from .._errors import DamagedFileError, UsageError
from ..store import query as sql
from ..store import reader
from ..store.layout import RunDir
from ..store.media_listing import Item, media_keys, media_steps
from .api.media import (
    MediaEntries,
    MediaEntry,
    MediaKey,
    MediaKeys,
    MediaQuery,
    TableColumn,
    TablePage,
    TableQuery,
)
from .files import OpenFile, UnknownFileError, open_inside
from .plain import plain

MOST_KEYS = 5_000
MOST_STEPS = 2_000
MOST_ROWS = 5_000
_LONGEST_KEY = 4_000
_LONGEST_TEXT = 2_000
_FRAMED = ("html", "figure")
# What a column is, by the beginning of its type's name in SQL.
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_MORE_NUMBERS = ("UBIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")

# A digest and an ending: nothing that leads elsewhere.
_FILE = re.compile(r"[0-9a-f]{8,64}\.[a-z0-9]{1,8}")

ColumnKind = Literal["number", "text", "boolean", "time", "other"]


def keys(run_dir: RunDir) -> MediaKeys:
    """Under which keys there is anything.

    Raises:
        StoreError: The run cannot be read.
        FileNotFoundError: There is no such run.
    """
    found = reader.read(run_dir, lambda taken: media_keys(taken, MOST_KEYS + 1))
    return MediaKeys(
        keys=[
            MediaKey(key=one.key, kind=one.kind, count=one.count, attempts=one.attempts)  # type: ignore[arg-type]  # one of the kinds
            for one in found[:MOST_KEYS]
        ],
        more=len(found) > MOST_KEYS,
    )


def entries(run_dir: RunDir, asked: MediaQuery) -> MediaEntries:
    """What lies under one key.

    Raises:
        UsageError: The query asks for too much.
        As :func:`keys`.
    """
    if not 1 <= asked.steps <= MOST_STEPS or len(asked.key) > _LONGEST_KEY:
        raise UsageError(f"from 1 to {MOST_STEPS} steps of a key")
    if asked.attempt is not None and not 0 <= asked.attempt < 1 << 31:
        raise UsageError("there is no such attempt")
    attempt, steps, items = reader.read(
        run_dir, lambda taken: media_steps(taken, asked.key, asked.attempt, asked.steps)
    )
    return MediaEntries(attempt=attempt, entries=[_entry(item) for item in items], steps=steps)


def open_media(run_dir: RunDir, name: str) -> OpenFile:
    """A file of the run's media.

    Raises:
        UnknownFileError: There is no such file, or it waits to be encoded.
    """
    if not _FILE.fullmatch(name):
        raise UnknownFileError("there is no such file")
    return open_inside(run_dir.media / name, run_dir.media, name)


def table(run_dir: RunDir, name: str, asked: TableQuery) -> TablePage:
    """Rows of a table.

    Raises:
        UnknownFileError: There is no such table, or it waits to be encoded.
        UsageError: The query asks for too much, or for a column that there is not.
        DamagedFileError: It cannot be read.
    """
    if not 1 <= asked.limit <= MOST_ROWS or asked.offset < 0:
        raise UsageError(f"from 1 to {MOST_ROWS} rows, from the place 0 on")
    if max(len(asked.search), len(asked.sort)) > _LONGEST_KEY:
        raise UsageError(f"a name has at most {_LONGEST_KEY} letters")
    open_media(run_dir, name).file.close()
    path = str(run_dir.media / name)
    try:
        return _page(path, asked)
    except duckdb.Error as error:
        raise DamagedFileError(
            f"the table cannot be read: {error}", path=path, operation="read media"
        ) from None


def _entry(item: Item) -> MediaEntry:
    return MediaEntry(
        step=item.step,
        time=item.time,
        index=item.index,
        kind=item.kind,  # type: ignore[arg-type]  # one of them
        file=item.file,
        size=item.size,
        frame=item.file is not None and item.kind in _FRAMED and not _is_picture(item.file),
        info=plain(item.info),
    )


def _is_picture(name: str) -> bool:
    return name.endswith((".png", ".svg"))


def _page(path: str, asked: TableQuery) -> TablePage:
    cursor = sql.connect()
    relation = f"read_parquet({_text(path)})"
    described = cursor.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    columns = [TableColumn(name=name, kind=_kind(kind)) for name, kind, *_ in described]
    names = [column.name for column in columns]
    if asked.sort and asked.sort not in names:
        raise UsageError(f"there is no column {asked.sort!r}")
    parameters: dict[str, Any] = {}
    where = ""
    if asked.search and names:
        parameters["search"] = asked.search
        among = " OR ".join(f"contains(lower({_name(n)}::VARCHAR), lower($search))" for n in names)
        where = f"WHERE {among}"
    counted = cursor.execute(
        f"SELECT count(*), (SELECT count(*) FROM {relation} {where}) FROM {relation}", parameters
    ).fetchone()
    total, matched = counted if counted is not None else (0, 0)
    # Rows that are equal there stay in the order in which they were logged.
    order = "ORDER BY file_row_number"
    if asked.sort:
        way = "DESC" if asked.descending else "ASC"
        order = f"ORDER BY {_name(asked.sort)} {way} NULLS LAST, file_row_number"
    shown = ", ".join(f"{_name(column.name)}{_cast(column.kind)}" for column in columns) or "NULL"
    rows = cursor.execute(
        f"SELECT {shown} FROM read_parquet({_text(path)}, file_row_number = true) {where} {order}"
        " LIMIT $limit OFFSET $offset",
        {**parameters, "limit": asked.limit, "offset": asked.offset},
    ).fetchall()
    return TablePage(
        columns=columns,
        rows=[_row(row) for row in rows] if names else [],
        total=total,
        matched=matched,
        offset=asked.offset,
    )


def _kind(kind: str) -> ColumnKind:
    if "[" in kind or kind.startswith(("STRUCT", "MAP", "BLOB")):
        return "other"
    if kind.startswith((*_NUMBERS, *_MORE_NUMBERS)):
        return "number"
    if kind == "BOOLEAN":
        return "boolean"
    return "time" if kind.startswith(("TIMESTAMP", "DATE", "TIME")) else "text"


def _cast(kind: ColumnKind) -> str:
    return "::VARCHAR" if kind in ("time", "other") else ""


def _row(values: Sequence[Any]) -> list[Any]:
    return [_value(value) for value in values]


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
