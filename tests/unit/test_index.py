"""The index of a store: every change is noticed, and nothing is read without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

import nbtrack
from nbtrack._process import this_process
from nbtrack._settings import Settings
from nbtrack.recorder.recover import recover
from nbtrack.store import index as module
from nbtrack.store.index import Listing, RunIndex
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.outline import Look, RunOutline, look_at
from nbtrack.store.reader import snapshot
from nbtrack.store.schema import Row
from nbtrack.store.view import RunView
from tests.changes import CHANGES, edit_by_hand, rename, replace, write_more

NAMES = ("a", "b", "c")
# Records a run in a process of its own, so that its owner is dead afterwards.
RECORD = """
import sys, nbtrack
for name in sys.argv[1:]:
    run = nbtrack.init(id=name, name=name, project="main", config={"lr": 0.1}, tags=["t"])
    nbtrack.log({"loss": float("nan"), "acc": 0.5})
    run.finish()
"""


def record(store: Path, *names: str) -> None:
    environ = {**os.environ, "NBTRACK_DIR": str(store), "NBTRACK_RECORDER": "off"}
    subprocess.run([sys.executable, "-c", RECORD, *names], env=environ, check=True, timeout=120)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("ended") / ".nbtrack"
    record(store, *NAMES)
    recover(Store(store))
    return store


@pytest.fixture
def store(ended: Path, tmp_path: Path) -> Store:
    """Three runs that ended an hour ago."""
    path = tmp_path / ".nbtrack"
    shutil.copytree(ended, path)
    hour = time.time() - 3600
    for folder, _, files in os.walk(path):
        for name in (".", *files):
            os.utime(Path(folder, name), (hour, hour))
    return Store(path)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that are read, as they are."""
    found: list[str] = []

    def count(run_dir: RunDir) -> Look:
        found.append(run_dir.id)
        return look_at(run_dir)

    monkeypatch.setattr(module, "look_at", count)
    return found


def make(store: Store, **arguments: Any) -> RunIndex:
    return RunIndex(store, file=store.path.parent / "index", **arguments)


def row(listing: Listing, run: str) -> RunOutline:
    return next(row for row in listing.rows if row.id == run)


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_noticed_and_only_that_run_is_read(
    store: Store, read: list[str], what: str
) -> None:
    index = make(store)
    before = index.listing()
    assert sorted(row.id for row in before.rows) == list(NAMES)
    read.clear()
    CHANGES[what](store.run("b"))
    after = index.listing()
    assert read == ["b"]
    assert (after is before) == ("edit" not in what and what != "more rows")
    if "edit" in what:
        assert row(after, "b").name == "renamed"
    if what == "more rows":
        assert (row(after, "b").rows, row(after, "b").summary["loss"]) == (2, 0.25)


@pytest.mark.usefixtures("store_dir")
def test_nothing_that_is_unchanged_is_read_again(store: Store, read: list[str]) -> None:
    index = make(store, look_again=0.0)
    first = index.listing()
    assert sorted(read) == list(NAMES)
    read.clear()
    assert index.listing() is first, "another revision for nothing"
    assert read == []
    assert len(make(store).listing().rows) == 3, "of another process, from the file"
    assert read == []


def test_the_file_holds_all_of_a_row(store: Store, read: list[str]) -> None:
    before = make(store).listing()
    read.clear()
    after = make(store).listing()
    assert read == []
    assert repr(after.rows) == repr(before.rows)
    assert after.columns == before.columns
    assert after.columns[("summary", "loss"), "number"] == 3
    assert after.revision != before.revision, "a page of another server holds another state"


def test_nan_is_no_change(store: Store, read: list[str]) -> None:
    make(store).listing()
    index = make(store)
    before = index.listing()
    read.clear()
    replace(store.run("b").status)
    assert index.listing() is before
    assert read == ["b"]


def test_a_removed_run_goes_and_a_new_one_comes(store: Store) -> None:
    index = make(store)
    first = index.listing()
    shutil.rmtree(store.run("a").path)
    record(store.path, "d")
    second = index.listing()
    assert sorted(row.id for row in second.rows) == ["b", "c", "d"]
    assert second.revision != first.revision
    assert second.columns[("config", "lr"), "number"] == 3
    assert second.rows[0].id == "d", "the newest first"


