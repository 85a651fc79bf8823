"""A place is read as a store: the same runs, and no more of them is copied than is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nbtrack
from nbtrack import SyncError, UsageError
from nbtrack.server import files
from nbtrack.store import edits
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.view import RunView
from nbtrack.sync import mirror
from nbtrack.sync.mirror import Mirror
from nbtrack.sync.place import Place
from tests.s3 import S3
from tests.sync.proxy import FaultProxy
from tests.sync.recorded import begun, ended, filled, here, sent, version


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def told(view: RunView) -> dict[str, object]:
    return {name: value for name, value in view.to_dict().items() if name != "path"}


@pytest.mark.parametrize("merged", [True, False])
def test_the_same_as_here(store: Store, url: str, merged: bool) -> None:
    names = ["one", "two"]
    for name in names:
        ended(begun(store, name), merged=merged)
    sent(store, url, *names)
    found = nbtrack.runs(store=url)
    assert sorted(run.id for run in found) == names
    for name in names:
        here_, there = nbtrack.open_run(name, dir=store.path), nbtrack.open_run(name, store=url)
        assert told(there) == told(here_)
        assert there.history().to_pylist() == here_.history().to_pylist()
        assert len(there.history("loss")) == 20
    assert [run.id for run in nbtrack.runs(store=url, where="summary.loss < 0.01")] == []
    assert len(nbtrack.runs(store=url, where="config.lr == 0.1")) == 2


def test_what_is_not_read_is_not_copied(store: Store, url: str, tmp_path: Path) -> None:
    ended(begun(store, "one"))
    sent(store, url, "one")
    copy = Mirror(Place(url), folder=tmp_path / "copy")
    copy.refresh()
    assert nbtrack.runs(dir=copy.store.path)[0].summary["loss"] == 1 / 20
    brought = here(copy.store.path)
    assert not any("metrics" in name or "media" in name or "files" in name for name in brought)
    run_dir = copy.store.run("one")
    listed = {entry.path: entry.size for entry in files.tree(run_dir).files}
    assert listed["files/model.bin"] == len(b"weights")
    assert listed["media/0f.png"] == len(b"a picture")
    assert here(copy.store.path) == brought
    with files.open_file(run_dir, "files/model.bin").file as file:
        assert file.read() == b"weights"
    assert len(nbtrack.open_run("one", dir=copy.store.path).history("loss")) == 20
    new = here(copy.store.path) - brought
    assert len(new) == 2
    assert {"runs/one/files/model.bin"} < new


def test_what_does_not_change_is_asked_for_once(
    store: Store, bucket: str, s3: S3, tmp_path: Path
) -> None:
    ended(begun(store, "one"))
    sent(store, bucket, "one")
    folder = tmp_path / "copy"
    for first in (True, False):
        s3.asked()
        copy = Mirror(Place(bucket), folder=folder)
        copy.refresh()
        assert len(nbtrack.open_run("one", dir=folder).history("loss")) == 20
        objects = [asked for asked in s3.asked() if "list-type=" not in asked]
        assert bool(objects) == first


def test_a_run_that_goes_on(store: Store, url: str, tmp_path: Path) -> None:
    run = begun(store, "one")
    run_dir = filled(run)
    sent(store, url, "one")
    copy = Mirror(Place(url), folder=tmp_path / "copy")
    copy.refresh()
    view = nbtrack.open_run("one", dir=copy.store.path)
    first = len(view.history("loss"))
    assert 20 < first <= nbtrack.open_run("one", dir=store.path).rows
    merge(run_dir)
    filled(run)
    sent(store, url, "one")
    copy.refresh()
    second = len(view.refresh().history("loss"))
    assert second > first
    sealed = copy.store.run("one").sealed_sets()
    assert sealed == run_dir.sealed_sets(), "what the merge replaced is not kept"
    ended(run)
    sent(store, url, "one")
    copy.refresh()
    assert told(view.refresh()) == told(nbtrack.open_run("one", dir=store.path))
    assert view.state == "finished"
    assert copy.store.run("one").sealed_sets() == []
    assert len(view.history("loss")) == view.rows


def test_documents_that_are_replaced(store: Store, url: str, tmp_path: Path) -> None:
    run_dir = ended(begun(store, "one"))
    sent(store, url, "one")
    copy = Mirror(Place(url), folder=tmp_path / "copy")
    for content in (b"weights", b"other weights"):
        (run_dir.files / "model.bin").write_bytes(content)
        sent(store, url, "one")
        copy.refresh()
        with files.open_file(copy.store.run("one"), "files/model.bin").file as file:
            assert file.read() == content


def test_a_run_that_was_removed_there(store: Store, bucket: str, s3: S3, tmp_path: Path) -> None:
    for name in ("one", "two"):
        ended(begun(store, name))
    sent(store, bucket, "one", "two")
    copy = Mirror(Place(bucket), folder=tmp_path / "copy")
    copy.refresh()
    assert len(nbtrack.runs(dir=copy.store.path)) == 2
    for key in Place(bucket).sizes("runs/one"):
        s3.remove(bucket.removeprefix("s3://"), key)
    copy.refresh()
    assert [run.id for run in nbtrack.runs(dir=copy.store.path)] == ["two"]


def test_what_was_replaced_and_removed_while_it_was_looked_at(
    store: Store, bucket: str, s3: S3, tmp_path: Path
) -> None:
    run_dir = ended(begun(store, "one"), merged=False)
    sent(store, bucket, "one")
    copy = Mirror(Place(bucket), folder=tmp_path / "copy")
    copy.refresh()
    view = nbtrack.open_run("one", dir=copy.store.path)
    assert view.rows == 20
    merge(run_dir)
    sent(store, bucket, "one")
    for key in Place(bucket).sizes("runs/one/sealed"):
        s3.remove(bucket.removeprefix("s3://"), key)
    assert len(view.history("loss")) == 20


def test_changes_made_to_the_copy_go_there(store: Store, url: str, tmp_path: Path) -> None:
    ended(begun(store, "one"))
    sent(store, url, "one")
    mine, theirs = (Mirror(Place(url), folder=tmp_path / name) for name in ("mine", "theirs"))
    mine.refresh()
    theirs.refresh()
    edits.edit(nbtrack.open_run("one", dir=mine.store.path), name="renamed", tags=["good"])
    mine.refresh()
    theirs.refresh()
    seen = nbtrack.open_run("renamed", dir=theirs.store.path)
    assert (seen.id, seen.tags) == ("one", ["good"])


def test_artifacts(store: Store, url: str, tmp_path: Path) -> None:
    ended(begun(store, "one"))
    version(store, b"rows", run="one")
    version(store, b"more rows", run="one")
    sent(store, url, "one")
    found = nbtrack.artifacts(store=url)
    assert [artifact.name for artifact in found] == ["data:v1", "data:v0"]
    copy = mirror.opened(url).store
    assert not list(copy.artifacts.rglob("objects/*/*"))
    target = Path(nbtrack.open_artifact("data:v0", store=url).download(tmp_path / "got"))
    assert (target / "a").read_bytes() == b"rows"
    assert len(list(copy.artifacts.rglob("objects/*/*"))) == 1


def test_one_bad_run_holds_up_no_others(store: Store, tmp_path: Path) -> None:
    there = tmp_path / "there"
    url = there.as_uri()
    for name in ("one", "two"):
        ended(begun(store, name))
    sent(store, url, "one", "two")
    (manifest,) = (there / "runs" / "one" / "merged").glob("*.json")
    manifest.write_bytes(b"{")
    copy = Mirror(Place(url), folder=tmp_path / "copy")
    copy.refresh()
    assert list(copy.problems) == ["one"]
    assert "Manifest" in copy.problems["one"]
    assert [run.id for run in nbtrack.runs(dir=copy.store.path)] == ["two"]
    manifest.write_bytes(RunDir(store.path / "runs" / "one").manifest.read_bytes())
    copy.refresh()
    assert copy.problems == {}
    assert len(nbtrack.runs(dir=copy.store.path)) == 2


def test_names_that_lead_elsewhere_are_left_out(
    store: Store, bucket: str, s3: S3, tmp_path: Path
) -> None:
    ended(begun(store, "one"))
    sent(store, bucket, "one")
    name = bucket.removeprefix("s3://")
    s3.put(name, {r"runs/one/edits/..\..\x.json": b"{}", "runs/a b/run.json": b"{}"})
    copy = Mirror(Place(bucket), folder=tmp_path / "copy")
    copy.refresh()
    assert not any("x.json" in name for name in here(tmp_path))
    assert [run.id for run in nbtrack.runs(dir=copy.store.path)] == ["one"]


def test_two_machines_that_merged_at_once(store: Store, tmp_path: Path) -> None:
    """The rows of one of them are not shown; that is said."""
    there = tmp_path / "there"
    run_dir = ended(begun(store, "one"))
    sent(store, there.as_uri(), "one")
    (manifest,) = (there / "runs" / "one" / "merged").glob("*.json")
    other = json.loads(manifest.read_bytes())
    other.update(name="m" + "0" * 16, replaces=["oabc-000001"])
    manifest.with_name(f"{other['name']}.json").write_text(json.dumps(other))
    copy = Mirror(Place(there.as_uri()), folder=tmp_path / "copy")
    copy.refresh()
    assert "two machines went on with it" in copy.problems["one"]
    assert nbtrack.open_run("one", dir=copy.store.path).rows == RunView(run_dir).rows


def test_what_cannot_be_read(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(SyncError, match="there are no runs"):
        nbtrack.runs(store=f"{bucket}/nothing")
    with pytest.raises(UsageError, match="no place"):
        nbtrack.runs(store="ftp://somewhere")
    with pytest.raises(UsageError, match="both given"):
        nbtrack.runs(store=bucket, dir=tmp_path)
    with pytest.raises(SyncError, match="no such bucket"):
        nbtrack.open_run("one", store="s3://no-such-bucket-here")


def test_a_network_that_was_away(
    store: Store, bucket: str, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(begun(store, "one"))
    sent(store, bucket, "one")
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        copy = Mirror(Place(bucket, patience=0.1), folder=tmp_path / "copy")
        copy.refresh()
        proxy.faults, proxy.share = ["503"], 1.0
        view = nbtrack.open_run("one", dir=copy.store.path)
        for _ in range(4):
            with pytest.raises(SyncError):
                view.history("loss")
        assert view.summary["loss"] == 1 / 20, "what was copied stays"
        proxy.share = 0.0
        copy.refresh()
        assert len(view.history("loss")) == 20


def test_over_a_bad_network(
    store: Store, bucket: str, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"run{n}" for n in range(5)]
    for name in names:
        ended(begun(store, name))
    sent(store, bucket, *names)
    with FaultProxy(s3.url).running() as proxy:
        proxy.share = 1 / 3
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        copy = Mirror(Place(bucket), folder=tmp_path / "copy")
        while True:
            try:
                copy.refresh()
            except SyncError:
                continue
            if not copy.problems:
                break
        for name in names:
            view = nbtrack.open_run(name, dir=copy.store.path)
            wanted = nbtrack.open_run(name, dir=store.path).history("loss").to_pylist()
            assert view.history("loss").to_pylist() == wanted
    assert sum(proxy.seen.values()) > 0
