"""Where files of artifacts go: downloads, and names and paths that lead elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import nbtrack
from nbtrack import Artifact, ArtifactNotFoundError, ArtifactStateError, InvalidArtifactError
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifacts import read_manifest
from nbtrack.store.layout import Store
from tests.artifacts import FILES, logged, make, objects, tree

pytestmark = pytest.mark.usefixtures("place")


def test_download_replaces_what_differs_and_leaves_what_is_equal(place: Path) -> None:
    found = logged(FILES)
    root = make(place / "out", {"a.txt": b"a", "sub/b.bin": b"other", "mine": b"kept"})
    inode = (root / "a.txt").stat().st_ino
    found.download(root)
    assert tree(root) == {**FILES, "mine": b"kept"}
    assert (root / "a.txt").stat().st_ino == inode
    with pytest.raises(nbtrack.DamagedFileError, match="mine does not belong to it"):
        found.verify(root)
    found.checkout(root)
    assert tree(root) == FILES
    (root / "a.txt").write_bytes(b"b")
    (root / "like a").unlink()
    with pytest.raises(nbtrack.DamagedFileError, match=r"a\.txt differs; like a is missing"):
        found.verify(root)


def test_what_is_changed_after_the_download_changes_nothing_here(store: Store) -> None:
    found = logged({"a": b"original"})
    path = Path(found.file())
    with path.open("r+b") as file:
        file.write(b"changed!")
    assert [object.read_bytes() for object in objects(store)] == [b"original"]


def test_one_entry(place: Path) -> None:
    found = logged(FILES)
    path = found.get_path("sub/b.bin").download(place / "one")
    assert tree(place / "one") == {"sub/b.bin": FILES["sub/b.bin"]}
    assert path == str(place / "one" / "sub" / "b.bin")
    with pytest.raises(InvalidArtifactError, match="has 4 files"):
        found.file()
    with pytest.raises(InvalidArtifactError, match="has no file 'b'"):
        found.get_entry("b")


BAD_PATHS = ("../a", "/etc/passwd", "a/../../b", "a\\b", "a\0b", "a\nb", "x" * 300, "\udcff", "..")


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_leads_elsewhere_is_refused(place: Path, path: str) -> None:
    make(place, {"a": b"1"})
    artifact = Artifact("data", "dataset")
    with pytest.raises(InvalidArtifactError):
        artifact.add_file("a", name=path)
    with pytest.raises(InvalidArtifactError), artifact.new_file(path):
        pass
    assert artifact.file_count == 0


@pytest.mark.parametrize("path", [*BAD_PATHS[:6], "", ".", "a//b", "./a", "a/"])
def test_a_path_that_leads_elsewhere_is_not_followed_whoever_wrote_it(
    place: Path, store: Store, path: str
) -> None:
    found = logged({"victim": b"1"})
    manifest = ArtifactsRoot(store).artifact("data").manifest(0)
    document = json.loads(manifest.read_bytes())
    document["entries"][0]["path"] = path
    manifest.write_text(json.dumps(document))
    with pytest.raises(nbtrack.DamagedFileError):
        read_manifest(store, "data", 0)
    with pytest.raises(nbtrack.DamagedFileError):
        nbtrack.open_artifact("data").download(place / "inside" / "root")
    assert found.version == "v0"
    assert not (place / "inside").exists()


@pytest.mark.parametrize("digest", ["../../../secret", "", "0" * 63, "Z" * 64])
def test_a_digest_that_is_none_is_not_followed(store: Store, digest: str) -> None:
    logged({"victim": b"1"})
    manifest = ArtifactsRoot(store).artifact("data").manifest(0)
    document = json.loads(manifest.read_bytes())
    document["entries"][0]["digest"] = digest
    manifest.write_text(json.dumps(document))
    with pytest.raises(nbtrack.DamagedFileError):
        nbtrack.open_artifact("data").download()


def test_links_in_the_target_are_not_followed(place: Path) -> None:
    found = logged(FILES)
    outside = make(place / "outside", {"a.txt": b"mine", "b.bin": b"mine"})
    root = place / "root"
    root.mkdir()
    (root / "a.txt").symlink_to(outside / "a.txt")
    (root / "sub").symlink_to(outside)
    with pytest.raises(InvalidArtifactError, match="a folder there is a link"):
        found.download(root)
    (root / "sub").unlink()
    found.checkout(root)
    assert tree(root) == FILES
    assert not (root / "a.txt").is_symlink()
    assert tree(outside) == {"a.txt": b"mine", "b.bin": b"mine"}
    (root / "gone").symlink_to(outside)
    found.checkout(root)
    assert tree(outside) == {"a.txt": b"mine", "b.bin": b"mine"}


def test_links_that_lead_out_of_a_folder_are_left_out(place: Path) -> None:
    outside = make(place / "outside", {"secret": b"s"})
    folder = make(place / "in", {"a": b"1"})
    (folder / "inside").symlink_to("a")
    (folder / "leak").symlink_to(outside / "secret")
    (folder / "folder").symlink_to(outside)
    (folder / "nothing").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    artifact = Artifact("data", "dataset")
    with pytest.warns(nbtrack.NbtrackWarning, match=r"folder, leak, nothing and 1 more"):
        artifact.add_dir("in")
    assert sorted(artifact.entries) == ["a", "inside"]
    # One that was named itself is meant.
    artifact.add_file(folder / "leak")
    assert artifact.get_entry("leak").size == 1
    with pytest.raises(InvalidArtifactError, match="not a regular file"):
        artifact.add_file(folder / "pipe")


def test_the_store_itself_is_left_out(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_DIR", str(place / ".nbtrack"))
    make(place, {"a": b"1"})
    nbtrack.init()
    artifact = Artifact("data", "dataset")
    artifact.add_dir(".")
    assert list(artifact.entries) == ["a"]


@pytest.mark.parametrize("name", ["", "a/b", "a:b", ".a", "..", "a b", "é", "objects", "x" * 129])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(InvalidArtifactError):
        Artifact(name, "dataset")


@pytest.mark.parametrize("alias", ["", "v1", "a/b", "a:b", " a", "a\nb"])
def test_aliases_that_cannot_be(alias: str) -> None:
    with pytest.raises(InvalidArtifactError):
        nbtrack.log_artifact(Artifact("data", "dataset"), aliases=[alias])


def test_what_is_not_there() -> None:
    with pytest.raises(ArtifactNotFoundError, match="there is no artifact 'data'"):
        nbtrack.use_artifact("data:latest")
    logged({"a": b"1"})
    with pytest.raises(ArtifactNotFoundError, match=r"has no 'v7'.*It has v0"):
        nbtrack.use_artifact("data:v7")
    with pytest.raises(ArtifactStateError, match="is not recorded"):
        _ = Artifact("data", "dataset").version
