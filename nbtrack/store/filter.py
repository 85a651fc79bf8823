"""Expressions over the runs of a store: which of them, and in what order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

import arro3.core as arrow
import duckdb

from .._errors import InvalidQueryError
from .expressions import Asked, read_expression
from .result import ResultTable

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
TAGS = "tags"

# A struct has at least one key: one that nobody asks for.
_NO_KEYS = 'struct_pack("(no keys)" := NULL)'

# Between the tags of a run, until SQL has made a list of them.
_SEPARATOR = "\x1f"

Values = Sequence[Any]


class Order(NamedTuple):
    """Sort by the value at a place: a column, or ``("config", "lr")``."""

    place: tuple[str, ...]
    descending: bool = False


class Guard(NamedTuple):
    """Bounds for expressions of strangers: few functions, no subqueries, not for long."""

    seconds: float


class Member(NamedTuple):
    """One key of config or summary: SQL for its value, and the columns in that."""

    sql: str
    columns: dict[str, arrow.Array]


class RunTable:
    """Runs as columns. Each is made when it is first asked for, and kept.

    Args:
        count: How many runs.
        values: All values of a column: of :data:`COLUMNS`, lists of texts as ``tags``, and
            ``config`` and ``summary`` as dictionaries, which may hold further ones. Times are
            datetimes, or microseconds since 1970.
    """

    def __init__(self, count: int, values: Callable[[str], Values]) -> None:
        self._count = count
        self._values = values
        self._arrays: dict[tuple[str, ...], arrow.Array] = {}
        self._dictionaries: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._members: dict[tuple[str, str, bool], Member] = {}
        self._keys: dict[str, dict[str, str]] = {}
        self._number = 0
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return self._count

    def places(
        self,
        connection: duckdb.DuckDBPyConnection,
        where: str | None = None,
        sort: Sequence[str] = (),
        *,
        by: Sequence[Order] = (),
        guard: Guard | None = None,
    ) -> list[int]:
        """The places of the runs for which ``where`` is true, in order.

        Args:
            connection: An isolated one, see :func:`nbtrack.store.query.isolated`.
            where: An SQL expression over the columns.
            sort: Expressions, the first counts most; with ``-`` before it, the largest comes first.
                Runs without a value come last, equal ones in their own order.
            by: The same by place; counts before ``sort``.

        Raises:
            InvalidQueryError: An expression cannot be evaluated, or not in the time there is.
        """
        sort = [text for text in sort if text]
        if not self._count or not (where or sort or by):
            return list(range(self._count))
        cursor = connection.cursor()
        late = threading.Event()
        clock: threading.Timer | None = None
        if guard is not None:
            clock = threading.Timer(guard.seconds, _interrupt, (cursor, late))
            clock.daemon = True
            clock.start()
        try:
            return self._places(cursor, where, sort, by, guarded=guard is not None)
        except duckdb.Error as error:
            problem = "it takes too long" if late.is_set() else str(error).splitlines()[0]
            asked = ", ".join(repr(text) for text in (where, *sort) if text)
            raise InvalidQueryError(
                f"{asked}: {problem}", operation="query runs", hint=self._hint()
            ) from None
        finally:
            if clock is not None:
                clock.cancel()
                # Nothing may interrupt a cursor that is closed.
                clock.join()
            cursor.close()

    def _places(
        self,
        cursor: duckdb.DuckDBPyConnection,
        where: str | None,
        sort: Sequence[str],
        by: Sequence[Order],
        *,
        guarded: bool,
    ) -> list[int]:
        orders = [(text.removeprefix("-"), text[0] == "-") for text in sort]
        asked = [read_expression(cursor, text) for text in (where, *(o[0] for o in orders)) if text]
        for one in asked:
            if one.forbidden and guarded:
                raise duckdb.ParserException(one.forbidden)
        sorted_by = [f"by{at}" for at in range(len(by))]
        with self._lock:
            table, selected = self._table(asked)
            for name, order in zip(sorted_by, by, strict=True):
                array = self._array(order.place)
                column = arrow.ChunkedArray([array])
                table = table.append_column(arrow.Field(name, array.type), column)
        cursor.register("given", table)
        runs = cursor.sql(f"SELECT {', '.join((*selected, *sorted_by))} FROM given")
        if where:
            runs = runs.filter(duckdb.SQLExpression(where))
        keys = [
            (duckdb.ColumnExpression(name), order.descending)
            for name, order in zip(sorted_by, by, strict=True)
        ]
        keys += [(duckdb.SQLExpression(text), descending) for text, descending in orders]
        ordered = runs.sort(
            *((key.desc() if descending else key.asc()).nulls_last() for key, descending in keys),
            duckdb.ColumnExpression("place").asc(),
        )
        return [place for (place,) in ordered.select("place").fetchall()]

    def column(self, place: tuple[str, ...]) -> list[Any]:
        """The values at a place as they are compared: numbers, texts or truth values."""
        with self._lock:
            return list(self._array(place).to_pylist())

    def export(self, columns: Mapping[str, tuple[str, ...]]) -> ResultTable:
        """Columns of all runs, by the names that they are to have; tags have commas between."""
        with self._lock:
            arrays = [
                self._array(place) if place != (TAGS,) else self._joined(", ")
                for place in columns.values()
            ]
        return ResultTable(arrow.Table.from_arrays(arrays, names=list(columns)))

    def _table(self, asked: Sequence[Asked]) -> tuple[arrow.Table, list[str]]:
        """The columns that expressions ask for, and SQL that makes of them what they name."""
        named = frozenset().union(*(one.columns for one in asked))
        arrays = {"place": arrow.Array(range(self._count), type=arrow.DataType.int64())}
        selected = ["place"]
        for name in COLUMNS:
            if name in named:
                arrays[name] = self._array((name,))
                selected.append(_identifier(name))
        if TAGS in named:
            arrays[TAGS] = self._array((TAGS,))
            selected.append(
                f"CASE tags WHEN '' THEN [] ELSE string_split(tags, '{_SEPARATOR}') END AS tags"
            )
        for name in NESTED:
            keys: set[str] | None = set()
            for one in asked:
                wanted = one.keys[name]
                keys = None if wanted is None or keys is None else keys | wanted
            if name in named:
                known = self._keys_of(name)
                members = []
                for key in known.values() if keys is None else map(known.get, sorted(keys)):
                    if key is not None:
                        inner = any(key.lower() in one.inner[name] for one in asked)
                        member = self._member(name, key, inner)
                        arrays.update(member.columns)
                        members.append(f"{_identifier(key)} := {member.sql}")
                selected.append(f"{_struct(members)} AS {name}")
        return arrow.Table.from_arrays(list(arrays.values()), names=list(arrays)), selected

    def _array(self, place: tuple[str, ...]) -> arrow.Array:
        found = self._arrays.get(place)
        if found is None:
            found = self._arrays[place] = self._make_array(place)
        return found

    def _make_array(self, place: tuple[str, ...]) -> arrow.Array:
        name, *keys = place
        if keys:
            values: Iterable[Any] = self._nested(name)
            for key in keys:
                values = [v.get(key) if isinstance(v, dict) else None for v in values]
            return _column([None if isinstance(value, dict) else value for value in values])
        if name == TAGS:
            return self._joined(_SEPARATOR)
        given = self._values(name)
        if name.endswith("_at"):
            moments = [_microseconds(value) for value in given]
            return arrow.Array(moments, type=arrow.DataType.int64()).cast(COLUMNS[name])
        return arrow.Array(given, type=COLUMNS[name])

    def _joined(self, separator: str) -> arrow.Array:
        return arrow.Array([separator.join(tags or ()) for tags in self._values(TAGS)], type=_TEXT)

    def _nested(self, name: str) -> Sequence[Mapping[str, Any]]:
        found = self._dictionaries.get(name)
        if found is None:
            found = self._dictionaries[name] = [value or {} for value in self._values(name)]
        return found

    def _keys_of(self, name: str) -> dict[str, str]:
        """The keys that SQL can name, by their lower case."""
        found = self._keys.get(name)
        if found is None:
            found = self._keys[name] = _names(self._nested(name))
        return found

    def _member(self, name: str, key: str, inner: bool) -> Member:
        found = self._members.get((name, key, inner))
        if found is None:
            columns: dict[str, arrow.Array] = {}
            values = [value.get(key) for value in self._nested(name)]
            if inner or not _texts(values):
                # A metric may be a number in some runs, and {"min": …} in others.
                values = [value if isinstance(value, dict) == inner else None for value in values]
            sql = self._sql(values, columns)
            found = self._members[name, key, inner] = Member(sql, columns)
        return found

    def _sql(self, values: Sequence[Any], columns: dict[str, arrow.Array]) -> str:
        """SQL for values: a column, or a struct if they are dictionaries."""
        nested = [value for value in values if isinstance(value, dict) and value]
        if nested and all(isinstance(value, dict) or value is None for value in values):
            members = [
                f"{_identifier(key)} := "
                + self._sql([(value or {}).get(key) for value in values], columns)
                for key in _names(nested).values()
            ]
            return _struct(members)
        self._number += 1
        name = f"c{self._number}"
        columns[name] = _column(values)
        return name

    def _hint(self) -> str:
        known = [*COLUMNS, TAGS]
        with self._lock:
            for name in NESTED:
                keys = dict.fromkeys(chain.from_iterable(self._nested(name)))
                known += [f"{name}.{key}" for key in list(keys)[:20]]
        return f"There are {', '.join(known)}; the expression is SQL, as in config.lr > 0.01"


_TEXT = arrow.DataType.utf8()


def _interrupt(cursor: duckdb.DuckDBPyConnection, late: threading.Event) -> None:
    late.set()
    cursor.interrupt()


def _struct(members: Sequence[str]) -> str:
    return f"struct_pack({', '.join(members)})" if members else _NO_KEYS


def _names(values: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Keys by their lower case: names in SQL differ by more than that, and are not empty."""
    found: dict[str, str] = {}
    for key in dict.fromkeys(chain.from_iterable(values)):
        if key and "\0" not in key:
            found.setdefault(key.lower(), key)
    return found


def _texts(values: Sequence[Any]) -> bool:
    """Whether a column of these is no column of numbers or truth values."""
    plain = {type(value) for value in values if not isinstance(value, dict) and value is not None}
    return not plain or not plain <= {int, float, bool}


def _column(values: Sequence[Any]) -> arrow.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return arrow.Array(values, type=arrow.DataType.bool())
    if kinds <= {int, float, bool}:
        numbers = [None if value is None else _float(value) for value in values]
        return arrow.Array(numbers, type=arrow.DataType.float64())
    texts = [None if value is None else str(value) for value in values]
    return arrow.Array(texts, type=_TEXT)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _microseconds(moment: datetime | int | None) -> int | None:
    return round(moment.timestamp() * 1e6) if isinstance(moment, datetime) else moment


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
