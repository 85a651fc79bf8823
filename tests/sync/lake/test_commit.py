"""Runs that have ended are in the tables: all their rows, as they were logged."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import polars
import pytest
from deltalake import DeltaTable, write_deltalake

import nbtrack
from nbtrack import SyncError, UsageError
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from nbtrack.store.view import RunView
from nbtrack.sync.lake import scratch
from nbtrack.sync.lake.access import Location
from nbtrack.sync.lake.commit import commit
from nbtrack.sync.lake.schema import COLUMNS, COMMITS, TABLES
from nbtrack.sync.lake.source import source_of
from nbtrack.sync.place import Place
from tests.journals import cells
from tests.sync.lake.lakes import (
    ask,
    begin,
    committed,
    counts,
    delta,
    lake_of,
    once,
    push,
    record,
    versions,
)

# Whatever a value can be.
VALUES: list[dict[str, Any]] = [
    {"odd": float("nan"), "nested": {"deep": 2**60 + 1}},
    {"odd": float("inf"), "big": 2**80},
    {"odd": None, "text": 'it\'s "so"\n', "flag": True},
]


def in_metrics(url: str, run: str) -> list[str]:
    """The values of a run's rows; as text, since NaN equals nothing."""
    columns = "writer, seq, attempt, step, key, value, text"
    found = ask(url, "metrics", f"SELECT {columns} FROM rows WHERE run_id = '{run}'")
    return sorted(map(repr, found))


def logged(run_dir: RunDir) -> list[str]:
    """What that has to be."""
    return sorted(repr(tuple(cell)) for cell in cells(run_dir))


def test_every_row_is_there_as_it_was_logged(store: Store, url: str) -> None:
    runs = [
        record(store, "merged", more=VALUES),
        record(store, "sealed", merged=False, more=VALUES),
        record(store, "another"),
    ]
    push(store, url)
    report = committed(url)
    assert (report.committed, report.batches, report.problems) == (3, 1, {})
    for run_dir in runs:
        assert in_metrics(url, run_dir.id) == logged(run_dir)
    assert counts(url)["system"] == {"another": 3, "merged": 3, "sealed": 3}
    assert ask(url, "system", "SELECT DISTINCT key FROM rows") == [("cpu.percent",)]


def test_a_run_is_described_as_it_is_read(store: Store, url: str) -> None:
    view = RunView(record(store, "one"))
    push(store, url)
    committed(url)
    (run,) = polars.from_arrow(delta(url, "runs").to_pyarrow_table()).to_dicts()  # type: ignore[union-attr]
    assert list(run) == list(COLUMNS["runs"])
    for name in ("name", "project", "state", "reason", "started_at", "ended_at", "tags", "host"):
        assert run[name] == getattr(view, name), name
    assert run["run_id"] == "one"
    assert json.loads(run["summary"]) == view.summary
    assert json.loads(run["config"]) == {"rate": 0.1, "nan": "NaN"}
    assert math.isnan(view.config["nan"])
    assert (run["attempts"], run["log_calls"], run["batch"], run["discarded"]) == (1, 5, 1, False)
    assert run["month"] == f"{view.started_at:%Y-%m}"
    (attempt,) = polars.from_arrow(delta(url, "attempts").to_pyarrow_table()).to_dicts()  # type: ignore[union-attr]
    (known,) = view.attempts
    assert list(attempt) == list(COLUMNS["attempts"])
    for name in ("state", "started_at", "ended_at", "wall_seconds", "cell_id", "source"):
        assert attempt[name] == getattr(known, name), name
    assert json.loads(attempt["summary"]) == known.summary
    times = ask(url, "metrics", "SELECT time FROM rows WHERE key = 'loss' ORDER BY seq")
    history = nbtrack.open_run("one", dir=store.path).history("loss").to_polars()["time"]
    assert [time for (time,) in times] == history.to_list()


def test_a_second_commit_changes_nothing(store: Store, url: str) -> None:
    record(store, "one")
    record(store, "two", merged=False)
    push(store, url)
    committed(url)
    before = versions(url)
    again = committed(url)
    assert (again.committed, again.described, again.batches) == (0, 0, 0)
    assert versions(url) == before == dict.fromkeys((COMMITS, *TABLES), 1)


def test_so_many_runs_at_once(store: Store, place: str) -> None:
    runs = [record(store, f"r{n}") for n in range(5)]
    push(store, place)
    assert committed(place, at_once=2).batches == 3
    assert versions(place)["metrics"] == 3
    assert counts(place) == once(runs)
    assert ask(place, "runs", "SELECT batch, run_id FROM rows ORDER BY ALL") == [
        (1, "r0"),
        (1, "r1"),
        (2, "r2"),
        (2, "r3"),
        (3, "r4"),
    ]


