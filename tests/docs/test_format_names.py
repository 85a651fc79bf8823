"""``docs/format.md`` against real files: columns, keys, fields and records, and kept values."""

from __future__ import annotations

import json
import math
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any, get_args

import duckdb
import msgspec
import pytest

from nbtrack.store import pyramid, schema
from nbtrack.store.chart import Chart, ChartKind
from nbtrack.store.layout import TABLES, RunDir
from nbtrack.store.model import LayerInfo, ModelDocument, ModelInfo
from nbtrack.store.reader import read_metadata, select
from nbtrack.store.seal import set_metadata
from tests.docs import markdown
from tests.docs.processes import PAGE, Start, view_of
from tests.docs.recording import ODD


def query(sql: str) -> list[Any]:
    relation = duckdb.sql(sql)
    assert relation is not None
    return relation.fetchall()


@pytest.fixture
def merged_long(merged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same run with its pyramid, as if its series were long."""
    copy = tmp_path / merged.name
    shutil.copytree(merged, copy)
    monkeypatch.setattr(pyramid, "LONG", 1)
    run_dir = RunDir(copy)
    found = select(run_dir).merged
    assert found is not None
    writers, digest = read_metadata([run_dir.merged_table(found.name, "changes")])
    pyramid.write(run_dir, found.name, digest, set_metadata(writers))
    return copy


ALL = (*TABLES, "pyramid")


@pytest.mark.parametrize("table", ALL)
def test_the_columns_of_the_page_are_those_of_the_files(merged_long: Path, table: str) -> None:
    (path,) = merged_long.glob(f"merged/*.{table}.parquet")
    found = query(f"DESCRIBE FROM '{path}'")
    types = {"VARCHAR": "utf8", "BIGINT": "int64", "DOUBLE": "float64"}
    documented = markdown.tables(markdown.section(PAGE, table))[0]
    assert [(markdown.code(row[0]), row[1]) for row in documented] == [
        (name, types[kind]) for name, kind, *_ in found
    ]


def test_the_order_of_merged_rows_is_the_one_of_the_page(merged_long: Path) -> None:
    for table in ALL:
        order = re.search(r"Sorted by `([^`]*)`", markdown.section(PAGE, table))
        assert order is not None
        (path,) = merged_long.glob(f"merged/*.{table}.parquet")
        rows = query(f"SELECT {order[1]} FROM '{path}'")
        assert rows == sorted(rows)


def test_the_metadata_keys_of_the_page_are_those_of_the_files(merged_long: Path) -> None:
    documented = markdown.tables(markdown.section(PAGE, "Metadata"))[0]
    for table in ALL:
        (path,) = merged_long.glob(f"merged/*.{table}.parquet")
        found = query(f"SELECT key, value FROM parquet_kv_metadata('{path}')")
        entries = {
            bytes(key).decode(): json.loads(bytes(value))
            for key, value in found
            if not bytes(key).startswith(b"ARROW:")
        }
        assert set(entries) == {
            markdown.code(row[0]) for row in documented if row[1] in ("all tables", f"`{table}`")
        }
        assert entries["nbtrack.format"] == schema.FORMAT_VERSION
        if table == "changes":
            rows, max_step, last, first, numbers = entries["nbtrack.digest"]["1"]
            assert (rows, max_step) == (51, 50)
            writer, seq, moment, step, value, text = last["loss"]
            assert (step, value, text) == (50, 1 / 50, None)
            assert writer.startswith("o")
            assert seq < moment
            assert first["loss"][3] == 1
            assert numbers["loss"][0] == 50
            assert numbers["loss"][2:4] == [1 / 50, 50]


def test_values_are_kept_as_the_page_says(merged: Path) -> None:
    (path,) = merged.glob("merged/*.metrics.parquet")
    found = query(f"SELECT key, value, text FROM '{path}' WHERE step = 0 AND seq < 10")
    kept = {key: (value, text) for key, value, text in found}
    assert math.isnan(kept.pop("nan")[0])
    assert kept == {
        "float": (0.1, None),
        "bool": (1.0, None),
        "int": (float(2**53), None),
        "large": (float(2**53 + 1), str(2**53 + 1)),
        "huge": (-float(2**80), str(-(2**80))),
        "string": (None, "warm up"),
        "none": (None, None),
        "list": (None, "[1,2.5]"),
        "moment": (None, "2026-01-31T17:45:00+00:00"),
        "nested/inner": (1.5, None),
        "infinite": (math.inf, None),
    }
    assert len(kept) + 1 == len(ODD)


def fields(heading: str) -> list[str]:
    return [markdown.code(row[0]) for row in markdown.tables(markdown.section(PAGE, heading))[-1]]


def test_the_documents_have_the_fields_of_the_page(merged: Path) -> None:
    assert list(json.loads((merged / "run.json").read_bytes())) == fields("run.json")
    assert list(json.loads((merged / "merged.json").read_bytes())) == fields("merged.json")
    edits = [json.loads(path.read_bytes()) for path in (merged / "edits").iterdir()]
    assert edits == [{"tags": ["docs"]}]
    failure = view_of(merged).exception
    assert failure is not None
    assert list(failure) == fields("Failure")


def test_a_model_and_a_chart_have_the_fields_of_the_page() -> None:
    for heading, kind in (
        ("model.json", ModelDocument),
        ("A model", ModelInfo),
        ("A layer", LayerInfo),
        ("A chart", Chart),
    ):
        assert list(kind.__struct_fields__) == fields(heading)
    kinds = re.findall("`(\\w+)`", markdown.section(PAGE, "A chart").split("`kind`")[1])
    assert list(get_args(ChartKind)) == kinds[: len(get_args(ChartKind))]


def test_the_header_has_the_fields_of_the_page(record: Start) -> None:
    run = record(1, NBTRACK_RECORDER="off").run
    (segment,) = (run / "journal").glob("o*.seg")
    length = int.from_bytes(segment.read_bytes()[6:8], "little")
    header = json.loads(segment.read_bytes()[12 : 12 + length])
    assert list(header) == fields("Header")
    process = markdown.section(PAGE, "Header").partition("| `process` |")[2].partition("\n")[0]
    assert list(header["process"]) == re.findall(r"`(\w+)`", process)


def test_the_records_of_the_page_are_those_of_the_journal() -> None:
    documented = {
        int(number): re.findall(r"\w+", names)
        for number, _, names in markdown.tables(markdown.section(PAGE, "Records"))[0]
    }
    kinds = schema.Record.__args__
    assert documented == {
        kind.__struct_config__.tag: [field.name for field in msgspec.structs.fields(kind)]
        for kind in kinds
    }


def test_every_value_of_a_sample_is_documented(merged: Path) -> None:
    keys = {row["key"] for row in view_of(merged).system().to_pylist()}
    assert keys
    table = markdown.tables(markdown.section(PAGE, "system"))[1]
    documented = {markdown.code(row[0]) for row in table}
    assert {re.sub(r"^gpu\.\d+", "gpu.N", key) for key in keys} <= documented


def test_the_tree_of_the_page_holds_every_file(merged: Path) -> None:
    tree = textwrap.dedent(markdown.blocks(PAGE, "")[0].text)
    named = {word.partition("/")[0] for word in re.findall(r"^ {4}(\S+)", tree, re.MULTILINE)}
    assert {path.name for path in merged.iterdir()} <= named
