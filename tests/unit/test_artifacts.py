"""Artifacts, as a person uses them: made, used, downloaded, and their content kept once."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import Artifact, ArtifactNotFoundError, ArtifactStateError, InvalidArtifactError
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifact_schema import ArtifactEntry
from nbtrack.store.artifact_writing import NewVersion, commit
from nbtrack.store.artifacts import artifact_names, read_manifest, versions
from nbtrack.store.layout import Store
from nbtrack.store.objects import Objects


@pytest.fixture(autouse=True)
def place(store_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory of its own, no recorder, and a disk that is never too full."""
    monkeypatch.setenv("NBTRACK_RECORDER", "off")
    monkeypatch.setenv("NBTRACK_DISK_WARNING", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    if nbtrack.run is not None:
        nbtrack.finish()


@pytest.fixture
def store(store_dir: Path) -> Store:
    return Store(store_dir)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    }


def make(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def logged(files: dict[str, bytes], name: str = "data", **options: Any) -> Artifact:
    """A version with these files, recorded."""
    artifact = Artifact(name, "dataset")
    for path, content in files.items():
        with artifact.new_file(path, "wb") as file:
            file.write(content)
    return nbtrack.log_artifact(artifact, **options).wait()  # type: ignore[no-any-return]


def objects(store: Store) -> list[Path]:
    return list(ArtifactsRoot(store).object_files())


FILES = {"a.txt": b"a", "sub/b.bin": bytes(range(256)), "sub/deep/c": b"", "like a": b"a"}


# -- in and out ------------------------------------------------------------------------------


def test_what_goes_in_comes_out(place: Path) -> None:
    make(place / "in", FILES)
    artifact = Artifact("data", "dataset", description="digits", metadata={"rows": 3})
    artifact.add_dir("in")
    artifact.add_file("in/a.txt", name="other/a.txt")
    assert nbtrack.log_artifact(artifact, aliases=["best"]) is artifact
    artifact.wait()
    assert (artifact.name, artifact.version, artifact.state) == ("data:v0", "v0", "COMMITTED")
    assert artifact.aliases == ["latest", "best"]
    nbtrack.finish()

    found = nbtrack.use_artifact("data:best", type="dataset")
    assert tree(Path(found.download())) == {**FILES, "other/a.txt": b"a"}
    assert found.download() == str(place / "artifacts" / "data:v0")
    assert (found.description, found.metadata) == ("digits", {"rows": 3})
    assert (found.size, found.file_count) == (sum(map(len, FILES.values())) + 1, 5)
    assert found.digest == artifact.digest
    found.verify()
    elsewhere = found.download(place / "elsewhere")
    assert tree(Path(elsewhere)) == {**FILES, "other/a.txt": b"a"}


def test_the_same_bytes_lie_there_once(store: Store) -> None:
    logged(FILES)
    assert len(objects(store)) == 3  # two of the four are equal
    assert sum(path.stat().st_size for path in objects(store)) == 257
    logged(FILES, name="copy")
    assert len(objects(store)) == 3
    for path in objects(store):
        assert path.stat().st_nlink == 1


def test_files_are_taken_when_they_are_added(place: Path) -> None:
    path = place / "model.bin"
    path.write_bytes(b"first")
    artifact = Artifact("model", "model")
    artifact.add_file(path)
    path.write_bytes(b"second, and longer")
    nbtrack.log_artifact(artifact)
    path.unlink()
    assert Path(nbtrack.use_artifact(artifact).file()).read_bytes() == b"first"


def test_an_immutable_file_is_read_later(place: Path, store: Store) -> None:
    make(place, {"big": b"x" * 1000})
    artifact = Artifact("model", "model")
    artifact.add_file("big", policy="immutable")
    assert objects(store) == []
    nbtrack.log_artifact(artifact)
    assert artifact.wait().get_entry("big").digest is not None
    assert Path(artifact.file()).read_bytes() == b"x" * 1000


def test_an_immutable_file_that_changed_is_named(place: Path) -> None:
    make(place, {"big": b"x" * 1000})
    artifact = Artifact("model", "model")
    artifact.add_file("big", policy="immutable")
    make(place, {"big": b"y" * 1001})
    nbtrack.log_artifact(artifact).wait()
    with pytest.warns(nbtrack.NbtrackWarning, match="big changed between"):
        nbtrack.finish()
    assert Path(artifact.file()).read_bytes() == b"y" * 1001


def test_an_immutable_file_that_went_away_is_no_version(place: Path, store: Store) -> None:
    make(place, {"big": b"x"})
    artifact = Artifact("model", "model")
    artifact.add_file("big", policy="immutable")
    (place / "big").unlink()
    nbtrack.log_artifact(artifact)
    with pytest.warns(nbtrack.NbtrackWarning, match="'model' was not recorded: add a file"):
        nbtrack.finish()
    with pytest.raises(InvalidArtifactError, match="No such file"):
        artifact.wait()
    assert artifact_names(store) == []


def test_a_path_becomes_an_artifact(place: Path) -> None:
    make(place / "in", FILES)
    run = nbtrack.init()
    folder = run.log_artifact("in", name="in", type="dataset").wait()
    file = run.log_artifact(place / "in" / "a.txt").wait()
    assert tree(Path(folder.download())) == FILES
    assert file.name == f"run-{run.id}-a.txt:v0"
    assert file.type == "unspecified"


def test_new_file_is_not_added_if_writing_it_fails() -> None:
    artifact = Artifact("data", "dataset")
    with contextlib.suppress(RuntimeError), artifact.new_file("a") as file:
        file.write("half")
        raise RuntimeError
    assert artifact.file_count == 0
    with artifact.new_file("a", mode="w", encoding="utf-16") as file:
        file.write("é")
    assert artifact.size == 4


def test_a_path_is_of_one_file(place: Path) -> None:
    make(place, {"a": b"1", "b": b"2"})
    artifact = Artifact("data", "dataset")
    artifact.add_file("a")
    artifact.add_file("a")
    with pytest.raises(InvalidArtifactError, match="another file 'a'"):
        artifact.add_file("b", name="a")
    assert artifact.get_path("a").size == 1
    artifact.add_file("b", name="./a", overwrite=True)
    with pytest.raises(InvalidArtifactError, match="a file and a folder"):
        artifact.add_file("b", name="a/b")
    nbtrack.log_artifact(artifact).wait()
    assert Path(artifact.file()).read_bytes() == b"2"
    with pytest.raises(ArtifactStateError, match="given to log_artifact"):
        artifact.add_file("b")


def test_removing_before_it_is_recorded(place: Path) -> None:
    make(place / "in", FILES)
    artifact = Artifact("data", "dataset")
    artifact.add_dir("in")
    artifact.remove("sub")
    artifact.remove(artifact.get_entry("like a"))
    assert list(artifact.manifest.entries) == ["a.txt"]
    with pytest.raises(InvalidArtifactError, match="no file 'sub'"):
        artifact.remove("sub")


# -- versions, aliases, metadata --------------------------------------------------------------


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


# -- lineage ------------------------------------------------------------------------------------


def test_who_made_it_and_who_used_it(store: Store) -> None:
    with nbtrack.init(name="maker") as maker:
        logged({"a": b"1"})
    with nbtrack.init(name="user") as user:
        data = nbtrack.use_artifact("entity/project/data:latest")
        made = logged({"m": b"2"}, name="model")
    assert made.logged_by().name == "user"
    assert data.logged_by().id == maker.id
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


def test_an_artifact_that_is_used_is_recorded_first() -> None:
    artifact = Artifact("data", "dataset")
    with artifact.new_file("a") as file:
        file.write("1")
    assert nbtrack.use_artifact(artifact).version == "v0"
    run = nbtrack.run
    assert run is not None
    assert [use.role for use in nbtrack.open_run(run.id).artifacts] == ["made", "used"]


# -- pending ------------------------------------------------------------------------------------


def test_finish_waits_and_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(place, {"big": b"x"})
    gate, real = threading.Event(), Objects.take
    monkeypatch.setattr(Objects, "take", lambda *given: gate.wait(60) and real(*given))
    run = nbtrack.init()
    artifact = Artifact("model", "model")
    artifact.add_file("big", policy="immutable")
    assert run.log_artifact(artifact).state == "PENDING"
    with pytest.raises(ArtifactStateError, match=r"not recorded after 0\.01 s"):
        artifact.wait(0.01)
    threading.Timer(1.0, gate.set).start()
    run.finish()
    assert artifact.state == "COMMITTED"
    assert capsys.readouterr().err == "nbtrack: waiting for artifacts: model\n"
    assert [use.version for use in nbtrack.open_run(run.id).artifacts] == [0]


def test_a_finished_run_takes_no_more() -> None:
    run = nbtrack.init()
    run.finish()
    with pytest.raises(nbtrack.RunFinishedError):
        run.log_artifact(Artifact("data", "dataset"))
    with pytest.raises(nbtrack.RunFinishedError):
        run.save("*")


def test_disabled_runs_record_nothing(place: Path, store: Store) -> None:
    make(place, {"a": b"1"})
    with nbtrack.init(mode="disabled") as run:
        artifact = Artifact("data", "dataset")
        artifact.add_file("a")
        with artifact.new_file("b") as file:
            file.write("2")
        assert run.log_artifact(artifact).wait().version == "v0"
        assert run.use_artifact(artifact).file_count == 2
        assert run.save("a") == []
    assert not store.path.exists()


# -- many and large --------------------------------------------------------------------------------


def test_files_that_did_not_change_are_not_read_again(
    place: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    make(place / "in", {str(i): str(i).encode() for i in range(50)})
    old = 1_600_000_000
    for path in (place / "in").iterdir():
        os.utime(path, (old, old))
    # Their change time is that of the call above, which is too fresh to be trusted.
    time.sleep(2.1)
    first = Artifact("data", "dataset")
    first.add_dir("in")
    read: list[object] = []
    real = Objects._copy
    monkeypatch.setattr(Objects, "_copy", lambda self, fd: read.append(fd) or real(self, fd))
    second = Artifact("data", "dataset")
    second.add_dir("in")
    assert second.digest == first.digest
    assert read == []
    make(place / "in", {"7": b"x"})
    third = Artifact("data", "dataset")
    third.add_dir("in")
    assert len(read) == 1
    assert third.get_entry("7").digest != second.get_entry("7").digest
    fourth = Artifact("data", "dataset")
    fourth.add_dir("in", skip_cache=True)
    assert len(read) == 51
    assert len(objects(store)) == 51


def test_what_was_removed_from_the_store_is_taken_again(place: Path, store: Store) -> None:
    make(place, {"a": b"1", "b": b"2"})
    artifact = Artifact("data", "dataset")
    artifact.add_file("a")
    for path in objects(store):
        path.unlink()
    nbtrack.log_artifact(artifact).wait()
    assert Path(artifact.file()).read_bytes() == b"1"
    lost = Artifact("data", "dataset")
    lost.add_file("b")
    ArtifactsRoot(store).object(str(lost.get_entry("b").digest)).unlink()
    make(place, {"b": b"3"})
    with pytest.raises(InvalidArtifactError, match="'b' is not in the store any more"):
        nbtrack.log_artifact(lost).wait()


# -- download -------------------------------------------------------------------------------------


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


# -- names and paths ---------------------------------------------------------------------------


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


# -- references -----------------------------------------------------------------------------------


class _Web(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def do_HEAD(self) -> None:
        self.asked.append(self.command)
        self.send_response(200 if self.path == "/x.bin" else 404)
        self.send_header("Content-Length", "12345")
        self.send_header("ETag", '"abc"')
        self.end_headers()

    def do_GET(self) -> None:
        self.asked.append(self.command)
        self.send_error(500)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    _Web.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_web_address_is_asked_for_size_and_etag_alone(web: str, store: Store) -> None:
    artifact = Artifact("data", "dataset")
    (entry,) = artifact.add_reference(f"{web}/x.bin")
    assert (entry.path, entry.size, entry.etag, entry.digest) == ("x.bin", 12345, '"abc"', None)
    assert entry.ref_target() == f"{web}/x.bin"
    artifact.add_reference(f"{web}/y.bin", name="y", checksum=False)
    with pytest.raises(InvalidArtifactError, match="404"):
        artifact.add_reference(f"{web}/z.bin")
    assert _Web.asked == ["HEAD", "HEAD"]
    nbtrack.log_artifact(artifact).wait()
    assert objects(store) == []
    assert tree(Path(nbtrack.use_artifact("data").download())) == {}
    with pytest.raises(ArtifactStateError, match="is not fetched"):
        artifact.get_entry("y").download()


def test_local_references(place: Path, store: Store) -> None:
    make(place / "big", {"a": b"1", "sub/b": b"22"})
    artifact = Artifact("data", "dataset")
    artifact.add_reference((place / "big").as_uri(), name="big")
    artifact.add_reference((place / "big" / "a").as_uri(), name="one", checksum=False)
    assert sorted(artifact.entries) == ["big/a", "big/sub/b", "one"]
    nbtrack.log_artifact(artifact).wait()
    assert objects(store) == []
    assert tree(Path(artifact.download())) == {"big/a": b"1", "big/sub/b": b"22", "one": b"1"}
    make(place / "big", {"a": b"x"})
    with pytest.raises(nbtrack.DamagedFileError, match="has changed since"):
        artifact.download(place / "again")
    with pytest.raises(InvalidArtifactError, match="more than 1 files"):
        Artifact("x", "y").add_reference((place / "big").as_uri(), max_objects=1)


def test_other_references() -> None:
    artifact = Artifact("data", "dataset")
    artifact.add_reference("s3://bucket/path/train.parquet")
    artifact.add_reference("gs://bucket", name="all")
    assert sorted(artifact.entries) == ["all", "train.parquet"]
    for uri in ("no-scheme", "https://ada:secret@host/x", 7):
        with pytest.raises(InvalidArtifactError) as caught:
            artifact.add_reference(uri)  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
