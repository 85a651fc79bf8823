"""What is brought and breaks off is gone on with where it ended."""

from __future__ import annotations

import os
import re
import socket
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.sync import patience
from nbtrack.sync.place import Place
from tests.s3 import S3
from tests.sync.servers import answering, refusing

CONTENT = os.urandom(1 << 20) * 20
WHEN = time.time() - 3600


@pytest.fixture(autouse=True)
def _environment(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE", 0.01)


class Breaking:
    """Sends so many bytes, then breaks off; ``tags`` are those of one answer after the other."""

    def __init__(self, most: int, *tags: str) -> None:
        self.starts: list[int] = []
        self._most = most
        self._tags = tags

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "bytes=0-")
        assert asked is not None
        start = int(asked[1])
        self.starts.append(start)
        rest = CONTENT[start:]
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.send_header("Content-Length", str(len(rest)))
        handler.send_header("ETag", self._tags[min(len(self.starts), len(self._tags)) - 1])
        handler.send_header("Last-Modified", formatdate(WHEN, usegmt=True))
        handler.end_headers()
        handler.wfile.write(rest[: self._most])
        handler.wfile.flush()
        if len(rest) > self._most:
            handler.connection.shutdown(socket.SHUT_RDWR)


def test_it_goes_on_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking = Breaking(9 << 20, '"a"')
    with answering(breaking) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        Place("s3://bucket").fetch("key", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert (tmp_path / "file").stat().st_mtime == int(WHEN)
    assert len(breaking.starts) >= 3
    assert breaking.starts == sorted(set(breaking.starts))
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_another_object_is_not_mixed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking = Breaking(12 << 20, '"a"', '"b"')
    with answering(breaking) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        Place("s3://bucket").fetch("key", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert breaking.starts.count(0) == 2


def test_what_is_not_there_and_what_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(refusing(404, "NoSuchKey")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(FileNotFoundError, match="s3://bucket/key"):
            Place("s3://bucket").fetch("key", tmp_path / "file")
    with answering(refusing(403, "AccessDenied")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(SyncError, match="may not do that"):
            Place("s3://bucket").fetch("key", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_no_fault_of_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    with answering(Breaking(len(CONTENT), '"a"')) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9 << 20, hard))
        try:
            with pytest.raises(OSError, match="File too large"):
                Place("s3://bucket").fetch("key", tmp_path / "file")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