def test_rows_of_many_bytes_go_in_several_batches(
    store: Store, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbtrack.sync.lake import commit as module

    runs = [record(store, f"r{n}") for n in range(3)]
    push(store, place)
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", 10)
    assert committed(place).batches == 3
    assert counts(place) == once(runs)


def test_what_goes_on_waits_until_it_has_ended(store: Store, place: str) -> None:
    record(store, "done")
    going = begin(store, "going")
    going.log({"loss": 1.0})
    run_dir = RunDir(going.path)
    push(store, place)
    report = committed(place)
    assert (report.committed, report.going_on) == (1, ["going"])
    assert counts(place)["runs"] == {"done": 1}
    going.finish()
    seal_run(run_dir)
    push(store, place)
    report = committed(place)
    assert (report.committed, report.going_on) == (1, [])
    assert counts(place)["metrics"] == {"done": 10, "going": 1}


def test_a_run_that_somebody_went_on_with_replaces_its_rows(store: Store, url: str) -> None:
    run_dir = record(store, "one")
    record(store, "two")
    push(store, url)
    committed(url)
    record(store, "one", rows=2)
    push(store, url)
    report = committed(url)
    assert (report.committed, report.described) == (1, 0)
    assert in_metrics(url, "one") == logged(run_dir)
    assert counts(url) == {
        "metrics": {"one": 14, "two": 10},
        "system": {"one": 6, "two": 3},
        "attempts": {"one": 2, "two": 1},
        "runs": {"one": 1, "two": 1},
    }
    assert committed(url).batches == 0


def test_what_was_only_renamed_or_merged_replaces_its_row_of_runs(store: Store, place: str) -> None:
    run_dir = record(store, "one", merged=False)
    push(store, place)
    committed(place)
    before = versions(place)
    run_dir.new_edit().write_bytes(b'{"name": "renamed", "tags": ["best"]}')
    merge(run_dir)
    push(store, place)
    report = committed(place)
    assert (report.committed, report.described, report.batches) == (0, 1, 1)
    after = versions(place)
    assert {name for name in after if after[name] != before[name]} == {"runs", COMMITS}
    assert ask(place, "runs", "SELECT name, tags FROM rows") == [("renamed", ["best"])]
    assert counts(place) == once([run_dir])


@pytest.mark.parametrize("table", ["changes", "metrics", "system"])
def test_a_damaged_run_is_named_and_holds_up_no_other(
    store: Store, place: str, tmp_path: Path, table: str
) -> None:
    runs = [record(store, "bad"), record(store, "good")]
    push(store, place)
    merged = tmp_path / "a place" / "runs" / "bad" / "merged"
    (file,) = merged.glob(f"*.{table}.parquet")
    whole = file.read_bytes()
    file.write_bytes(b"PAR1" + bytes(len(whole) - 4))
    report = committed(place)
    assert report.committed == 1
    assert list(report.problems) == ["bad"]
    assert counts(place) == once(runs[1:])
    file.write_bytes(whole)
    assert committed(place).committed == 1
    assert counts(place) == once(runs)


def test_a_run_that_has_arrived_in_part_waits(store: Store, tmp_path: Path) -> None:
    run_dir = record(store, "one")
    url = f"file://{tmp_path / 'place'}"
    push(store, url)
    info = tmp_path / "place" / "runs" / "one" / "run.json"
    info.rename(tmp_path / "kept")
    assert committed(url).going_on == ["one"]
    (tmp_path / "kept").rename(info)
    assert committed(url).committed == 1
    assert counts(url) == once([run_dir])


def test_a_run_that_is_no_more_at_the_place_stays_in_the_tables(
    store: Store, tmp_path: Path
) -> None:
    runs = [record(store, "one"), record(store, "two")]
    url = f"file://{tmp_path / 'place'}"
    push(store, url)
    committed(url)
    shutil.rmtree(tmp_path / "place" / "runs" / "one")
    assert committed(url).batches == 0
    assert counts(url) == once(runs)


def test_a_local_store_with_rows_that_are_not_sealed(store: Store) -> None:
    runs = [
        record(store, "journal", sealed=False, merged=False, more=VALUES),
        record(store, "sealed", merged=False),
        record(store, "merged"),
    ]
    assert committed(str(store.path)).committed == 3
    for run_dir in runs:
        assert in_metrics(str(store.path), run_dir.id) == logged(run_dir)
    # Sealing and merging change no row.
    seal_run(runs[0])
    merge(runs[0])
    report = committed(str(store.path))
    assert (report.committed, report.described) == (0, 1)
    assert in_metrics(str(store.path), "journal") == logged(runs[0])


def test_tables_beside_the_runs_disturb_nobody(store: Store, place: str) -> None:
    record(store, "one")
    push(store, place)
    before = Place(place).sizes("runs")
    committed(place)
    record(store, "two")
    push(store, place)
    there = Place(place).sizes()
    assert before.items() <= there.items()
    assert {key.split("/")[0] for key in there} == {"runs", "lake"}
    assert committed(place).committed == 1


class TestWhereSomethingElseIs:
    def test_a_folder_of_files(self, store: Store, tmp_path: Path) -> None:
        record(store, "one")
        (tmp_path / "lake" / "metrics").mkdir(parents=True)
        (tmp_path / "lake" / "metrics" / "mine.txt").write_text("mine")
        with pytest.raises(SyncError, match=r"no table of nbtrack .*/lake/metrics.*--to"):
            commit(source_of(str(store.path)), Location(str(tmp_path / "lake")))
        assert [path.name for path in (tmp_path / "lake" / "metrics").iterdir()] == ["mine.txt"]

    def test_somebody_s_own_table(self, store: Store, tmp_path: Path) -> None:
        record(store, "one")
        root = tmp_path / "lake" / "runs"
        root.mkdir(parents=True)
        write_deltalake(root, polars.DataFrame({"run_id": ["mine"]}))
        with pytest.raises(SyncError, match=r"was not made by nbtrack .*/lake/runs"):
            commit(source_of(str(store.path)), Location(str(tmp_path / "lake")))
        assert DeltaTable(root).version() == 0

    def test_the_folder_of_the_runs_themselves(self, store: Store, url: str) -> None:
        record(store, "one")
        push(store, url)
        before = Place(url).sizes("runs")
        with pytest.raises(SyncError, match="no table of nbtrack"):
            commit(source_of(url), Location(url))
        assert Place(url).sizes("runs") == before

    def test_a_table_that_lacks_columns(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record(store, "one")
        committed(str(store.path))
        grown = {**COLUMNS["runs"], "colour": COLUMNS["runs"]["name"]}
        monkeypatch.setitem(COLUMNS, "runs", grown)
        with pytest.raises(SyncError, match="older nbtrack and has no column colour"):
            committed(str(store.path))


@pytest.mark.parametrize("url", ["ftp://host/folder", "http://host/x"])
def test_what_is_no_place(url: str) -> None:
    with pytest.raises(UsageError):
        Location(url)
    with pytest.raises(UsageError):
        source_of(url)


def test_a_place_without_runs(url: str) -> None:
    with pytest.raises(SyncError, match=r"there are no runs .*nbtrack sync"):
        committed(url)
    assert Place(url).sizes() == {}


def test_what_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no store of runs"):
        source_of(str(tmp_path))


def test_the_columns_are_those_of_the_tables(store: Store) -> None:
    record(store, "one")
    committed(str(store.path))
    for table in (COMMITS, *TABLES):
        fields = delta(str(store.path), table).schema().fields
        assert [field.name for field in fields] == list(COLUMNS[table])
        for field in fields:
            assert field.metadata["comment"] == COLUMNS[table][field.name].comment
        assert delta(str(store.path), table).protocol().min_reader_version == 1


def test_a_table_is_read_by_its_path_alone(store: Store) -> None:
    """polars, which knows nothing of nbtrack."""
    record(store, "one")
    committed(str(store.path))
    root = lake_of(str(store.path)).root("metrics")
    found = polars.scan_delta(root).filter(polars.col("key") == "loss").collect()
    assert found["value"].to_list() == [1 / (step + 1) for step in range(5)]


def test_temporary_folders_of_killed_commits_go(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch.scratch() as living:
        left = tmp_path / "nbtrack-lake-left"
        (left / "store").mkdir(parents=True)
        fresh = tmp_path / "nbtrack-lake-fresh"
        fresh.mkdir()
        for folder in (living, left):
            os.utime(folder, (0, 0))
        record(store, "one")
        committed(str(store.path))
        assert [path.exists() for path in (living, left, fresh)] == [True, False, True]
    assert {path.name for path in tmp_path.iterdir()} == {"store", fresh.name}
