"""``docs/format.md`` against real files: DuckDB alone reads a run by the page's own SQL."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import duckdb
import msgspec
import pytest

import nbtrack
from nbtrack.store import schema
from nbtrack.store.chart import Chart, ChartKind
from nbtrack.store.model import LayerInfo, ModelDocument, ModelInfo
from nbtrack.store.parquet import COLUMNS
from nbtrack.store.view import RunView
from tests.docs import markdown
from tests.docs.recording import ODD

PAGE = "docs/format.md"
RECORDING = Path(__file__).with_name("recording.py")
MANY = 8000  # more than a first segment holds

Start = Callable[..., "Recording"]

# Runs every statement that it is given, and imports nothing but DuckDB.
DUCKDB_ALONE = """
import json, sys
import duckdb

found = []
for statement in json.load(sys.stdin):
    result = duckdb.sql(statement)
    found.append(None if result is None else result.fetchall())
assert not {"nbtrack", "arro3", "pyarrow"} & set(sys.modules)
print(json.dumps(found, default=str))
"""


def query(sql: str) -> list[Any]:
    relation = duckdb.sql(sql)
    assert relation is not None
    return relation.fetchall()


def view_of(run: Path) -> RunView:
    return nbtrack.open_run(run.name, dir=run.parents[1])


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within a minute"
        time.sleep(0.02)


class Recording:
    """A process of ``recording.py``, which lives until it is told to end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.run = Path(process.stdout.readline().strip())

    def end(self) -> Path:
        """Let it raise its exception. Returns the run's directory."""
        self._process.communicate(timeout=180)
        assert self._process.returncode == 1
        return self.run


