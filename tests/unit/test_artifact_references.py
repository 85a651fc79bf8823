"""References of artifacts to local files, web servers and other places."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

import nbtrack
from nbtrack import Artifact, ArtifactStateError, InvalidArtifactError
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.layout import Store
from tests.artifacts import make, objects, tree

pytestmark = pytest.mark.usefixtures("place")


class _Web(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012
    files: dict[str, bytes] = {}  # noqa: RUF012
    missing = 0  # bytes that are announced and not sent
    says_etags = True

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        content = self._answer()
        self.wfile.write(content[: len(content) - self.missing])

    def _answer(self) -> bytes:
        self.asked.append(f"{self.command} {self.path}")
        content = self.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        if self.says_etags:
            self.send_header("ETag", f'"{blake3(content or b"").hexdigest()[:8]}"')
        self.send_header("Last-Modified", "Sun, 29 Nov 2026 09:00:00 GMT")
        self.end_headers()
        return content or b""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with the files ``/x.bin`` and ``/y.bin``; what it was asked is in ``_Web``."""
    monkeypatch.setattr(_Web, "asked", [])
    monkeypatch.setattr(_Web, "files", {"/x.bin": b"x" * 12345, "/y.bin": b"y"})
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_web_address_is_asked_for_size_and_etag_alone(web: str, store: Store) -> None:
    artifact = Artifact("data", "dataset")
    (entry,) = artifact.add_reference(f"{web}/x.bin")
    etag = f'"{blake3(b"x" * 12345).hexdigest()[:8]}"'
    assert (entry.path, entry.size, entry.etag, entry.digest) == ("x.bin", 12345, etag, None)
    assert entry.ref_target() == f"{web}/x.bin"
    artifact.add_reference(f"{web}/y.bin", name="y", checksum=False)
    with pytest.raises(InvalidArtifactError, match="404"):
        artifact.add_reference(f"{web}/z.bin")
    assert _Web.asked == ["HEAD /x.bin", "HEAD /z.bin"]
    nbtrack.log_artifact(artifact).wait()
    assert objects(store) == []


def test_what_a_web_address_leads_to_is_downloaded(web: str, place: Path, store: Store) -> None:
    artifact = Artifact("data", "dataset")
    artifact.add_reference(f"{web}/x.bin")
    artifact.add_reference(f"{web}/y.bin", name="y", checksum=False)
    artifact.add_reference("hdfs://host/elsewhere")
    nbtrack.log_artifact(artifact).wait()
    _Web.asked.clear()
    assert tree(Path(artifact.download())) == {"x.bin": b"x" * 12345, "y": b"y"}
    assert sorted(_Web.asked) == ["GET /x.bin", "GET /y.bin"]
    assert objects(store) == []
    with pytest.raises(ArtifactStateError, match="is not fetched"):
        artifact.get_entry("elsewhere").download()
    _Web.asked.clear()
    artifact.download()
    assert _Web.asked == ["GET /y.bin"], "of the other it is known that it is there"
    Path(place, "artifacts", "data:v0", "x.bin").write_bytes(b"z" * 12345)
    assert tree(Path(artifact.download()))["x.bin"] == b"x" * 12345


def test_what_has_changed_on_the_web_is_noticed(web: str, place: Path) -> None:
    artifact = Artifact("data", "dataset")
    artifact.add_reference(f"{web}/x.bin")
    artifact.add_reference(f"{web}/y.bin", checksum=False)
    nbtrack.log_artifact(artifact).wait()
    root = artifact.download()
    artifact.verify(references=True)
    _Web.files |= {"/x.bin": b"X" * 12345, "/y.bin": b"anything"}
    artifact.verify()
    with pytest.raises(nbtrack.DamagedFileError, match=r"'x\.bin' refers to has changed since"):
        artifact.verify(references=True)
    with pytest.raises(nbtrack.DamagedFileError, match=r"'x\.bin' refers to has changed since"):
        artifact.download(place / "again")
    assert "x.bin" not in tree(place / "again")
    del _Web.files["/x.bin"]
    with pytest.raises(nbtrack.DamagedFileError, match=r"'x\.bin' refers to cannot be .*404"):
        artifact.verify(references=True)
    with pytest.raises(nbtrack.DamagedFileError, match=r"'x\.bin' refers to cannot be .*404"):
        artifact.download(place / "again")
    assert tree(Path(root)) == {"x.bin": b"x" * 12345, "y.bin": b"y"}


