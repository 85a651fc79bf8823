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


def test_the_digest_is_what_the_format_says(store: Store) -> None:
    artifact = Artifact("data", "dataset")
    with artifact.new_file("b é") as file:
        file.write("1")
    artifact.add_reference("s3://bucket/a")
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
