"""Tables that were logged: their columns as Parquet, and back.

A column of one kind of value becomes a plain column of that kind. Every other one, of mixed values,
lists, large integers or media, holds JSON text. What is what stands in the file's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from .._errors import DamagedFileError, InvalidDataError

if TYPE_CHECKING:
    import pandas

ColumnKind = Literal["integer", "number", "boolean", "text", "time", "json"]

COLUMNS_KEY = "nbtrack.columns"
# What a cell with media is in JSON: an object with this key alone, and in it the reference.
MEDIA_CELL = "nbtrack.media"

_PLAIN: dict[frozenset[type], ColumnKind] = {
    frozenset({int}): "integer",
    frozenset({float}): "number",
    frozenset({bool}): "boolean",
    frozenset({str}): "text",
    frozenset({datetime}): "time",
}
_LARGEST = 1 << 63


class Cell(NamedTuple):
    """Media in a cell of a table: a record's ``kind``, ``file``, ``size`` and ``info``."""

    kind: str
    file: str | None
    size: int
    info: dict[str, Any]


class TableData:
    """Rows and columns as they were logged.

    Attributes:
        columns: The names of the columns.
        data: The rows: lists of one value for each column.
    """

    columns: list[Any]
    data: list[list[Any]]

    def __init__(self, columns: list[Any], data: list[list[Any]]) -> None:
        self.columns = columns
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"<table of {len(self.data)} rows: {', '.join(map(str, self.columns))}>"

    def get_column(self, name: Any, convert_to: Literal["numpy"] | None = None) -> Any:
        """The values of one column, as a list or as a numpy array.

        Raises:
            InvalidDataError: There is no such column.
        """
        if name not in self.columns:
            raise InvalidDataError(
                f"the table has no column {name!r}",
                hint=f"Its columns are {', '.join(map(str, self.columns))}.",
            )
        at = self.columns.index(name)
        values = [row[at] for row in self.data]
        if convert_to == "numpy":
            import numpy

            return numpy.array(values)
        return values

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """The number of each row, from 0, and its values."""
        return enumerate(self.data)

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas DataFrame."""
        import pandas

        columns = {name: self.get_column(name) for name in self.columns}
        return pandas.DataFrame(columns, columns=self.columns)

    get_dataframe = to_pandas


def kind_of(values: Sequence[Any]) -> ColumnKind:
    """As what a column of these values is kept, without loss."""
    types = frozenset(map(type, values)) - {type(None)}
    kind = _PLAIN.get(types, "json") if types else "text"
    if kind == "integer":
        numbers = [value for value in values if value is not None]
        if min(numbers) < -_LARGEST or max(numbers) >= _LARGEST:
            return "json"
    if kind == "time" and any(value is not None and value.tzinfo is None for value in values):
        return "json"
    return kind


def packed(
    names: Sequence[str | int], columns: Sequence[Sequence[Any]]
) -> tuple[dict[str, Any], bytes]:
    """A table as it waits in the spool: its header, and its values."""
    kinds = [kind_of(values) for values in columns]
    kept = [_packed(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    described = [{"name": n, "kind": k} for n, k in zip(names, kinds, strict=True)]
    return {"encode": "table", "columns": described}, msgspec.msgpack.encode(kept)


def _packed(values: Sequence[Any], kind: ColumnKind) -> list[Any]:
    if kind == "json":
        return [None if value is None else _dump(value) for value in values]
    if kind == "time":
        return [None if value is None else _microseconds(value) for value in values]
    return list(values)


def _microseconds(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _dump(value: Any) -> str:
    return json.dumps(_plain(value), separators=(",", ":"), default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, Cell):  # a tuple: JSON would make it a list
        return {MEDIA_CELL: value._asdict()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def write(header: dict[str, Any], content: bytes, path: Path) -> None:
    """Write what :func:`packed` made as Parquet.

    Raises:
        OSError: It cannot be written.
    """
    from . import parquet

    described = header["columns"]
    values: list[list[Any]] = msgspec.msgpack.decode(content)
    parquet.write_logged(
        # Arrow's names end at a zero; the whole name stands in the metadata.
        [(str(column["name"]).replace("\0", "\\0"), column["kind"]) for column in described],
        values,
        path,
        {COLUMNS_KEY: json.dumps(described)},
    )


def read(path: Path) -> TableData:
    """A table as it was logged; cells with media are :class:`Cell`.

    Raises:
        DamagedFileError: The file is not one that :func:`write` made.
        FileNotFoundError: There is none.
    """
    import duckdb

    from . import query

    try:
        entries = query.metadata([path])[str(path)]
        described = json.loads(entries[COLUMNS_KEY])
        # By place: a name may be anything, twice or empty.
        columns = [
            [_unpacked(value, column["kind"]) for value in values]
            for column, values in zip(described, query.parquet_columns(path), strict=True)
        ]
    except (duckdb.Error, KeyError, IndexError, ValueError) as error:
        if not path.exists():
            raise FileNotFoundError(str(path)) from error
        raise DamagedFileError(
            "not a table that was logged", path=path, operation="read media"
        ) from error
    names = [column["name"] for column in described]
    rows = len(columns[0]) if columns else 0
    return TableData(names, [[column[at] for column in columns] for at in range(rows)])


def _unpacked(value: Any, kind: ColumnKind) -> Any:
    if value is None:
        return None
    if kind == "json":
        return _with_cells(json.loads(value))
    if kind == "time":
        return value.astimezone(UTC)
    return value


def _with_cells(value: Any) -> Any:
    if isinstance(value, dict):
        inner = value.get(MEDIA_CELL)
        if len(value) == 1 and isinstance(inner, dict) and set(inner) == set(Cell._fields):
            return Cell(**inner)
        return {key: _with_cells(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_cells(item) for item in value]
    return value
