"""One shipment: signs of life, newest rows, what was left behind, and what a person is told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from nbtrack.store import newest, reader
from nbtrack.store.alive import Alive
from nbtrack.store.destinations import add_destination, destinations
from nbtrack.store.documents import read_info
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.newest import written
from nbtrack.store.run_keys import HEARTBEAT
from nbtrack.store.seal import seal_run
from nbtrack.store.state import state as decide
from nbtrack.sync import ledger
from nbtrack.sync.ledger import Ledger
from nbtrack.sync.place import Place
from nbtrack.sync.ship import Shipped, pending, ship
from nbtrack.sync.told import told
from tests.journals import new_run
from tests.recorder.processes import wait_for
from tests.sync import arrivals
from tests.sync.arrivals import view
from tests.sync.test_push import record


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def alive(url: str, run: str = "one") -> Alive:
    return msgspec.json.decode(Place(url).get(f"runs/{run}/{HEARTBEAT}"), type=Alive)


def test_a_run_whose_owner_lives_gives_signs_of_life(store: Store, url: str) -> None:
    run = new_run(store.path, "one")
    run.log({"loss": 1})
    assert ship(store, url, ["one"], interval=30) == [Shipped("one", False, "")]
    first = alive(url)
    assert (first.rows, first.interval) == (1, 30)
    run.log({"loss": 1})
    ship(store, url, ["one"], interval=60)
    second = alive(url)
    assert second.beat > first.beat
    assert (second.rows, second.interval) == (2, 60)
    run.finish()
    ship(store, url, ["one"])
    assert alive(url) == second, "a run that has ended gives none"


def test_no_signs_of_life_under_the_name_of_another_run(tmp_path: Path, url: str) -> None:
    mine, other = Store(tmp_path / "mine"), Store(tmp_path / "other")
    runs = [new_run(store.path, "one") for store in (mine, other)]
    runs[0].log({"loss": 1})
    runs[1].log({"loss": 2})
    ship(mine, url, ["one"])
    before = alive(url)
    for _ in range(2):
        ((_, complete, problem),) = ship(other, url, ["one"])
        assert not complete
        assert "another file of this name is there" in problem
    assert alive(url) == before


def test_the_newest_rows_are_there_and_give_way_to_sets(
    store: Store, url: str, tmp_path: Path
) -> None:
    run = new_run(store.path, "one")
    run_dir = RunDir(run.path)
    for step in range(10):
        run.log({"loss": step})
    ship(store, url, ["one"])
    assert view(url, "one", tmp_path / "a").rows == 10
    while len(run_dir.segments()) < 2:
        run.log({"loss": 1, "note": "a" * 500})
    seal_run(run_dir)
    ship(store, url, ["one"])
    rows = view(url, "one", tmp_path / "b").rows
    run.finish()
    seal_run(run_dir)
    assert ship(store, url, ["one"])[0].problem == ""
    assert not arrivals.newest(url), "its set is there instead"
    there = view(url, "one", tmp_path / "c")
    assert (there.rows, there.state, there.damage) == (rows, "finished", [])


def test_of_two_copies_of_a_segment_the_longer_one_counts(
    store: Store, url: str, tmp_path: Path
) -> None:
    """Somebody syncs a copy of the store that was made while the run went on."""
    run = new_run(store.path, "one")
    run.log({"loss": 1})
    shutil.copytree(store.path, tmp_path / "copied")
    run.log({"loss": 2})
    ship(store, url, ["one"])
    ship(Store(tmp_path / "copied"), url, ["one"])
    assert view(url, "one", tmp_path / "a").rows == 2


def test_when_a_run_elsewhere_was_seen(store: Store, url: str, tmp_path: Path) -> None:
    run = new_run(store.path, "one")
    run.log({"loss": 1})
    ship(store, url, ["one"])
    run_dir = RunDir(view(url, "one", tmp_path / "a").path)
    fold = reader.snapshot(run_dir).fold
    (owner,) = fold.writers
    process = msgspec.structs.replace(owner.process, host="node7", machine_id="m7", boot_id="b7")
    fold.writers = [msgspec.structs.replace(owner, process=process)]
    hour = 3_600_000_000
    for beaten, words in ((0, "last seen 60 min ago"), (hour, "last seen 0 s ago")):
        run_dir.alive.write_bytes(msgspec.json.encode(Alive(1, 1, fold.last_seen + beaten, 30.0)))
        evidence = fold.evidence(run_dir, read_info(run_dir), fold.last_seen + hour)
        assert decide(evidence).reason == f"on node7, {words}"


def test_what_is_sent_is_what_is_written(store: Store) -> None:
    run = new_run(store.path, "one", journal="mmap")
    run_dir = RunDir(run.path)
    (name,) = run_dir.segments()
    assert written(run_dir, name) == b"", "nothing is in it"
    run.log({"loss": 1})
    sent, file = written(run_dir, name), run_dir.segment(name).read_bytes()
    assert file.startswith(sent)
    assert len(sent) < len(file), "without the room behind it"
    assert not file[len(sent) :].strip(b"\0")


def test_a_segment_that_is_full_soon_waits_until_it_is_sealed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(store.path, "one")
    run_dir = RunDir(run.path)
    while len(run_dir.segments()) < 2:
        run.log({"loss": 1, "note": "a" * 500})
    for _ in range(200):
        run.log({"loss": 1, "note": "a" * 500})
    ended, growing = run_dir.segments()
    wait_for(lambda: written(run_dir, ended), "the full one is ended")
    assert written(run_dir, growing) == b"", "it grows fast"
    monkeypatch.setattr(newest, "_SOON_SECONDS", 0.0)
    assert len(written(run_dir, growing)) > 64 << 10, "it grows slowly"


def test_what_is_complete_is_known_when_its_files_have_settled(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(store, "one")
    assert ship(store, url, ["one"]) == [Shipped("one", False, "")]
    monkeypatch.setattr(ledger, "_SETTLED_NS", -(10**12))
    assert ship(store, url, ["one"]) == [Shipped("one", True, "")]


def test_what_is_pending(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_SETTLED_NS", -(10**12))
    for name in ("one", "two", "elsewhere", "nowhere"):
        run_dir = record(store, name)
        if name != "nowhere":
            add_destination(run_dir, url if name != "elsewhere" else f"{url}/other")
    running = new_run(store.path, "running")
    add_destination(RunDir(running.path), url)
    assert pending(store, url) == ["two", "one"]
    ship(store, url, ["one"])
    assert pending(store, url) == ["two"]
    running.finish()
    seal_run(RunDir(running.path))
    assert pending(store, url) == ["two", "running"]


def test_what_a_person_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    url = f"file://{tmp_path / 'taken'}"
    run_dir = record(store, "one")
    assert told(run_dir) == []
    add_destination(run_dir, url)
    add_destination(run_dir, url)
    assert destinations(run_dir) == [url]
    (line,) = map(str, told(run_dir))
    assert line == f"not synced to {url} yet"
    ((_, _, problem),) = ship(store, url, ["one"])
    assert problem
    (first,) = told(run_dir)
    assert str(first).startswith(f"not synced to {url} since ")
    assert str(first).endswith(problem)
    ship(store, url, ["one"])
    (second,) = told(run_dir)
    assert second.failing_since == first.failing_since
    (tmp_path / "taken").unlink()
    ship(store, url, ["one"])
    (third,) = told(run_dir)
    assert str(third) == f"synced to {url}, 0 s ago"
    assert third.to_dict()["problem"] is None
    for path in run_dir.destinations.iterdir():
        path.write_bytes(b"{")
    assert told(run_dir) == []


def test_two_that_keep_what_they_know_at_the_same_time(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    one, two = (Ledger(store, "s3://b", path=path) for _ in range(2))
    one.failed("one", "a problem")
    two.ended_well("two")
    one.save()
    two.save()
    found = Ledger(store, "s3://b", path=path)
    assert found.entry("one").problem == "a problem"
    assert found.entry("two").synced is not None


def test_a_home_that_cannot_be_written(store: Store, url: str) -> None:
    os.environ["XDG_CACHE_HOME"], before = "/dev/null/none", os.environ["XDG_CACHE_HOME"]
    try:
        record(store, "one")
        assert ship(store, url, ["one"]) == [Shipped("one", False, "")]
    finally:
        os.environ["XDG_CACHE_HOME"] = before
