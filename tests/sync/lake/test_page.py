"""``docs/lake.md``: what it says is run against a real server, and its tables are the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars
import pytest

from nbtrack.store.layout import Store
from nbtrack.sync.lake.schema import COLUMNS, TABLES
from tests.docs import markdown
from tests.docs.test_examples import check_commands
from tests.s3 import S3
from tests.sync.lake.lakes import record

PAGE = "docs/lake.md"


@pytest.mark.parametrize("table", TABLES)
def test_the_columns_are_described(table: str) -> None:
    (rows,) = markdown.tables(markdown.section(PAGE, table))
    kinds = {"strings": "array of string"}
    assert [(markdown.code(name), kind, text) for name, kind, text in rows] == [
        (name, kinds.get(kind, kind), comment) for name, (kind, comment) in COLUMNS[table].items()
    ]


def test_what_the_page_says_is_done(tmp_path: Path, s3: S3) -> None:
    s3.put("lab")
    store = Store(tmp_path / "store")
    for name, rows in (("one", 3), ("two", 4)):
        run_dir = record(store, name, rows=rows, project="vision")
        run_dir.new_edit().write_bytes(b'{"tags": ["baseline"]}')
    check_commands(PAGE, tmp_path)
    in_duckdb, in_polars = markdown.blocks(PAGE, "python")
    found: dict[str, Any] = {}
    exec(in_duckdb.text, found)
    assert [(run, rate, best) for run, _, rate, best in found["best"]] == [
        ("two", 0.1, 1 / 4),
        ("one", 0.1, 1 / 3),
    ]
    assert found["failed"] == []
    exec(in_polars.text, found)
    assert isinstance(found["curve"], polars.DataFrame)
    assert found["curve"].rows() == [(step, 1 / (step + 1)) for step in range(4)]
