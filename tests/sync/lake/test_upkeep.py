"""Compaction and vacuum change no row, and touch nothing but what a table wrote."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import unquote

import polars
import pytest
from deltalake import write_deltalake

from nbtrack import SyncError
from nbtrack.store.layout import Store
from nbtrack.sync.lake import upkeep
from nbtrack.sync.lake.schema import COMMITS, TABLES
from nbtrack.sync.lake.tables import writer_properties
from nbtrack.sync.lake.upkeep import Upkeep, optimize
from nbtrack.sync.place import Place
from tests.sync.lake.lakes import (
    ask,
    committed,
    counts,
    delta,
    go,
    lake_of,
    once,
    push,
    record,
    start,
)


def everything(url: str) -> dict[str, list[str]]:
    return {name: sorted(map(repr, ask(url, name, "FROM rows"))) for name in (COMMITS, *TABLES)}


def optimized(url: str, **options: float) -> dict[str, Upkeep]:
    return {one.table: one for one in optimize(lake_of(url), **options)}


def data_files(url: str, table: str) -> set[str]:
    """What lies below a table's root besides its log."""
    there = Place(f"{url}/lake/{table}").sizes()
    return {key for key in there if not key.startswith("_delta_log/")}


def test_no_row_changes(store: Store, place: str) -> None:
    for n in range(3):
        record(store, f"r{n}")
    push(store, place)
    committed(place, at_once=1)
    before = everything(place)
    done = optimized(place)
    assert everything(place) == before
    assert (done["metrics"].compacted, done["metrics"].made) == (3, 1)
    assert (done["metrics"].files, done["metrics"].removed) == (1, 0)
    # Nothing that the versions of the last days have is removed.
    assert len(data_files(place, "metrics")) == 4
    done = optimized(place, keep_days=0)
    assert done["metrics"].removed == 3
    assert len(data_files(place, "metrics")) == 1
    assert everything(place) == before
    assert {one.removed for one in optimized(place, keep_days=0).values()} == {0}
    assert committed(place).batches == 0
    record(store, "r1", rows=1)
    push(store, place)
    assert committed(place).committed == 1
    assert counts(place)["metrics"] == {"r0": 10, "r1": 12, "r2": 10}


def test_at_a_server(store: Store, bucket: str) -> None:
    url = f"{bucket}/team a"
    runs = [record(store, f"r{n}") for n in range(2)]
    push(store, url)
    committed(url, at_once=1)
    before = everything(url)
    assert optimized(url, keep_days=0)["metrics"].removed == 2
    assert everything(url) == before
    assert counts(url) == once(runs)
    assert committed(url).batches == 0


def test_what_a_killed_commit_uploaded_goes(store: Store, place: str) -> None:
    runs = [record(store, "r0")]
    push(store, place)
    process = start(place, 4, NBTRACK_FAULT="lake.after_claim")
    go(process)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    left = Path(lake_of(place).root("metrics")) / "month=2026-01" / "part-00000-left.zstd.parquet"
    left.parent.mkdir()
    left.write_bytes(b"half an upload")
    optimized(place)
    assert left.exists()
    optimized(place, keep_days=0)
    assert not left.exists()
    # And the batch that was claimed is still brought to its end.
    assert committed(place).finished == 1
    assert counts(place) == once(runs)


def test_what_is_no_part_of_a_table_is_named_and_stays(store: Store, place: str) -> None:
    """Somebody has synced to below a table's root."""
    record(store, "r0")
    push(store, place)
    committed(place)
    below = f"{place}/lake/metrics"
    push(store, below)
    there = Place(place).sizes()
    before = everything(place)
    with pytest.raises(SyncError, match=r"runs/r0/\S+ lies below the table") as raised:
        optimized(place, keep_days=0)
    assert raised.value.path == below
    assert Place(place).sizes() == there
    assert everything(place) == before


def test_a_table_of_somebody_else_is_left_alone(store: Store, place: str) -> None:
    record(store, "r0")
    push(store, place)
    committed(place)
    root = Path(lake_of(place).root("system"))
    root.rename(root.with_name("kept"))
    for number in (1, 2):
        write_deltalake(root, polars.DataFrame({"mine": [number]}), mode="append")
    there = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    with pytest.raises(SyncError, match=r"not made by nbtrack .*/lake/system"):
        optimized(place, keep_days=0)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == there
    assert delta(place, "metrics").version() == 1


def test_where_there_is_no_lake(store: Store, place: str, tmp_path: Path) -> None:
    record(store, "r0")
    push(store, place)
    with pytest.raises(SyncError, match=r"there is no table .*nbtrack lake commit"):
        optimized(place)
    assert not (tmp_path / "a place" / "lake" / "metrics" / "_delta_log").exists()


def test_rows_that_are_replaced_meanwhile(
    store: Store, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit takes away what is being compacted: the compaction is refused, and looks again."""
    for name in ("r0", "r1"):
        record(store, name)
    push(store, place)
    committed(place, at_once=1)
    record(store, "r0", rows=2)
    push(store, place)
    meanwhile: list[int] = []

    def meddling(table: str) -> object:
        if table == "metrics" and not meanwhile:
            meanwhile.append(committed(place).committed)
        return writer_properties(table)

    monkeypatch.setattr(upkeep, "writer_properties", meddling)
    done = optimized(place)
    assert meanwhile == [1]
    assert done["metrics"].files == 1
    assert counts(place)["metrics"] == {"r0": 14, "r1": 10}
    assert committed(place).batches == 0


def test_no_statistics_of_values(store: Store, place: str) -> None:
    """They leave NaN out, and engines leave out files and row groups by them."""
    from pyarrow import parquet

    for name in ("r0", "r1"):
        record(store, name, more=[{"loss": float("nan")}])
    push(store, place)
    committed(place, at_once=1)
    for _ in ("as committed", "compacted"):
        for table, having, lacking in (("metrics", "step", "value"), ("system", "time", "value")):
            names = delta(place, table).get_add_actions(flatten=True).column_names
            assert f"min.{having}" in names
            assert f"min.{lacking}" not in names
            for file in map(unquote, delta(place, table).file_uris()):
                columns = parquet.read_metadata(file).row_group(0)
                found = {
                    columns.column(at).path_in_schema: columns.column(at).statistics
                    for at in range(columns.num_columns)
                }
                assert found[having] is not None
                assert found[lacking] is None
        optimized(place)
    assert ask(place, "metrics", "SELECT count(*) FROM rows WHERE isnan(value)") == [(2,)]