def test_a_run_in_the_place_of_another(store: Store, read: list[str]) -> None:
    index = make(store)
    index.listing()
    read.clear()
    path = store.run("a").path
    stamp = path.stat().st_mtime_ns
    path.rename(path.with_name("old"))
    shutil.copytree(path.with_name("old"), path)
    os.utime(path, ns=(stamp, stamp))
    index.listing()
    assert "a" in read


def test_a_change_within_the_same_tick_is_noticed(store: Store) -> None:
    index = make(store, look_again=0.0)
    index.listing()
    run_dir = store.run("b")
    rename(run_dir)
    stamps = [path.stat().st_mtime_ns for path in (run_dir.path, run_dir.edits)]
    assert row(index.listing(), "b").name == "renamed"
    run_dir.new_edit().write_text('{"name": "again"}')
    for path, stamp in zip((run_dir.path, run_dir.edits), stamps, strict=True):
        os.utime(path, ns=(stamp, stamp))
    assert row(index.listing(), "b").name == "again"


def test_a_run_that_goes_on_is_looked_at_again(store: Store, read: list[str]) -> None:
    info = next(w for w in snapshot(store.run("a")).fold.writers if w.role == "owner")
    run_dir = store.run("a")
    alive = msgspec.structs.replace(
        info, writer="o0000000001", process=this_process(), opened=info.opened + 1
    )
    journal = Journal(run_dir, alive, Settings())
    journal.append(Row(journal.next_seq(), now(), 1, 7, {"loss": 0.25}))
    for path in (run_dir.path, *run_dir.path.iterdir()):
        os.utime(path, (1e9 + 0.5, 1e9 + 0.5))
    index = make(store, look_again=0.0)
    assert row(index.listing(), "a").state == "running"
    stamps = [path.stat().st_mtime_ns for path in (run_dir.path, run_dir.journal)]
    journal.append(Row(journal.next_seq(), now(), 1, 8, {"loss": 0.125}))
    assert [path.stat().st_mtime_ns for path in (run_dir.path, run_dir.journal)] == stamps
    read.clear()
    assert row(index.listing(), "a").summary["loss"] == 0.125
    assert read == ["a"]
    assert "a" not in msgspec.msgpack.decode((store.path.parent / "index").read_bytes())[2]
    after = make(store).listing()
    assert after.columns[("config", "lr"), "number"] == 3, "each counts once"
    journal.close()


def test_it_is_not_looked_at_all_the_time(store: Store, read: list[str]) -> None:
    rename(store.run("a"))
    index = make(store, look_again=3600.0)
    index.listing()
    index.listing()
    assert read.count("a") == 1
    edit_by_hand(store.run("a"))
    index.listing()
    assert read.count("a") == 2, "what somebody says about it is seen at once"


def test_suspects_are_read(store: Store, read: list[str]) -> None:
    index = make(store)
    index.listing()
    read.clear()
    index.suspect(["c"])
    index.listing(max_age=3600.0)
    assert read == ["c"]


def test_a_listing_may_be_of_some_age(store: Store) -> None:
    index = make(store)
    first = index.listing()
    rename(store.run("a"))
    assert index.listing(max_age=3600.0) is first
    assert row(index.listing(), "a").name == "renamed"


def test_runs_that_cannot_be_read_hold_up_nothing(store: Store, read: list[str]) -> None:
    store.run("b").info.write_bytes(b"{")
    index = make(store)
    listing = index.listing()
    assert [row.id for row in listing.rows] == ["c", "a"]
    assert "not a readable RunInfo document" in listing.unreadable["b"]
    read.clear()
    assert make(store).listing().unreadable.keys() == {"b"}
    assert read == ["b"], "it is not in the file"
    os.utime(store.run("b").path)
    replace(store.run("a").info)
    shutil.copy(store.run("a").info, store.run("b").info)
    assert index.listing().unreadable == {}


def test_whatever_a_run_raises(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run_dir: RunDir) -> Look:
        if run_dir.id == "b":
            raise RecursionError
        return look_at(run_dir)

    monkeypatch.setattr(module, "look_at", fail)
    assert make(store).listing().unreadable == {"b": "RecursionError"}


