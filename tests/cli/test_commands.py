"""The command line, as a person or a CI job calls it: real processes on a real store."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

TRAIN = """
import nbtrack

run = nbtrack.init(name="steady", project="digits", config={"lr": 0.1, "inf": float("inf")})
for step in range(20):
    nbtrack.log({"loss": 1 / (step + 1), "acc": step / 20})
nbtrack.log({"nan": float("nan")})
"""

FAIL = """
import nbtrack

nbtrack.init(name="broken", project="digits")
nbtrack.log({"loss": 1.0})
raise ValueError("no gradient")
"""

DIE = """
import sys
import nbtrack

nbtrack.init(name="killed", project="other")
while True:
    nbtrack.log({"loss": 1.0})
    print("row", flush=True)
"""


def nbtrack(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments, "--store", str(store)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def read_json(store: Path, *arguments: str) -> Any:
    done = nbtrack(store, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run that finished, one that failed, and one that was killed."""
    path = tmp_path_factory.mktemp("cli") / "store"
    # Without a recorder, so that there is something left to recover.
    environ = {**os.environ, "NBTRACK_DIR": str(path), "NBTRACK_RECORDER": "off"}
    for source, status in ((TRAIN, 0), (FAIL, 1)):
        done = subprocess.run([sys.executable, "-c", source], env=environ, capture_output=True)
        assert done.returncode == status, done.stderr
    with subprocess.Popen(
        [sys.executable, "-c", DIE], env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(50):
            assert process.stdout.readline() == "row\n"
        process.send_signal(signal.SIGKILL)
    return path


def test_ls_lists_every_run_newest_first(store: Path) -> None:
    runs = read_json(store, "ls")
    assert [run["name"] for run in runs] == ["killed", "broken", "steady"]
    assert [run["state"] for run in runs] == ["crashed", "failed", "finished"]
    shown = nbtrack(store, "ls").stdout
    for run in runs:
        assert run["name"] in shown
        assert run["state"] in shown
        assert run["id"] in shown


def test_ls_filters_by_project_and_state(store: Path) -> None:
    assert [r["name"] for r in read_json(store, "ls", "--project", "other")] == ["killed"]
    assert [r["name"] for r in read_json(store, "ls", "--state", "failed")] == ["broken"]


def test_show_has_every_key_that_scripts_rely_on(store: Path) -> None:
    run = read_json(store, "show", "steady")
    assert set(run) >= {
        *("id", "name", "project", "state", "reason", "exception", "started_at", "ended_at"),
        *("attempts", "config", "summary", "rows", "dropped_rows", "notebook", "host"),
    }
    assert set(run["attempts"][0]) >= {
        *("n", "cell_try", "cell_id", "state", "started_at", "ended_at"),
    }
    assert run["rows"] == 21
    assert run["dropped_rows"] == 0
    assert run["config"] == {"lr": 0.1, "inf": "Infinity"}
    assert run["summary"] == {"loss": 0.05, "acc": 0.95, "nan": "NaN"}
    assert len(run["attempts"]) == 1


def test_show_of_a_failed_script_has_its_exception(store: Path) -> None:
    run = read_json(store, "show", "broken")
    assert run["exception"]["type"] == "ValueError"
    assert run["exception"]["message"] == "no gradient"
    assert 'raise ValueError("no gradient")' in run["exception"]["traceback"] or (
        "ValueError: no gradient" in run["exception"]["traceback"]
    )
    assert "no gradient" in nbtrack(store, "show", "broken").stdout


def test_show_of_an_unknown_run_says_what_to_do(store: Path) -> None:
    done = nbtrack(store, "show", "nobody")
    assert done.returncode == 1
    assert "no run has the id or the name 'nobody'" in done.stderr
    assert "nbtrack ls" in done.stderr
    assert "Traceback" not in done.stderr


def test_export_writes_what_was_logged(store: Path, tmp_path: Path) -> None:
    wide = tmp_path / "wide.csv"
    assert nbtrack(store, "export", "steady", "-o", str(wide)).returncode == 0
    with wide.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 21
    assert float(rows[4]["loss"]) == 0.2
    told = read_json(store, "export", "steady", "--key", "acc", "-o", str(tmp_path / "a.jsonl"))
    assert told == {
        "run": told["run"],
        "path": str(tmp_path / "a.jsonl"),
        "format": "jsonl",
        "rows": 20,
    }
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert [json.loads(line)["value"] for line in lines] == [step / 20 for step in range(20)]


def test_export_to_parquet_is_read_by_duckdb(store: Path, tmp_path: Path) -> None:
    import duckdb

    target = tmp_path / "run.parquet"
    assert nbtrack(store, "export", "steady", "-o", str(target)).returncode == 0
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT acc FROM '{target}' WHERE acc IS NOT NULL").fetchall()
    assert found == [(step / 20,) for step in range(20)]


def test_export_to_a_folder_that_is_not_there_is_one_line(store: Path, tmp_path: Path) -> None:
    done = nbtrack(store, "export", "steady", "-o", str(tmp_path / "no" / "x.csv"))
    assert done.returncode == 1
    assert "is not a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_recover_seals_what_a_killed_process_left(store: Path) -> None:
    before = read_json(store, "show", "killed")
    assert before["state"] == "crashed"
    assert before["rows"] >= 50
    recovered = {item["id"]: item for item in read_json(store, "recover")}
    assert recovered[before["id"]]["rows"] == before["rows"]
    assert recovered[before["id"]]["sealed"] >= 1
    assert not list((store / "runs" / before["id"] / "journal").glob("*.seg"))
    after = read_json(store, "show", "killed")
    assert after == before
    assert read_json(store, "recover") == []
    assert "Nothing to recover" in nbtrack(store, "recover").stdout


def test_recover_leaves_a_living_run_alone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    environ = {**os.environ, "NBTRACK_DIR": str(store), "NBTRACK_RECORDER": "off"}
    with subprocess.Popen(
        [sys.executable, "-c", DIE], env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "row\n"
        assert read_json(store, "recover") == []
        (run,) = read_json(store, "ls")
        assert run["state"] == "running"
        process.kill()


def test_a_run_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    store = tmp_path / "store"
    environ = {**os.environ, "NBTRACK_DIR": str(store), "NBTRACK_RECORDER": "off"}
    for name in ("one", "two"):
        source = TRAIN.replace("steady", name)
        subprocess.run([sys.executable, "-c", source], env=environ, check=True)
    damaged = store / "runs" / read_json(store, "show", "two")["id"] / "run.json"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    done = nbtrack(store, "ls", "--json")
    assert [run["name"] for run in json.loads(done.stdout)] == ["one"]
    assert str(damaged) in done.stderr
    shown = nbtrack(store, "show", damaged.parent.name)
    assert shown.returncode == 1
    assert "run.json" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_an_empty_store_is_said_to_be_empty(tmp_path: Path) -> None:
    assert read_json(tmp_path / "none", "ls") == []
    assert f"No runs in {tmp_path / 'none'}" in nbtrack(tmp_path / "none", "ls").stdout
    assert not (tmp_path / "none").exists()


def test_times_are_in_utc_and_in_order(store: Path) -> None:
    run = read_json(store, "show", "steady")
    assert run["started_at"].endswith("+00:00")
    assert run["started_at"] <= run["attempts"][0]["started_at"] <= run["ended_at"]
    year = time.gmtime().tm_year
    assert run["started_at"].startswith(str(year))
