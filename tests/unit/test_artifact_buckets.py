"""References of artifacts to objects of a store, with a real S3 server."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nbtrack
from nbtrack import Artifact, DamagedFileError, InvalidArtifactError
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.layout import Store
from tests.artifacts import objects, tree
from tests.s3 import S3
from tests.unit.test_layers import loaded_by

pytestmark = pytest.mark.usefixtures("place")

LARGE = bytes(range(256)) * 50_000  # more than comes in one piece


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The server with a bucket as every test finds it; this process may ask it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3_server.environ.items():
        monkeypatch.setenv(name, value)
    content = {"train/a.bin": LARGE, "train/sub/b": b"22", "training": b"x", "a b%20#?é": b"odd"}
    s3_server.put("bucket", content)
    return s3_server


def recorded(*uris: str, **options: object) -> Artifact:
    """A version that refers to these."""
    artifact = Artifact("data", "dataset")
    for uri in uris:
        artifact.add_reference(uri, **options)  # type: ignore[arg-type]
    return nbtrack.log_artifact(artifact).wait()  # type: ignore[no-any-return]


def test_an_object_is_asked_for_size_and_etag_and_not_fetched(s3: S3, store: Store) -> None:
    artifact = Artifact("data", "dataset")
    (entry,) = artifact.add_reference("s3://bucket/train/a.bin")
    assert s3.asked() == ["HEAD /bucket/train/a.bin"]
    assert (entry.path, entry.size, entry.digest) == ("a.bin", len(LARGE), None)
    assert entry.ref == "s3://bucket/train/a.bin"
    assert entry.etag is not None
    assert len(entry.etag.strip('"')) == 32
    artifact.add_reference("s3://bucket/train/sub/b", name="other/b")
    nbtrack.log_artifact(artifact).wait()
    assert (artifact.size, artifact.file_count) == (len(LARGE) + 2, 2)
    assert sorted(artifact.entries) == ["a.bin", "other/b"]
    assert objects(store) == []
    manifest = ArtifactsRoot(store).artifact("data").manifest(0).read_text()
    assert s3.environ["AWS_SECRET_ACCESS_KEY"] not in manifest
    assert json.loads(manifest)["entries"][0]["mtime"] > time.time_ns() - 600 * 10**9


@pytest.mark.parametrize("uri", ["s3://bucket/train/", "s3://bucket/train", "s3a://bucket/train"])
def test_a_prefix_is_an_entry_for_each_object_below_it(s3: S3, uri: str) -> None:
    artifact = Artifact("data", "dataset")
    found = artifact.add_reference(uri)
    root = uri.rstrip("/")
    assert [(entry.path, entry.ref, entry.size) for entry in found] == [
        ("a.bin", f"{root}/a.bin", len(LARGE)),
        ("sub/b", f"{root}/sub/b", 2),
    ]
    assert not [asked for asked in s3.asked() if asked.startswith("GET /bucket/")]
    named = artifact.add_reference(uri, name="in")
    assert [entry.path for entry in named] == ["in/a.bin", "in/sub/b"]
    assert artifact.add_reference("s3://bucket/training")[0].path == "training"


def test_a_bucket_is_an_entry_for_each_object_in_it(s3: S3) -> None:
    s3.put("small", {"a": b"1", "sub/b": b"2"})
    found = Artifact("data", "dataset").add_reference("s3://small")
    assert [(entry.path, entry.ref) for entry in found] == [
        ("a", "s3://small/a"),
        ("sub/b", "s3://small/sub/b"),
    ]


def test_an_object_that_only_stands_for_a_folder_is_none(s3: S3) -> None:
    s3.put("folders", {"in/": b"", "in/empty": b"", "in/sub/": b"", "in/sub/c": b"3", "in/x/": b""})
    artifact = recorded("s3://folders/in")
    assert sorted(artifact.entries) == ["empty", "sub/c"]
    assert tree(Path(artifact.download())) == {"empty": b"", "sub/c": b"3"}


def test_a_key_is_taken_as_it_is_written(s3: S3) -> None:
    artifact = recorded("s3://bucket/a b%20#?é")
    assert list(artifact.entries) == ["a b%20#?é"]
    assert tree(Path(artifact.download())) == {"a b%20#?é": b"odd"}
    with pytest.raises(InvalidArtifactError, match="empty path segment"):
        Artifact("x", "y").add_reference("s3://bucket/a//b")


def test_more_objects_than_asked_for_are_refused(s3: S3) -> None:
    artifact = Artifact("data", "dataset")
    with pytest.raises(InvalidArtifactError, match=r"more than 1 objects.*Raise max_objects"):
        artifact.add_reference("s3://bucket/train", max_objects=1)
    assert artifact.file_count == 0
    assert len(artifact.add_reference("s3://bucket/train", max_objects=2)) == 2


def test_what_is_not_there_is_named(s3: S3) -> None:
    artifact = Artifact("data", "dataset")
    for uri in ("s3://bucket/gone", "s3://bucket/gone/"):
        with pytest.raises(InvalidArtifactError, match=f"{uri} cannot be asked for: there is no"):
            artifact.add_reference(uri)
    assert s3.asked()[0] == "HEAD /bucket/gone"
    with pytest.raises(InvalidArtifactError, match=r"bucket does not exist|NoSuchBucket"):
        artifact.add_reference("s3://nowhere/x")
    assert artifact.file_count == 0


def test_without_checksum_nobody_is_asked(s3: S3) -> None:
    artifact = Artifact("data", "dataset")
    (entry,) = artifact.add_reference("s3://bucket/gone", checksum=False)
    artifact.add_reference("s3://bucket/train/", checksum=False)
    artifact.add_reference("s3://bucket/train/sub/b", checksum=False)
    assert (entry.path, entry.size, entry.etag) == ("gone", None, None)
    assert sorted(artifact.entries) == ["b", "gone", "train"]
    artifact.remove("gone")
    nbtrack.log_artifact(artifact).wait()
    assert s3.asked() == []
    assert tree(Path(artifact.download())) == {"b": b"22"}, "a folder names no object"


def test_download(s3: S3, place: Path) -> None:
    artifact = recorded("s3://bucket/train")
    s3.asked()
    assert tree(Path(artifact.download())) == {"a.bin": LARGE, "sub/b": b"22"}
    assert sorted(s3.asked()) == ["GET /bucket/train/a.bin", "GET /bucket/train/sub/b"]
    artifact.download()
    assert s3.asked() == [], "all of it is there"
    (place / "artifacts" / "data:v0" / "sub" / "b").write_bytes(b"33")
    assert Path(artifact.get_entry("sub/b").download()).read_bytes() == b"22"
    artifact.verify(references=True)


@pytest.mark.parametrize("changed", [b"2222", b"33"])
def test_an_object_that_changed_is_noticed(s3: S3, place: Path, changed: bytes) -> None:
    artifact = recorded("s3://bucket/train")
    root = Path(artifact.download())
    s3.put("bucket", {"train/sub/b": changed})
    artifact.verify()
    problem = r"what 'sub/b' refers to has changed since"
    with pytest.raises(DamagedFileError, match=problem):
        artifact.verify(references=True)
    assert not [asked for asked in s3.asked() if asked.startswith("GET")]
    with pytest.raises(DamagedFileError, match=rf"{problem} \(s3://bucket/train/sub/b\)"):
        artifact.download(place / "again")
    assert "sub/b" not in tree(place / "again")
    assert tree(root)["sub/b"] == b"22"
    assert recorded("s3://bucket/train").version == "v1"


def test_an_object_that_is_gone_is_noticed(s3: S3, place: Path) -> None:
    artifact = recorded("s3://bucket/train")
    s3.remove("bucket", "train/sub/b")
    problem = "what 'sub/b' refers to cannot be read: there is no such object"
    with pytest.raises(DamagedFileError, match=problem):
        artifact.download(place / "out")
    with pytest.raises(DamagedFileError, match=problem):
        artifact.verify(place / "out", references=True)


def test_without_obstore_it_says_what_to_install(
    s3: S3, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    artifact = recorded("s3://bucket/train/sub/b")
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(InvalidArtifactError) as caught:
        Artifact("x", "y").add_reference("s3://bucket/train")
    assert "pip install 'nbtrack[sync]'" in str(caught.value)
    assert "checksum=False" in str(caught.value)
    Artifact("x", "y").add_reference("s3://bucket/train", checksum=False)
    with pytest.raises(DamagedFileError, match=r"pip install 'nbtrack\[sync\]'"):
        artifact.download(place / "out")


def test_obstore_is_loaded_by_who_asks_alone(s3: S3) -> None:
    code = (
        "import nbtrack\n"
        "artifact = nbtrack.Artifact('data', 'dataset')\n"
        "artifact.add_reference('s3://bucket/train/a.bin', checksum={})\n"
        "nbtrack.log_artifact(artifact).wait()\n"
        "nbtrack.finish()\n"
    )
    assert "obstore" not in loaded_by(code.format(False))
    assert "obstore" in loaded_by(code.format(True))


def test_without_credentials_it_says_where_they_come_from(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
    with pytest.raises(InvalidArtifactError) as caught:
        Artifact("data", "dataset").add_reference("s3://bucket/train")
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)
    assert "Debug" not in str(caught.value)
    assert s3.asked() == []
    s3.put("public", public=True)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    with pytest.raises(InvalidArtifactError, match="no such object"):
        Artifact("data", "dataset").add_reference("s3://public/gone")


def test_an_endpoint_without_tls_has_to_be_allowed(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(InvalidArtifactError, match="AWS_ALLOW_HTTP=true"):
        Artifact("data", "dataset").add_reference("s3://bucket/train/a.bin")


def seconds_until(error: type[Exception], match: str, do: Callable[[], object]) -> float:
    """How long it takes to fail so."""
    begun = time.monotonic()
    with pytest.raises(error, match=match):
        do()
    return time.monotonic() - begun


def test_a_server_that_does_not_answer_is_given_up(
    s3: S3, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    artifact = recorded("s3://bucket/train/sub/b")
    other, uri = Artifact("x", "y"), "s3://bucket/train/a.bin"
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor() as pool:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        tries = [
            (InvalidArtifactError, "cannot be asked for", lambda: other.add_reference(uri)),
            (DamagedFileError, "'b' refers to cannot be read", lambda: artifact.download(place)),
        ]
        took = list(pool.map(lambda one: seconds_until(*one), tries))
        assert all(5 < seconds < 25 for seconds in took)
        # The environment has the last word.
        monkeypatch.setenv("AWS_TIMEOUT", "1s")
        monkeypatch.setenv("AWS_READ_TIMEOUT", "1s")
        took = list(pool.map(lambda one: seconds_until(*one), tries))
        assert all(seconds < 9 for seconds in took)
    assert tree(place) == {}


def test_a_forked_process_says_that_it_cannot_ask(s3: S3) -> None:
    Artifact("data", "dataset").add_reference("s3://bucket/train/a.bin")
    pid = os.fork()
    if not pid:
        code = 1
        try:
            Artifact("data", "dataset").add_reference("s3://bucket/train/a.bin")
        except InvalidArtifactError as error:
            code = 0 if "forked" in str(error) else 2
        finally:
            os._exit(code)
    deadline = time.monotonic() + 60
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(pid, 9)
        time.sleep(0.01)
    assert os.waitstatus_to_exitcode(ended[1]) == 0