def test_another_size_is_noticed_where_there_are_no_etags(
    web: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Web, "says_etags", False)
    artifact = Artifact("data", "dataset")
    (entry,) = artifact.add_reference(f"{web}/x.bin")
    assert (entry.size, entry.etag) == (12345, None)
    nbtrack.log_artifact(artifact).wait()
    artifact.download()
    artifact.verify(references=True)
    _Web.files["/x.bin"] = b"x"
    with pytest.raises(nbtrack.DamagedFileError, match="has changed since"):
        artifact.verify(references=True)
    with pytest.raises(nbtrack.DamagedFileError, match="has changed since"):
        artifact.download(place / "again")


def test_half_a_file_is_no_file(web: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = Artifact("data", "dataset")
    artifact.add_reference(f"{web}/x.bin")
    nbtrack.log_artifact(artifact).wait()
    monkeypatch.setattr(_Web, "missing", 300)
    with pytest.raises(nbtrack.DamagedFileError, match="12,045 bytes came instead of 12,345"):
        artifact.download(place / "out")
    assert tree(place / "out") == {}


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


def test_a_local_file_that_changed_is_noticed(place: Path) -> None:
    make(place, {"a": b"1", "b": b"1"})
    artifact = Artifact("data", "dataset")
    artifact.add_reference((place / "a").as_uri())
    artifact.add_reference((place / "b").as_uri(), checksum=False)
    nbtrack.log_artifact(artifact).wait()
    artifact.download()
    artifact.verify(references=True)
    make(place, {"a": b"2"})
    (place / "b").unlink()
    artifact.verify()
    with pytest.raises(nbtrack.DamagedFileError) as caught:
        artifact.verify(references=True)
    assert "'a' refers to has changed since" in str(caught.value)
    assert "'b' refers to cannot be read: No such file" in str(caught.value)


def test_other_references() -> None:
    artifact = Artifact("data", "dataset")
    artifact.add_reference("s3://bucket/path/train.parquet", checksum=False)
    artifact.add_reference("gs://bucket", name="all", checksum=False)
    artifact.add_reference("hdfs://host/path/x")
    assert sorted(artifact.entries) == ["all", "train.parquet", "x"]
    for uri in (
        "no-scheme",
        "https://ada:secret@host/x",
        "s3://ada:secret@bucket/x",
        "http://[",
        7,
    ):
        with pytest.raises(InvalidArtifactError) as caught:
            artifact.add_reference(uri)  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
    assert artifact.file_count == 3


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize(
    "uri",
    [
        "https://b.s3.amazonaws.com/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00hidden",
        "https://b.s3.amazonaws.com/x?AWSAccessKeyId=hidden&Expires=1",
        "https://acc.blob.core.windows.net/c/x?sv=2022-11-02&sp=r&sig=hidden",
        "az://container/x?sv=2022-11-02&SIG=hidden",
        "https://storage.googleapis.com/b/x?x-goog-signature=hidden",
        "https://d111.cloudfront.net/x?Policy=1&Signature=hidden&Key-Pair-Id=K1",
        "https://host/x#access_token=hidden",
        "https://host/x?token=hidden0123456789abcdefghijklmnop",
        "https://hidden@host/x",
    ],
)
def test_an_address_that_lets_people_in_is_not_recorded(uri: str, checksum: bool) -> None:
    artifact = Artifact("data", "dataset")
    with pytest.raises(InvalidArtifactError, match="in it, which would be recorded") as caught:
        artifact.add_reference(uri, checksum=checksum)
    assert "hidden" not in str(caught.value)
    assert artifact.file_count == 0


def test_an_address_with_an_ordinary_query_is_recorded() -> None:
    artifact = Artifact("data", "dataset")
    uri = "https://host/x?id=7&page=3&signature_count=2"
    assert artifact.add_reference(uri, checksum=False)[0].ref == uri


def test_the_digest_is_what_the_format_says(store: Store) -> None:
    artifact = Artifact("data", "dataset")
    with artifact.new_file("b é") as file:
        file.write("1")
    artifact.add_reference("s3://bucket/a", checksum=False)
    nbtrack.log_artifact(artifact).wait()
    document = json.loads(ArtifactsRoot(store).artifact("data").manifest(0).read_bytes())
    fields = ("path", "digest", "size", "uri", "etag")
    said = [[entry.get(field) for field in fields] for entry in document["entries"]]
    assert said == [
        ["a", None, None, "s3://bucket/a", None],
        ["b é", blake3(b"1").hexdigest(), 1, None, None],
    ]
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
    assert document["digest"] == blake3(text.encode()).hexdigest() == artifact.digest
    assert ArtifactsRoot(store).object(str(said[1][1])).read_bytes() == b"1"
