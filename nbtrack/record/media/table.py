"""Tables: rows of anything, also of media."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from ..._errors import InvalidDataError
from ...store import media_tables
from ...store.media_tables import Cell, TableData
from .base import Keeper, Kept, Media, check_caption, plain, text_of

_MAKE = "make a Table"
_DEFAULT_COLUMNS = ("Input", "Output", "Expected")
_PLAIN = frozenset({int, float, bool, str, type(None)})


class Table(Media, TableData):
    """Rows and columns; a cell holds a number, text, anything that JSON can hold, or media.

    Attributes:
        columns: The names of the columns.
        data: The rows: lists of one value for each column.

    Args:
        columns: The names of the columns; by default those of ``dataframe``, else numbers for
            ``data``, else ``Input``, ``Output`` and ``Expected``.
        data: The rows; an array of two dimensions or a DataFrame will do.
        rows: The same as ``data``.
        dataframe: A DataFrame of pandas or polars.
        dtype: Taken, and not used: a column holds what its values are.
        optional: Taken, and not used: any cell may be None.
        allow_mixed_types: Taken, and not used: any column may hold values of several kinds.
        log_mode: Taken, and not used: a table is logged as it is, each time.

    Raises:
        InvalidDataError: A row has not one value for each column.
    """

    kind = "table"

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: Any = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = None,
        caption: str | None = None,
    ) -> None:
        self.caption = check_caption(caption)
        given = [
            name
            for name, value in (("data", data), ("rows", rows), ("dataframe", dataframe))
            if value is not None
        ]
        if len(given) > 1:
            raise InvalidDataError(f"give {given[0]} or {given[1]}, not both", operation=_MAKE)
        if data is None:
            data = rows
        if dataframe is None and is_dataframe(data):
            dataframe, data = data, None
        if dataframe is not None:
            names, found = _of_dataframe(dataframe)
            if columns is not None:
                found = _chosen(names, found, list(columns))
                names = list(columns)
        else:
            found = _rows(data)
            if columns is not None:
                names = list(columns)
            elif found:
                names = list(range(len(found[0])))
            else:
                names = list(_DEFAULT_COLUMNS)
        super().__init__(names, [])
        for row in found:
            self.add_data(*row)

    def __repr__(self) -> str:
        return f"<nbtrack.Table {len(self)} rows: {', '.join(map(str, self.columns))}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TableData):
            return NotImplemented
        return self.columns == other.columns and self.data == other.data

    __hash__ = None  # type: ignore[assignment]  # it changes

    def add_data(self, *data: Any) -> None:
        """Add a row: a value for each column.

        Raises:
            InvalidDataError: There are more or fewer values than columns.
        """
        if len(data) != len(self.columns):
            raise InvalidDataError(
                f"a row of {len(data)} values for {len(self.columns)} columns",
                operation="add to a Table",
                hint=f"Its columns are {', '.join(map(str, self.columns))}.",
            )
        self.data.append(list(data))

    def add_row(self, *row: Any) -> None:
        """As :meth:`add_data`."""
        self.add_data(*row)

    def add_column(self, name: Any, data: Any, optional: bool = False) -> None:
        """Add a column: a value for each row; with the first column come the rows.

        Raises:
            InvalidDataError: The column is there, or there are more or fewer values than rows.
        """
        values = _values(data)
        if name in self.columns:
            raise InvalidDataError(f"there is a column {name!r}", operation="add to a Table")
        if not self.data and (not self.columns or tuple(self.columns) == _DEFAULT_COLUMNS):
            self.columns, self.data = [], [[] for _ in values]
        if len(values) != len(self.data):
            raise InvalidDataError(
                f"a column of {len(values)} values for {len(self.data)} rows",
                operation="add to a Table",
            )
        self.columns.append(name)
        for row, value in zip(self.data, values, strict=True):
            row.append(value)

    def add_computed_columns(self, fn: Callable[[int, dict[Any, Any]], dict[Any, Any]]) -> None:
        """Add what ``fn`` makes of the number and the values of each row, a column for each key.

        Raises:
            InvalidDataError: It makes other columns of another row, or one that is there.
        """
        made = [
            fn(at, dict(zip(self.columns, row, strict=True))) for at, row in enumerate(self.data)
        ]
        for name in made[0] if made else ():
            self.add_column(name, [columns.get(name) for columns in made])

    def get_index(self) -> list[int]:
        """The numbers of the rows, from 0."""
        return list(range(len(self.data)))

    def describe(self) -> dict[str, Any]:
        """What the record says besides rows and columns; for tables that are drawn as charts."""
        return {}

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        if not self.columns:
            raise InvalidDataError("a table without columns cannot be kept", operation="log")
        columns = [[_cell(row[at], keeper) for row in self.data] for at in range(len(self.columns))]
        names = [name if type(name) is int else text_of(str(name)) for name in self.columns]
        header, content = media_tables.packed(names, columns)
        info: dict[str, Any] = {"rows": len(self.data), "columns": names, **self.describe()}
        if self.caption is not None:
            info["caption"] = self.caption
        return Kept(self.kind, keeper.raw("parquet", header, [content]), len(content), info)


def is_dataframe(value: Any) -> bool:
    """Whether it is a DataFrame of pandas or polars, or something like it."""
    return hasattr(value, "columns") and (hasattr(value, "iloc") or hasattr(value, "iter_rows"))


def _of_dataframe(frame: Any) -> tuple[list[Any], list[list[Any]]]:
    if not is_dataframe(frame):
        raise InvalidDataError(
            f"dataframe is a {type(frame).__name__}",
            operation=_MAKE,
            hint="Give a DataFrame of pandas or polars.",
        )
    names = list(frame.columns)
    if hasattr(frame, "iter_rows"):
        return names, [list(row) for row in frame.iter_rows()]
    columns = [frame.iloc[:, at].tolist() for at in range(len(names))]
    return names, [list(row) for row in zip(*columns, strict=True)]


def _chosen(names: list[Any], rows: list[list[Any]], wanted: list[Any]) -> list[list[Any]]:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise InvalidDataError(f"the DataFrame has no column {missing[0]!r}", operation=_MAKE)
    places = [names.index(name) for name in wanted]
    return [[row[at] for at in places] for row in rows]


def _rows(data: Any) -> list[list[Any]]:
    if data is None:
        return []
    found = _values(data)
    for row in found:
        if isinstance(row, str | bytes | dict) or not isinstance(row, Iterable):
            raise InvalidDataError(
                f"a row is a {type(row).__name__}",
                operation=_MAKE,
                hint="data is a list of rows, each a list of values.",
            )
    return [list(row) for row in found]


def _values(data: Any) -> list[Any]:
    if isinstance(data, str | bytes) or not isinstance(data, Iterable):
        raise InvalidDataError(f"a {type(data).__name__} is no list of values", operation=_MAKE)
    if hasattr(data, "tolist"):  # of numpy, torch and pandas
        data = data.tolist()
    return list(data)


def _cell(value: Any, keeper: Keeper) -> Any:
    """A value as a cell holds it: its own kind if that is a plain one."""
    kind = type(value)
    if kind in _PLAIN:
        return text_of(value) if kind is str else value
    from .bare import media_of

    media = media_of(value)
    if media is not None:
        return Cell(*media.keep(keeper))
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, list | tuple):
        return [_cell(item, keeper) for item in value]
    if isinstance(value, dict):
        return {text_of(str(key)): _cell(item, keeper) for key, item in value.items()}
    return plain(value)


def _moment(value: datetime) -> datetime | str | None:
    if value != value:  # pandas' moment that is none
        return None
    if value.tzinfo is None:
        return value.isoformat()
    found = value.astimezone(UTC)
    return datetime(
        found.year,
        found.month,
        found.day,
        found.hour,
        found.minute,
        found.second,
        found.microsecond,
        UTC,
    )
