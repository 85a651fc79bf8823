"""Versions of artifacts: when there is a new one, what it is called, who made and used it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy
import pytest

import nbtrack
from nbtrack import Artifact, ArtifactNotFoundError, ArtifactStateError, InvalidArtifactError
from nbtrack.store.artifact_schema import ArtifactEntry
from nbtrack.store.artifact_writing import NewVersion, commit
from nbtrack.store.artifacts import versions
from nbtrack.store.layout import Store
from tests.artifacts import FILES, logged, objects, tree

pytestmark = pytest.mark.usefixtures("place")


def test_only_other_content_makes_a_version(store: Store) -> None:
    assert logged({"a": b"1"}).version == "v0"
    assert logged({"a": b"1"}).version == "v0"
    assert logged({"a": b"2"}).version == "v1"
    assert logged({"b": b"2"}).version == "v2"
    again = logged({"a": b"1"}, aliases=["first"])
    assert (again.version, again.aliases) == ("v0", ["latest", "first"])
    assert nbtrack.open_artifact("data").version == "v0"
    assert [version.aliases for version in versions(store, "data")] == [["latest", "first"], [], []]
    assert logged({"a": b"3"}).aliases == ["latest"]
    assert [artifact.name for artifact in nbtrack.artifacts("data")] == [
        "data:v3", "data:v2", "data:v1", "data:v0"
    ]  # fmt: skip
    assert nbtrack.open_artifact("data:first").aliases == ["first"]


def test_an_alias_is_of_one_version() -> None:
    logged({"a": b"1"}, aliases=["best", "old"])
    second = logged({"a": b"2"}, aliases=["best"])
    assert second.aliases == ["latest", "best"]
    first = nbtrack.open_artifact("data:v0")
    assert first.aliases == ["old"]
    first.aliases.append("best")
    first.aliases.remove("old")
    first.save()
    assert nbtrack.open_artifact("data:best").version == "v0"
    assert nbtrack.open_artifact("data:v1").aliases == ["latest"]
    with pytest.raises(ArtifactNotFoundError, match="has no 'old'"):
        nbtrack.open_artifact("data:old")


def test_metadata_and_description_may_be_changed() -> None:
    found = logged({"a": b"1"})
    found.metadata["score"] = numpy.float64(0.5)
    found.metadata["bad"] = float("nan")
    found.description = "better"
    found.save()
    again = nbtrack.open_artifact("data:v0")
    assert again.metadata == {"score": 0.5, "bad": "NaN"}
    assert again.description == "better"
    assert again.digest == found.digest


def test_deleting(store: Store) -> None:
    first = logged({"a": b"1"}, aliases=["best"])
    second = logged({"a": b"2"})
    with pytest.raises(ArtifactStateError, match="is called best"):
        first.delete()
    second.delete()
    assert second.state == "DELETED"
    assert nbtrack.open_artifact("data").version == "v0"
    with pytest.raises(ArtifactNotFoundError):
        nbtrack.open_artifact("data:v1")
    # A number is never given twice, and what was deleted is not found by its content.
    assert logged({"a": b"2"}).version == "v2"
    first.delete(delete_aliases=True)
    assert [version.label for version in versions(store, "data")] == ["data:v2"]


def test_a_name_has_one_type() -> None:
    logged({"a": b"1"})
    artifact = Artifact("data", "model")
    with pytest.raises(InvalidArtifactError, match="of type 'dataset'"):
        nbtrack.log_artifact(artifact).wait()
    with pytest.raises(InvalidArtifactError, match="not 'model'"):
        nbtrack.use_artifact("data", type="model")


def test_linking_copies_nothing(store: Store) -> None:
    found = logged(FILES)
    before = len(objects(store))
    linked = nbtrack.link_artifact(found, "team/registry/best-data", aliases=["prod"]).wait()
    assert (linked.name, linked.aliases) == ("best-data:v0", ["latest", "prod"])
    assert tree(Path(linked.download())) == FILES
    assert len(objects(store)) == before


def test_versions_that_are_made_at_once_have_numbers_of_their_own(store: Store) -> None:
    store.create()
    children = []
    for number in range(4):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                for i in range(5):
                    # Each content comes from two of them.
                    uri = f"s3://bucket/{number // 2}/{i}"
                    entry = ArtifactEntry(path="x", uri=uri)
                    commit(store, NewVersion(name="n", type="t", entries=[entry]))
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
    found = versions(store, "n")
    assert [version.version for version in found] == list(range(10))
    assert len({version.digest for version in found}) == 10


def test_who_made_it_and_who_used_it(store: Store) -> None:
    with nbtrack.init(name="maker") as maker:
        logged({"a": b"1"})
    with nbtrack.init(name="user") as user:
        data = nbtrack.use_artifact("entity/project/data:latest")
        made = logged({"m": b"2"}, name="model")
    for artifact, run in ((made, user), (data, maker)):
        found_run = artifact.logged_by()
        assert found_run is not None
        assert found_run.id == run.id
    assert [run.name for run in nbtrack.open_artifact("data").used_by()] == ["user"]
    assert versions(store, "data")[0].used_by == [user.id]
    found = [(use.name, use.version, use.role) for use in nbtrack.open_run("user").artifacts]
    assert found == [("data", 0, "used"), ("model", 0, "made")]
    (use,) = nbtrack.open_run("maker").artifacts
    assert (use.type, use.digest, use.size) == ("dataset", data.digest, 1)


def test_a_run_with_nothing_but_an_artifact_is_not_empty() -> None:
    with nbtrack.init(name="only"):
        logged({"a": b"1"})
    assert [run.name for run in nbtrack.runs()] == ["only"]


def test_what_this_run_logged_is_waited_for() -> None:
    for number in range(10):
        artifact = Artifact("data", "dataset")
        with artifact.new_file("a") as file:
            file.write(str(number))
        nbtrack.log_artifact(artifact)
        assert nbtrack.use_artifact("data:latest").version == f"v{number}"


def test_an_artifact_that_is_used_is_recorded_first() -> None:
    artifact = Artifact("data", "dataset")
    with artifact.new_file("a") as file:
        file.write("1")
    assert nbtrack.use_artifact(artifact).version == "v0"
    run = nbtrack.run
    assert run is not None
    assert [use.role for use in nbtrack.open_run(run.id).artifacts] == ["made", "used"]
