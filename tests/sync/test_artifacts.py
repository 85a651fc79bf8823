"""Versions of artifacts at a place: the same content is one version, whoever sends it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifact_schema import ArtifactEntry, ArtifactManifest, ArtifactVersion
from nbtrack.store.artifact_writing import NewVersion, commit, edit, mark_used
from nbtrack.store.artifacts import versions
from nbtrack.store.layout import Store
from nbtrack.sync.artifacts import ArtifactOutcome, ArtifactPusher
from nbtrack.sync.place import Place

Content = Callable[[], dict[str, bytes]]


def record(
    store: Store, *contents: bytes, run: str = "one", name: str = "data"
) -> list[ArtifactVersion]:
    """A version for each of these contents."""
    from blake3 import blake3

    root = ArtifactsRoot(store)
    found = []
    for content in contents:
        digest = blake3(content).hexdigest()
        path = root.object(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        entry = ArtifactEntry(path="a", digest=digest, size=len(content))
        found.append(commit(store, NewVersion(name=name, type="dataset", entries=[entry], run=run)))
    return found


def push(store: Store, url: str, runs: set[str] | None = None) -> list[ArtifactOutcome]:
    return ArtifactPusher(store, Place(url)).push(runs)


def there(tmp_path: Path, content: Content, name: str = "data") -> list[ArtifactVersion]:
    """What a reader finds who copies all of it into a store."""
    store = Store(tmp_path / "copied")
    for key, data in content().items():
        path = store.path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return versions(store, name)


@pytest.fixture
def mine(tmp_path: Path) -> Store:
    return Store(tmp_path / "mine")


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return Store(tmp_path / "other")


def test_versions_keep_their_numbers_where_they_are_the_first(
    mine: Store, tmp_path: Path, url: str, content: Content
) -> None:
    record(mine, b"1", b"2", b"3")
    outcomes = push(mine, url)
    assert [(one.label, one.there, one.sent, one.bytes) for one in outcomes] == [
        (f"data:v{n}", f"data:v{n}", 1, 1) for n in range(3)
    ]
    assert [one.sent for one in push(mine, url)] == [0, 0, 0]
    assert [version.digest for version in there(tmp_path, content)] == [
        version.digest for version in versions(mine, "data")
    ]


def test_what_two_people_made_gets_numbers_of_the_place(
    mine: Store, other: Store, tmp_path: Path, url: str, content: Content
) -> None:
    record(mine, b"1", b"same")
    record(other, b"same", b"2")
    push(mine, url)
    assert [(one.label, one.there) for one in push(other, url)] == [
        ("data:v0", "data:v1"),
        ("data:v1", "data:v2"),
    ]
    digests = [version.digest for version in there(tmp_path, content)]
    assert len(digests) == len(set(digests)) == 3
    # And again, from both: nothing moves.
    before = content()
    push(mine, url)
    push(other, url)
    assert content() == before


def test_both_at_once(
    mine: Store, other: Store, tmp_path: Path, url: str, content: Content
) -> None:
    record(mine, *(b"%d" % n for n in range(8)))
    record(other, *(b"%d" % n for n in range(12, 3, -1)))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda store: push(store, url), [mine, other, mine, other]))
    found = there(tmp_path, content)
    assert len(found) == len({version.digest for version in found}) == 13
    assert [version.version for version in found] == list(range(13))


def test_words_go_under_the_number_there(
    mine: Store, other: Store, tmp_path: Path, url: str, content: Content
) -> None:
    record(mine, b"1", b"2")
    push(mine, url)
    record(other, b"3")
    place = ArtifactsRoot(other).artifact("data")
    edit(place, 0, add_aliases=["best"], metadata={"score": 1})
    mark_used(place, 0, "run-b")
    push(other, url)
    third = there(tmp_path, content)[2]
    assert (third.version, third.metadata, third.used_by) == (2, {"score": 1}, ["run-b"])
    assert third.aliases == ["latest", "best"]


def test_only_what_runs_made_and_used(
    mine: Store, tmp_path: Path, url: str, content: Content
) -> None:
    record(mine, b"1", run="one")
    record(mine, b"2", run="two")
    record(mine, b"3", run="three")
    mark_used(ArtifactsRoot(mine).artifact("data"), 2, "one")
    push(mine, url, {"one"})
    assert [version.run for version in there(tmp_path, content)] == ["one", "three"]


def test_content_that_is_missing_here_is_said_and_holds_up_nothing(
    mine: Store, tmp_path: Path, url: str, content: Content
) -> None:
    record(mine, b"1", b"2")
    record(mine, b"3", name="more")
    entry = ArtifactManifest
    manifest = msgspec.json.decode(
        ArtifactsRoot(mine).artifact("data").manifest(0).read_bytes(), type=entry
    )
    ArtifactsRoot(mine).object(manifest.entries[0].digest or "").unlink()
    outcomes = {one.label: one for one in push(mine, url)}
    assert outcomes["data:v0"].there == ""
    assert "not there" in outcomes["data:v0"].problem
    assert outcomes["data:v1"].problem == outcomes["more:v0"].problem == ""
    assert [version.version for version in there(tmp_path, content)] == [1]
