"""Expressions over the runs of a store: which of them, and in what order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import arro3.core as arrow
import duckdb

from .._errors import InvalidQueryError
from . import query

# Columns besides config and summary, with their types in SQL.
COLUMNS: dict[str, arrow.DataType] = {
    "id": arrow.DataType.utf8(),
    "name": arrow.DataType.utf8(),
    "project": arrow.DataType.utf8(),
    "state": arrow.DataType.utf8(),
    "reason": arrow.DataType.utf8(),
    "started_at": arrow.DataType.timestamp("us", tz="UTC"),
    "ended_at": arrow.DataType.timestamp("us", tz="UTC"),
    "duration_seconds": arrow.DataType.float64(),
    "attempts": arrow.DataType.int64(),
    "rows": arrow.DataType.int64(),
    "notes": arrow.DataType.utf8(),
    "group": arrow.DataType.utf8(),
    "job_type": arrow.DataType.utf8(),
    "notebook": arrow.DataType.utf8(),
    "host": arrow.DataType.utf8(),
}
NESTED = ("config", "summary")

# Between the tags of a run, until SQL has made a list of them.
_SEPARATOR = "\x1f"


def matching(
    rows: Sequence[Mapping[str, Any]], where: str | None, sort: Sequence[str]
) -> list[int]:
    """The places of the rows for which ``where`` is true, in the order that ``sort`` asks for.

    Args:
        rows: A dictionary for each run: :data:`COLUMNS`, ``tags``, and ``config`` and ``summary``
            as dictionaries, which may hold further ones.
        where: An SQL expression over these names.
        sort: Expressions, the first counts most; with ``-`` before it, the largest comes first.
            Rows without a value come last, equal ones in the order of ``rows``.

    Raises:
        InvalidQueryError: One of the expressions cannot be evaluated.
    """
    if not rows:
        return []
    order = [
        f"({text.removeprefix('-')}) {'DESC' if text[0] == '-' else 'ASC'} NULLS LAST"
        for text in sort
        if text
    ]
    statement = (
        f"SELECT place FROM runs {f'WHERE ({where})' if where else ''}"
        f" ORDER BY {', '.join([*order, 'place'])}"
    )
    asked = ", ".join(repr(text) for text in (where, *sort) if text)
    with query.isolated() as connection:
        source = _register(connection, rows)
        try:
            found = connection.execute(f"WITH runs AS ({source}) {statement}").fetchall()
        except duckdb.Error as error:
            raise InvalidQueryError(
                f"{asked}: {str(error).splitlines()[0]}", operation="query runs", hint=_hint(rows)
            ) from None
    return [place for (place,) in found]


def _register(connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]) -> str:
    """Make the rows known to a connection. Returns SQL that selects them."""
    columns: dict[str, arrow.Array] = {
        "place": arrow.Array(range(len(rows)), type=arrow.DataType.int64())
    }
    selected = ["place"]
    for name, kind in COLUMNS.items():
        values = [row.get(name) for row in rows]
        if name.endswith("_at"):
            moments = [None if value is None else _microseconds(value) for value in values]
            columns[name] = arrow.Array(moments, type=arrow.DataType.int64()).cast(kind)
        else:
            columns[name] = arrow.Array(values, type=kind)
        selected.append(_identifier(name))
    joined = [_SEPARATOR.join(row.get("tags") or ()) for row in rows]
    columns["tags"] = arrow.Array(joined, type=arrow.DataType.utf8())
    selected.append(
        f"CASE tags WHEN '' THEN [] ELSE string_split(tags, '{_SEPARATOR}') END AS tags"
    )
    for name in NESTED:
        struct = _struct([row.get(name) or {} for row in rows], columns)
        selected.append(f"{struct} AS {name}")
    table = arrow.Table.from_arrays(list(columns.values()), names=list(columns))
    connection.register("given", table)
    return f"SELECT {', '.join(selected)} FROM given"


def _struct(values: Sequence[Mapping[str, Any]], columns: dict[str, arrow.Array]) -> str:
    """SQL for a struct of what the dictionaries hold, each leaf of which is a column."""
    keys: dict[str, str] = {}
    for value in values:
        for key in value:
            if key and "\0" not in key:
                # Names in SQL differ by more than their case, and are not empty.
                keys.setdefault(key.lower(), key)
    members = []
    for key in keys.values():
        leaves = [value.get(key) for value in values]
        nested = [leaf for leaf in leaves if isinstance(leaf, dict) and leaf]
        if nested and all(isinstance(leaf, dict) or leaf is None for leaf in leaves):
            member = _struct([leaf or {} for leaf in leaves], columns)
        else:
            member = f"c{len(columns)}"
            columns[member] = _column(leaves)
        members.append(f"{_identifier(key)} := {member}")
    return f"struct_pack({', '.join(members)})" if members else "struct_pack(nothing := NULL)"


def _column(values: Sequence[Any]) -> arrow.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return arrow.Array(values, type=arrow.DataType.bool())
    if kinds <= {int, float, bool}:
        numbers = [None if value is None else _float(value) for value in values]
        return arrow.Array(numbers, type=arrow.DataType.float64())
    texts = [None if value is None else str(value) for value in values]
    return arrow.Array(texts, type=arrow.DataType.utf8())


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _hint(rows: Sequence[Mapping[str, Any]]) -> str:
    known = [*COLUMNS, "tags"]
    for name in NESTED:
        keys = dict.fromkeys(key for row in rows for key in row.get(name) or {})
        known += [f"{name}.{key}" for key in list(keys)[:20]]
    return f"There are {', '.join(known)}; the expression is SQL, as in config.lr > 0.01"
