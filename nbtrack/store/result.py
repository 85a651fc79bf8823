"""A table that a query gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import arro3.core as arrow
    import pandas
    import polars


class ResultTable:
    """Columns of equal length, in Arrow memory.

    Any library that speaks the Arrow PyCapsule interface takes it as it is:
    ``polars.DataFrame(t)``, ``pyarrow.table(t)``, ``duckdb.sql("from t")``. A column
    ``time`` is a timestamp of microseconds in UTC.
    """

    def __init__(self, table: arrow.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self._table.num_rows

    def __repr__(self) -> str:
        return f"<nbtrack.ResultTable {len(self)} rows: {', '.join(self.column_names)}>"

    def __getitem__(self, name: str) -> Any:
        """One column as a numpy array; text as an array of objects, null as None.

        Raises:
            KeyError: There is no such column.
        """
        if name not in self.column_names:
            raise KeyError(f"no column {name!r}; there are {', '.join(self.column_names)}")
        import arro3.core as arrow
        import numpy

        column = self._table.column(name)
        kind = column.type
        if kind in (arrow.DataType.int64(), arrow.DataType.float64()):
            if column.null_count:
                return numpy.array(column.to_pylist(), dtype=numpy.float64)
            return column.to_numpy()
        if kind in (arrow.DataType.utf8(), arrow.DataType.large_utf8()):
            return numpy.array(column.to_pylist(), dtype=object)
        return column.cast(arrow.DataType.int64()).to_numpy().astype("datetime64[us]")

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return self._table.column_names

    def to_pandas(self) -> pandas.DataFrame:
        """As a pandas DataFrame; missing numbers are NaN, ``time`` has the time zone UTC."""
        import pandas

        frame = pandas.DataFrame({name: self[name] for name in self.column_names})
        # In a wide table "time" may be a metric of that name.
        if "time" in frame and frame["time"].dtype.kind == "M":
            frame["time"] = frame["time"].dt.tz_localize("UTC")
        return frame

    def to_polars(self) -> polars.DataFrame:
        """As a polars DataFrame."""
        import polars

        return polars.DataFrame(self)

    def to_pylist(self) -> list[dict[str, Any]]:
        """As one dictionary a row."""
        columns = {name: self._table.column(name).to_pylist() for name in self.column_names}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
