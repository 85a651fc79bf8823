"""Tables read back as they were logged, row for row; also without nbtrack."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import duckdb
import numpy
import pandas
import polars
import pytest

from nbtrack import Html, Image, InvalidDataError, Table
from tests.media import read_back

PIXELS = numpy.arange(24, dtype=numpy.uint8).reshape(2, 4, 3)
MOMENT = datetime(2026, 1, 31, 17, 45, 0, 123456, tzinfo=UTC)


def test_rows_read_back() -> None:
    table = Table(columns=["id", "score", "label", "right", "at", "mixed"])
    table.add_data(1, 0.5, "cat", True, MOMENT, None)
    table.add_row(-(2**63), -math.inf, "", False, MOMENT - timedelta(days=40_000), [1, {"a": 2.5}])
    table.add_data(None, None, None, None, None, 2**70)
    found = read_back(table)
    assert found.info == {"rows": 3, "columns": table.columns}
    read = found.read()
    assert read.columns == table.columns
    assert read.data == table.data
    assert [list(map(type, row)) for row in read.data] == [
        list(map(type, row)) for row in table.data
    ]
    assert table == read
    assert read.get_column("label") == ["cat", "", None]
    assert dict(read.iterrows())[0] == table.data[0]


def test_not_a_number_is_not_none() -> None:
    read = read_back(Table(columns=["x"], data=[[math.nan], [None], [1.0]])).read()
    assert math.isnan(read.data[0][0])
    assert read.data[1:] == [[None], [1.0]]


def test_numpy_s_values_are_plain_ones() -> None:
    array = numpy.array([[1.5, 2.5], [3.5, 4.5]])
    table = Table(columns=["a", "b"], data=array)
    table.add_column("c", numpy.array([7, 8]))
    table.add_data(numpy.float32(0.5), numpy.int64(3), numpy.bool_(True))
    expected = [[1.5, 2.5, 7], [3.5, 4.5, 8], [0.5, 3, True]]
    assert read_back(table).read().data == expected


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert read_back(Table(columns=["t"], data=[[there]])).read().data == [[MOMENT]]


def test_moments_without_a_zone_are_kept_as_text() -> None:
    local = datetime(2026, 1, 31, 17, 45)  # noqa: DTZ001 - that is what is tested
    assert read_back(Table(columns=["t"], data=[[local]])).read().data == [[local.isoformat()]]


def test_cells_hold_media() -> None:
    table = Table(columns=["id", "picture"])
    table.add_data(0, Image(PIXELS, caption="first"))
    table.add_data(1, None)
    table.add_data(2, [Image(PIXELS + 1), Html("<b>x</b>")])
    (first, nothing, both) = read_back(table).read().get_column("picture")
    assert first.caption == "first"
    numpy.testing.assert_array_equal(first.read(), PIXELS)
    assert nothing is None
    numpy.testing.assert_array_equal(both[0].read(), PIXELS + 1)
    assert both[1].read() == "<b>x</b>"


def test_a_table_in_a_table() -> None:
    inner = Table(columns=["x"], data=[[1], [2]])
    ((found,),) = read_back(Table(columns=["inner"], data=[[inner]])).read().data
    assert found.read().data == [[1], [2]]


def test_names_of_columns_may_be_anything() -> None:
    table = Table(columns=["a", "a", "", 3, "größer \U0001f600", "b\0c"], data=[[1, 2, 3, 4, 5, 6]])
    read = read_back(table).read()
    assert (read.columns, read.data) == (table.columns, table.data)


@pytest.mark.parametrize("rows", [0, 1, 1000])
def test_tables_of_any_length(rows: int) -> None:
    table = Table(columns=["i", "s"], data=[[i, str(i)] for i in range(rows)])
    assert read_back(table).read().data == table.data


def test_dataframes() -> None:
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, math.nan]})
    for given in ({"dataframe": frame}, {"data": frame}):
        read = read_back(Table(**given)).read()
        assert read.columns == ["a", "b", "c"]
        assert read.data[0] == [1, "x", 0.5]
        assert math.isnan(read.data[1][2])
    assert Table(dataframe=frame, columns=["c", "a"]).data[0] == [0.5, 1]
    assert read_back(Table(dataframe=polars.DataFrame({"a": [1, 2]}))).read().data == [[1], [2]]
    expected = pandas.DataFrame({"a": [1, 2], "c": [0.5, 1.5]})
    pandas.testing.assert_frame_equal(
        read_back(Table(dataframe=expected)).read().to_pandas(), expected
    )


def test_without_arguments_there_are_the_columns_that_people_know() -> None:
    assert Table().columns == ["Input", "Output", "Expected"]
    assert Table(data=[[1, 2]]).columns == [0, 1]
    table = Table()
    table.add_column("x", [1, 2])
    table.add_computed_columns(lambda at, row: {"double": row["x"] * 2, "at": at})
    assert table.columns == ["x", "double", "at"]
    assert table.data == [[1, 2, 0], [2, 4, 1]]
    assert table.get_column("x", convert_to="numpy").tolist() == [1, 2]
    assert table.get_index() == [0, 1]
    assert len(table) == 2


def test_others_read_the_file() -> None:
    table = Table(columns=["i", "x", "t"], data=[[1, 0.5, MOMENT], [2, None, None]])
    path = read_back(table).path
    assert path is not None
    assert duckdb.execute(f"SELECT i, x FROM '{path}'").fetchall() == [(1, 0.5), (2, None)]
    frame = pandas.read_parquet(path)
    assert frame["i"].tolist() == [1, 2]
    assert frame["t"][0] == pandas.Timestamp(MOMENT)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(InvalidDataError, match="a row of 1 values for 2 columns"):
        Table(columns=["a", "b"], data=[[1]])
    with pytest.raises(InvalidDataError, match="a row is a int"):
        Table(data=[1, 2])
    with pytest.raises(InvalidDataError, match="give data or rows, not both"):
        Table(data=[[1]], rows=[[1]])
    with pytest.raises(InvalidDataError, match="dataframe is a list"):
        Table(dataframe=[[1]])
    with pytest.raises(InvalidDataError, match="no column 'z'"):
        Table(dataframe=pandas.DataFrame({"a": [1]}), columns=["z"])
    table = Table(columns=["a"], data=[[1]])
    with pytest.raises(InvalidDataError, match="there is a column 'a'"):
        table.add_column("a", [2])
    with pytest.raises(InvalidDataError, match="a column of 2 values for 1 rows"):
        table.add_column("b", [2, 3])
    with pytest.raises(InvalidDataError, match="no column 'b'"):
        table.get_column("b")


def test_a_cell_that_only_looks_like_media_is_what_it_is() -> None:
    value: dict[str, Any] = {"nbtrack.media": {"kind": "image"}}
    assert read_back(Table(columns=["x"], data=[[value]])).read().data == [[value]]
