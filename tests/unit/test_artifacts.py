"""Artifacts, as a person uses them: made, used, and their content kept once."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import numpy
import pytest

import nbtrack
from nbtrack import Artifact, ArtifactStateError, InvalidArtifactError
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifacts import artifact_names
from nbtrack.store.layout import Store
from nbtrack.store.objects import Objects
from tests.artifacts import FILES, logged, make, objects, tree

pytestmark = pytest.mark.usefixtures("place")


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


def test_tables_and_images_come_back_equal() -> None:
    pixels = numpy.arange(48, dtype=numpy.uint8).reshape(4, 4, 3)
    table = nbtrack.Table(columns=["n", "x", "label", "image"])
    table.add_data(1, 0.5, "a", nbtrack.Image(pixels))
    table.add_data(2, None, "é", None)
    artifact = Artifact("predictions", "table")
    artifact.add(table, "eval/table")
    artifact.add(nbtrack.Image(pixels, caption="first"), "image")
    artifact.add(nbtrack.Histogram([1, 2, 2, 3], num_bins=3), "histogram")
    with pytest.raises(InvalidArtifactError, match="a object cannot be added"):
        artifact.add(object(), "anything")
    nbtrack.log_artifact(artifact).wait()
    nbtrack.finish()

    found = nbtrack.use_artifact("predictions")
    back = found.get("eval/table")
    assert back.columns == table.columns
    assert [row[:3] for row in back.data] == [[1, 0.5, "a"], [2, None, "é"]]
    assert (back.data[0][3].read() == pixels).all()
    image = found.get("image")
    assert (image.kind, image.caption) == ("image", "first")
    assert (image.read() == pixels).all()
    counts, bins = found.get("histogram").read()
    assert (list(counts), len(bins)) == ([1, 2, 1], 4)
    assert found.get("nothing") is None


def test_finish_waits_and_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(place, {"big": b"x"})
    gate, real = threading.Event(), Objects.take_all
    monkeypatch.setattr(Objects, "take_all", lambda *given: gate.wait(60) and real(*given))
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


def test_files_that_did_not_change_are_not_read_again(
    place: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    make(place / "in", {str(i): str(i).encode() for i in range(50)})
    old = 1_600_000_000
    for path in (place / "in").iterdir():
        os.utime(path, (old, old))
    read: list[int] = []
    real = Objects._copy

    def copy(self: Objects, fd: int) -> tuple[Path, str, int]:
        read.append(fd)
        return real(self, fd)

    monkeypatch.setattr(Objects, "_copy", copy)
    # Their change time is that of the call above. With times of whole seconds, what was read less
    # than two seconds later is not trusted; the clock says when it was read.
    changed = max(path.stat().st_ctime_ns for path in (place / "in").iterdir())
    first = Artifact("data", "dataset")
    for later, reads in ((1_900_000_000, 50), (2_100_000_000, 100)):
        with monkeypatch.context() as patch:
            patch.setattr("nbtrack.store.objects.now_ns", lambda at=changed + later: at)
            first = Artifact("data", "dataset")
            first.add_dir("in")
        assert len(read) == reads
    read.clear()
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
