"""Any table reads back equal."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.store import media_tables
from nbtrack.store.media_tables import kind_of, packed

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(),
    "boolean": st.booleans(),
    "text": TEXT,
    "time": MOMENTS,
}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    """Names and columns: each of one kind with nulls among it, or of anything."""
    rows = draw(st.integers(0, 6))
    names, columns = [], []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from([*PLAIN, "any"]))
        values = ANY if kind == "any" else st.none() | PLAIN[kind]
        columns.append(draw(st.lists(values, min_size=rows, max_size=rows)))
        names.append(draw(TEXT))
    return names, columns


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@given(table=tables())
def test_any_table_reads_back_equal(table: tuple[list[str], list[list[Any]]], folder: Path) -> None:
    names, columns = table
    path = folder / "table.parquet"
    header, content = packed(names, columns)
    media_tables.write(header, content, path)
    found = media_tables.read(path)
    assert found.columns == names
    rows = [list(row) for row in zip(*columns, strict=True)]
    # By their text: NaN is not equal to itself, and True is equal to 1.
    assert repr(found.data) == repr(rows)


@given(values=st.lists(ANY | MOMENTS | TEXT, max_size=5))
def test_only_columns_of_one_kind_are_plain(values: list[Any]) -> None:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1:
        assert kind_of(values) == "json"
