"""A sync copies files that do not change: nothing twice, nothing else, and nothing here changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack import SyncError, UsageError
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.run_keys import manifest_key
from nbtrack.store.seal import seal_run
from nbtrack.sync.ledger import Ledger
from nbtrack.sync.place import Place
from nbtrack.sync.push import Outcome, Pusher
from tests.journals import new_run
from tests.unit.test_layers import loaded_by

Content = Callable[[], dict[str, bytes]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def record(
    store: Store, id: str, *, rows: int = 20, ended: bool = True, merged: bool = True
) -> RunDir:
    run = new_run(store.path, id)
    for step in range(rows):
        run.log({"loss": 1 / (step + 1), "note": "a" * 50})
    if ended:
        run.finish()
    run_dir = RunDir(run.path)
    run_dir.media.mkdir(exist_ok=True)
    (run_dir.media / "0f.png").write_bytes(b"a picture")
    seal_run(run_dir)
    if merged:
        merge(run_dir)
    return run_dir


def push(store: Store, url: str, *runs: str, **options: object) -> list[Outcome]:
    return Pusher(store, Place(url), **options).push(list(runs))  # type: ignore[arg-type]


def local(run_dir: RunDir) -> dict[str, bytes]:
    """What has to be there of a run that has ended and is merged."""
    folders = ("edits", "merged", "media", "code", "files")
    found = {f"runs/{run_dir.id}/run.json": run_dir.info.read_bytes()}
    for folder in folders:
        for path in (run_dir.path / folder).glob("*"):
            if path.is_file() and "pyramid" not in path.name:
                key = path.relative_to(run_dir.path.parent.parent).as_posix()
                found[key] = path.read_bytes()
    return found


def looked(store: Store) -> dict[str, tuple[int, int, int]]:
    """What would tell of any change to the store."""
    found = {}
    for path in sorted(store.path.rglob("*")):
        status = path.stat()
        found[str(path)] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def test_every_byte_of_runs_is_there_and_nothing_else(
    store: Store, url: str, content: Content
) -> None:
    runs = [record(store, "one"), record(store, "two")]
    before = looked(store)
    outcomes = push(store, url, "one", "two")
    assert looked(store) == before
    wanted = local(runs[0]) | local(runs[1])
    found = content()
    lists = {key for key in found if key.endswith(".json") and "/merged/" in key}
    assert found.keys() - lists == wanted.keys()
    assert all(found[key] == wanted[key] for key in wanted)
    assert len(lists) == 2
    assert [(o.problem, o.there, o.sent) for o in outcomes] == [
        ("", 0, sum(f"runs/{o.run}/" in key for key in found)) for o in outcomes
    ]


def test_a_second_sync_sends_nothing(store: Store, url: str, content: Content) -> None:
    record(store, "one")
    record(store, "two")
    push(store, url, "one", "two")
    found = content()
    again = push(store, url, "one", "two")
    assert [outcome.sent for outcome in again] == [0, 0]
    # Also where nobody remembers the first one.
    for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("sync/*"):
        path.unlink()
    again = push(store, url, "one", "two")
    assert [(outcome.sent, outcome.there) for outcome in again] == [(0, 5), (0, 5)]
    assert content() == found


def test_what_is_complete_is_not_asked_for(
    store: Store, bucket: str, s3: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbtrack.sync import ledger

    monkeypatch.setattr(ledger, "_SETTLED_NS", -(10**12))
    record(store, "one")
    push(store, bucket, "one")
    s3.asked()  # type: ignore[attr-defined]
    assert push(store, bucket, "one") == [Outcome("one")]
    assert s3.asked() == []  # type: ignore[attr-defined]
    run_dir = RunDir(store.path / "runs" / "one")
    run_dir.new_edit().write_bytes(b'{"name": "renamed"}')
    (outcome,) = push(store, bucket, "one")
    assert outcome.sent == 1


def test_what_is_complete_is_seen_without_what_reads_runs(store: Store, tmp_path: Path) -> None:
    """A second of loading would be most of what the sync of a thousand unchanged runs takes."""
    run_dir = record(store, "one")
    for folder in (run_dir.path, *filter(Path.is_dir, run_dir.path.iterdir())):
        os.utime(folder, (1, 1))
    url = f"file://{tmp_path / 'place'}"
    push(store, url, "one")
    arguments = ["sync", "--all", "--to", url, "--store", str(store.path)]
    loaded = loaded_by(f"from nbtrack._cli import main\nmain({arguments}, standalone_mode=False)")
    assert "nbtrack.sync.push" in loaded
    assert loaded.isdisjoint({"duckdb", "rich", "tenacity", "nbtrack.store.reader"})


def test_a_run_that_goes_on(store: Store, url: str, content: Content) -> None:
    """What is sealed goes; the newest rows follow; a merge adds its set and removes nothing."""
    run = new_run(store.path, "one")
    run_dir = RunDir(run.path)
    while len(run_dir.segments()) < 3:
        run.log({"loss": 1.0, "note": "a" * 500})
    seal_run(run_dir)
    (outcome,) = push(store, url, "one")
    assert outcome.held_back == 1
    assert outcome.problem == ""
    first = content()
    sealed = {key for key in first if "/sealed/" in key}
    assert len(sealed) >= 4
    run.finish()
    seal_run(run_dir)
    merge(run_dir)
    (outcome,) = push(store, url, "one")
    assert outcome.held_back == 0
    second = content()
    open_then = {key for key in first if "/newest/" in key}
    assert open_then
    assert {key: first[key] for key in first.keys() - open_then}.items() <= second.items()
    assert not open_then & second.keys(), "its set is there instead"
    assert any("/merged/" in key for key in second.keys() - first.keys())


def test_sets_are_complete_in_the_order_in_which_they_arrive(store: Store, tmp_path: Path) -> None:
    record(store, "one")
    other = new_run(store.path, "two")
    other.log({"loss": 1})
    other.finish()
    seal_run(RunDir(other.path))
    order: list[str] = []
    pusher = Pusher(
        store, Place(f"file://{tmp_path / 'p'}"), sent=lambda item: order.append(item.key)
    )
    pusher.push(["one"], threads=1)
    tables = [at for at, key in enumerate(order) if key.endswith(".parquet")]
    lists = [
        at for at, key in enumerate(order) if key.startswith("merged/") and key.endswith(".json")
    ]
    media = [at for at, key in enumerate(order) if key.startswith("media/")]
    assert max(media) < min(tables)
    assert max(tables) < min(lists) == len(order) - 1
    order.clear()
    pusher.push(["two"], threads=1)
    tables = [at for at, key in enumerate(order) if key.endswith(".parquet")]
    assert order[tables[-1]].endswith(".changes.parquet")


def test_nothing_goes_of_what_is_excluded_or_only_tried(
    store: Store, url: str, content: Content
) -> None:
    record(store, "one")
    (outcome,) = push(store, url, "one", dry_run=True)
    assert outcome.sent == 5
    assert outcome.bytes > 1_000
    assert content() == {}
    push(store, url, "one", exclude=["media/*"])
    assert not any("/media/" in key for key in content())
    (outcome,) = push(store, url, "one")
    assert outcome.sent == 1
    assert any("/media/" in key for key in content())


def test_another_run_of_the_same_id_is_not_mixed_with_it(
    tmp_path: Path, url: str, content: Content
) -> None:
    mine, other = Store(tmp_path / "a"), Store(tmp_path / "b")
    record(mine, "one")
    record(other, "one", rows=2)
    push(mine, url, "one")
    found = content()
    (outcome,) = push(other, url, "one")
    assert "another file of this name is there" in outcome.problem
    assert f"{url}/runs/one/run.json" in outcome.problem or "run.json" in outcome.problem
    assert content() == found


def test_a_run_that_is_no_more_holds_up_no_other(store: Store, url: str) -> None:
    record(store, "one")
    outcomes = push(store, url, "none", "one")
    assert [bool(outcome.problem) for outcome in outcomes] == [True, False]
    assert "not there any more" in outcomes[0].problem


@pytest.mark.parametrize("url", ["", "here", "http://host/bucket", "s3://", "file://host/folder"])
def test_what_is_no_place(url: str) -> None:
    with pytest.raises(UsageError):
        Place(url)


def test_a_damaged_ledger_is_nothing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    for content in (b"", b"\xff\xff", b"\x91\x01"):
        path.write_bytes(content)
        assert not Ledger(store, "s3://b", path=path).is_complete("one", (1, 2))


def test_the_name_of_a_list_is_that_of_its_set() -> None:
    assert manifest_key("m12") == "merged/m12.json"


def test_a_place_that_is_a_file(store: Store, tmp_path: Path) -> None:
    record(store, "one")
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(SyncError):
        push(store, f"file://{tmp_path / 'taken'}", "one")