def test_empty_runs_and_links_are_not_listed(store: Store, tmp_path: Path) -> None:
    shutil.copy(store.run("a").info, store.create_run("e").info)
    shutil.move(store.run("a").path, tmp_path / "elsewhere")
    store.run("a").path.symlink_to(tmp_path / "elsewhere")
    (store.runs / "not a run").mkdir()
    (store.runs / "file").touch()
    listing = make(store).listing()
    assert [row.id for row in listing.rows] == ["c", "b"]
    assert listing.unreadable == {}


@pytest.mark.parametrize("content", [b"", b"\x93", b"\xc1" * 100, b"\x94\xa1x\xa1y\x80\x90"])
def test_a_damaged_or_old_file_is_ignored(store: Store, read: list[str], content: bytes) -> None:
    make(store).listing()
    (store.path.parent / "index").write_bytes(content)
    read.clear()
    assert len(make(store).listing().rows) == 3
    assert sorted(read) == list(NAMES)
    read.clear()
    make(store).listing()
    assert read == [], "the file was written anew"


@pytest.mark.parametrize("field", ["version", "store"])
def test_the_file_of_another_version_or_store_is_ignored(
    store: Store, read: list[str], field: str
) -> None:
    make(store).listing()
    file = store.path.parent / "index"
    saved = msgspec.msgpack.decode(file.read_bytes(), type=module.Saved)
    setattr(saved, field, "another")
    file.write_bytes(msgspec.msgpack.encode(saved))
    read.clear()
    make(store).listing()
    assert sorted(read) == list(NAMES)


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(store: Store) -> None:
    index = RunIndex(store, file=store.path / ".gitignore" / "index")
    assert len(index.listing().rows) == 3


def test_no_store_is_an_empty_listing(tmp_path: Path) -> None:
    listing = make(Store(tmp_path / "none")).listing()
    assert (listing.rows, listing.unreadable, listing.columns) == ([], {}, {})


def test_threads_that_ask_at_once_share_one_look(store: Store, read: list[str]) -> None:
    index = make(store)
    start = threading.Barrier(8)
    found: list[Listing] = []

    def ask() -> None:
        start.wait()
        found.append(index.listing())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(listing) for listing in found}) == 1
    assert sorted(read) == list(NAMES)


def test_folders_of_thousands_are_looked_at_in_turns(
    store: Store, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FOLDERS_AT_ONCE", 1)
    index = make(store)
    index.listing()
    read.clear()
    for name in NAMES:
        (store.run(name).sealed / "x").touch()
    for _ in NAMES:
        index.listing()
    assert sorted(set(read)) == list(NAMES)
    read.clear()
    rename(store.run("a"))
    index.listing()
    assert "a" in read, "an edit is seen whoever's turn it is"


def test_long_texts_and_large_numbers_are_bounded(store_dir: Path) -> None:
    run = nbtrack.init(config={"deep": {"list": ["x" * 10_000]}})
    nbtrack.log({"big": 2**80})
    run.finish()
    row = make(Store(store_dir)).listing().rows[0]
    assert len(row.config["deep"]["list"][0]) == 4096
    assert row.summary == {"big": 2.0**80}


@pytest.mark.usefixtures("store_dir")
@pytest.mark.parametrize("what", CHANGES)
def test_a_list_of_runs_reads_only_what_has_changed(
    store: Store, read: list[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(module, "_FOLDERS_AT_ONCE", 1)
    assert len(nbtrack.runs(dir=store.path)) == 3
    read.clear()
    CHANGES[what](store.run("b"))
    found = nbtrack.runs(dir=store.path, sort="id", state="finished", where="config.lr > 0")
    assert read == ["b"]
    name = "renamed" if "edit" in what else "b"
    assert [(run.name, run.state) for run in found] == [
        ("a", "finished"),
        (name, "finished"),
        ("c", "finished"),
    ]
    assert found[1].rows == (2 if what == "more rows" else 1)


@pytest.mark.usefixtures("store_dir")
def test_a_run_of_a_list_can_be_looked_at_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = nbtrack.runs(dir=store.path, where="id = 'b'")
    monkeypatch.setattr(RunView, "_info", None)
    monkeypatch.setattr(RunView, "_snapshot", None)
    assert (run.name, run.tags, run.state, run.rows) == ("b", ["t"], "finished", 1)
    monkeypatch.undo()
    rename(store.run("b"))
    write_more(store.run("b"))
    assert (run.name, run.rows) == ("b", 1)
    assert (run.refresh().name, run.rows) == ("renamed", 2)
