"""``docs/format.md`` against real files: DuckDB alone reads a run by the page's own SQL."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.docs import markdown
from tests.docs.processes import PAGE, Start, view_of, wait_for

MANY = 8000  # more than a first segment holds

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