@contextlib.contextmanager
def recordings(store: Path) -> Iterator[Start]:
    """Starts recordings of so many rows in a store, with these variables."""
    with contextlib.ExitStack() as processes:

        def start(rows: int, **variables: str) -> Recording:
            process = subprocess.Popen(
                [sys.executable, str(RECORDING), str(rows)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "NBTRACK_DIR": str(store), **variables},
            )
            return Recording(processes.enter_context(process))

        yield start


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Start]:
    with recordings(tmp_path / "store") as start:
        yield start


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run with samples that ended with an exception, and was merged."""
    with recordings(tmp_path_factory.mktemp("merged") / "store") as start:
        recording = start(50)
        view = view_of(recording.run)
        wait_for(lambda: len(view.system("memory.process.bytes")), "the machine was sampled")
        path = recording.end()
        wait_for((path / "status.json").exists, "the run was merged and summed up")
        yield path


def sql_blocks() -> dict[str, list[str]]:
    """The statements of the page, by the comment that they begin with."""
    found = {}
    for block in markdown.blocks(PAGE, "sql"):
        title, _, text = block.text.removeprefix("-- ").partition("\n")
        found[title] = [part for part in text.split(";") if part.strip()]
    return found


SQL = sql_blocks()


def duckdb_alone(run: Path, *titles: str) -> list[Any]:
    """What the last statement of each titled block answers, after the block that chooses files."""
    wanted = ["the files in force", *titles]
    statements = [statement for title in wanted for statement in SQL[title]]
    count, changed = 0, []
    for statement in statements:
        text, places = re.subn(r"(?<=SET VARIABLE run = ')[^']*", str(run), statement)
        text, folders = re.subn(r"(?<=')run(?=/)", str(run), text)
        count += places + folders
        changed.append(text)
    assert count, "the page says where the run's directory goes"
    done = subprocess.run(
        [sys.executable, "-I", "-c", DUCKDB_ALONE],
        input=json.dumps(changed),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = iter(json.loads(done.stdout))
    return [[next(answers) for _ in SQL[title]][-1] for title in wanted][1:]


def journal_rows(run: Path) -> list[list[Any]]:
    """The loss in the journal, read by the reader that the page prints: (seq, step, value)."""
    (block,) = markdown.blocks(PAGE, "python")
    namespace: dict[str, Any] = {}
    exec(block.text, namespace)
    found = []
    for segment in sorted((run / "journal").glob("o*.seg")):
        for kind, *rest in namespace["records"](segment):
            if kind == 0 and "loss" in rest[4]:
                found.append([rest[0], rest[3], rest[4]["loss"]])
    return found


def losses(answer: list[Any]) -> list[list[Any]]:
    return [[attempt, step, value] for attempt, step, _, value in answer]


def expected_losses(run: Path) -> list[list[Any]]:
    history = view_of(run).history("loss").to_pylist()
    return [[row["attempt"], row["step"], row["value"]] for row in history]


def test_duckdb_alone_reads_a_run_by_the_sql_of_the_page(merged: Path) -> None:
    view = view_of(merged)
    short, one, several, config, attempts, machine, media = duckdb_alone(
        merged,
        "often enough",
        "one metric",
        "several metrics",
        "the config",
        "the attempts",
        "the machine",
        "the media",
    )
    expected = expected_losses(merged)
    assert len(expected) == 50
    assert losses(one) == expected
    assert short == [[step, value] for _, step, value in expected]
    wide = view.history("accuracy", "loss").to_pylist()
    assert several == [[row["attempt"], row["step"], row["accuracy"], row["loss"]] for row in wide]
    assert {key: json.loads(text) for key, text in config} == view.config
    assert view.config == {"rate": 0.2, "layers": [32, 16]}
    ((n, cell_try, name, outcome, exception, started, ended, seconds),) = attempts
    assert (n, cell_try, name, outcome) == (1, 1, "recording.py", "failed")
    assert exception == "ValueError"
    assert started < ended
    assert seconds == view.attempts[0].wall_seconds
    assert [row[:6] for row in media] == [
        ["answers", 1, 0, 0, "table", None],
        ["sample", 1, 0, 0, "image", "first"],
    ]
    assert [Path(row[6]) for row in media] == [one.path for one in view.media()]
    samples = view.system("memory.process.bytes").to_pylist()
    assert [round(row[1] * 2**20) for row in machine] == [round(row["value"]) for row in samples]


def test_every_statement_of_the_page_is_run() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert SQL
    for title in SQL:
        assert f'"{title}"' in source


def test_the_cells_by_the_sql_of_the_page() -> None:
    run = Path(__file__).parents[1] / "fixtures" / "format-2" / "runs" / "sealed"
    (rows,) = duckdb_alone(run, "the cells")
    assert rows == [[4, "failed", "ValueError", 1.5, 3 << 20, "x = 1"]]


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        ("seal.after_metrics", "sealed/o*.metrics.parquet"),
        ("seal.before_unlink", "sealed/o*.changes.parquet"),
        ("merge.after_metrics", "merged/*.metrics.parquet"),
        ("merge.before_unlink", "merged.json"),
    ],
)
def test_a_kill_while_files_change_hands_shows_no_row_twice(
    record: Start, fault: str, reached: str
) -> None:
    run = record(50, NBTRACK_FAULT=fault).end()
    wait_for(lambda: list(run.glob(reached)), f"the process died at {fault}")
    expected = expected_losses(run)
    assert len(expected) == 50
    if fault == "seal.after_metrics":
        # The set is incomplete: only the journal holds the rows.
        assert [[1, step, value] for _, step, value in journal_rows(run)] == expected
        assert not list(run.glob("sealed/o*.changes.parquet"))
    else:
        (found,) = duckdb_alone(run, "one metric")
        assert losses(found) == expected


def test_sealed_sets_and_the_journal_make_up_a_run_that_goes_on(record: Start) -> None:
    run = record(MANY).run
    wait_for(lambda: list(run.glob("sealed/o*.changes.parquet")), "a segment was sealed")
    deadline = time.monotonic() + 60
    while True:
        # As the page says: the journal first, and again if a file went away meanwhile.
        with contextlib.suppress(FileNotFoundError, AssertionError):
            unsealed = [[1, step, value] for _, step, value in journal_rows(run)]
            (sealed,) = duckdb_alone(run, "one metric")
            if unsealed and len(sealed) + len(unsealed) == MANY:
                break
        assert time.monotonic() < deadline
    assert sorted([*losses(sealed), *unsealed]) == expected_losses(run)


@pytest.mark.parametrize("where", ["before", "within", "header"])
def test_the_printed_reader_reads_around_damage(record: Start, where: str) -> None:
    run = record(50, NBTRACK_RECORDER="off").run
    (segment,) = (run / "journal").glob("o*.seg")
    whole = journal_rows(run)
    assert len(whole) == 50
    data = bytearray(segment.read_bytes())
    if where == "header":
        data[100] ^= 1
        segment.write_bytes(data)
        with pytest.raises(ValueError, match="not a segment of format 1"):
            journal_rows(run)
        return
    frame = data.index(b"loss", 4000)
    data[frame - (20 if where == "before" else 0)] ^= 1
    segment.write_bytes(data)
    assert len(journal_rows(run)) == 49


@pytest.mark.parametrize("table", COLUMNS)
def test_the_columns_of_the_page_are_those_of_the_files(merged: Path, table: str) -> None:
    (path,) = merged.glob(f"merged/*.{table}.parquet")
    found = query(f"DESCRIBE FROM '{path}'")
    types = {"VARCHAR": "utf8", "BIGINT": "int64", "DOUBLE": "float64"}
    documented = markdown.tables(markdown.section(PAGE, table))[0]
    assert [(markdown.code(row[0]), row[1]) for row in documented] == [
        (name, types[kind]) for name, kind, *_ in found
    ]


def test_the_order_of_merged_rows_is_the_one_of_the_page(merged: Path) -> None:
    for table in COLUMNS:
        order = re.search(r"Sorted by `([^`]*)`", markdown.section(PAGE, table))
        assert order is not None
        (path,) = merged.glob(f"merged/*.{table}.parquet")
        rows = query(f"SELECT {order[1]} FROM '{path}'")
        assert rows == sorted(rows)


def test_the_metadata_keys_of_the_page_are_those_of_the_files(merged: Path) -> None:
    documented = markdown.tables(markdown.section(PAGE, "Metadata"))[0]
    for table in COLUMNS:
        (path,) = merged.glob(f"merged/*.{table}.parquet")
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
            rows, max_step, last = entries["nbtrack.digest"]["1"]
            assert (rows, max_step) == (51, 50)
            writer, seq, moment, step, value, text = last["loss"]
            assert (step, value, text) == (50, 1 / 50, None)
            assert writer.startswith("o")
            assert seq < moment


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
