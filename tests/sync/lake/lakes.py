"""Runs to commit, and what the tables then hold, as DuckDB reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from nbtrack._attempts import CellInfo
from nbtrack._options import RunOptions
from nbtrack._run import Run
from nbtrack._start import start_run
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.schema import Sample
from nbtrack.store.seal import seal_run
from nbtrack.sync.lake.access import Location
from nbtrack.sync.lake.commit import Report, commit
from nbtrack.sync.lake.schema import COMMITS, TABLES
from nbtrack.sync.lake.source import source_of
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests.journals import new_journal, settings

# Commits what is at a place, so many runs at once; says when it is about to begin.
COMMITTER = """
import sys
from nbtrack.sync.lake.access import Location
from nbtrack.sync.lake.commit import commit
from nbtrack.sync.lake.source import source_of

place, at_once = sys.argv[1], int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
report = commit(source_of(place), Location(f"{place}/lake"), at_once=at_once)
assert not report.problems, report.problems
print(report.committed, report.finished, flush=True)
"""


def record(
    store: Store,
    id: str,
    *,
    rows: int = 5,
    project: str | None = None,
    sealed: bool = True,
    merged: bool = True,
    more: Iterable[dict[str, Any]] = (),
) -> RunDir:
    """A run with an attempt, rows in it, and samples of the machine; resumed if it is there."""
    run = begin(store, id, project)
    run.config.update({"rate": 0.1, "nan": float("nan")})
    cell = CellInfo(cell_id="c", execution_count=3, source="train()")
    run.begin_attempt(cell)
    for step in range(rows):
        run.log({"loss": 1 / (step + 1), "note": f"Zürich {step}"})
    for row in more:
        run.log(row)
    run.end_cell(cell, "finished", None)
    run_dir = RunDir(run.path)
    recorder = new_journal(run_dir, role="recorder")
    for at in range(3):
        recorder.append(Sample(recorder.next_seq(), now(), {"cpu.percent": float(at)}))
    recorder.close()
    run.finish()
    if sealed:
        seal_run(run_dir)
    if merged:
        merge(run_dir)
    return run_dir


def begin(store: Store, id: str, project: str | None = None) -> Run:
    """A run of this process; it goes on if it is there."""
    resumed = (store.path / "runs" / id).exists()
    options = RunOptions(id=id, project=project, resume="must" if resumed else None)
    return start_run(options, settings(store.path), cwd=store.path.parent)


def push(store: Store, url: str) -> None:
    """Sync all runs of a store."""
    outcomes = Pusher(store, Place(url)).push([run_dir.id for run_dir in store.run_dirs()])
    assert [outcome.problem for outcome in outcomes if outcome.problem] == []


def lake_of(url: str) -> Location:
    return Location(f"{url}/lake")


def committed(url: str, **options: Any) -> Report:
    """Commit what is at a place or in a store."""
    return commit(source_of(url), lake_of(url), **options)


def delta(url: str, table: str) -> DeltaTable:
    location = lake_of(url)
    return DeltaTable(location.root(table), storage_options=location.options)


def ask(url: str, table: str, sql: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers of a table, which the query calls ``rows``."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", delta(url, table).to_pyarrow_dataset())
        return connection.execute(sql).fetchall()


def counts(url: str) -> dict[str, dict[str, int]]:
    """How many rows each run has, by table."""
    sql = "SELECT run_id, count(*) FROM rows GROUP BY run_id ORDER BY run_id"
    return {table: dict(ask(url, table, sql)) for table in TABLES}


def once(runs: Iterable[RunDir], rows: int = 5) -> dict[str, dict[str, int]]:
    """What :func:`counts` gives if each row of these runs is there once."""
    ids = sorted(run_dir.id for run_dir in runs)
    per_run = {"metrics": 2 * rows, "system": 3, "attempts": 1, "runs": 1}
    return {table: dict.fromkeys(ids, count) for table, count in per_run.items()}


def versions(url: str) -> dict[str, int]:
    return {table: delta(url, table).version() for table in (COMMITS, *TABLES)}


def start(url: str, at_once: int, **environ: str) -> subprocess.Popen[str]:
    """A committer that waits for :func:`go`; it has loaded all that it needs."""
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMITTER, url, str(at_once)],
        env={**os.environ, "PYTHONPATH": str(root), **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
