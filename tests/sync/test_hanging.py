"""Nothing that is asked of a place waits for ever."""

from __future__ import annotations

import contextlib
import socket
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from nbtrack import SyncError
from nbtrack.sync import place
from nbtrack.sync.place import Place
from tests.sync.messages import ENDPOINT, check, no_secrets, told
from tests.sync.servers import (
    accepting,
    answering,
    saying,
)

pytestmark = pytest.mark.usefixtures("strict")


class TestThatNothingHangs:
    @pytest.fixture(autouse=True)
    def _limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asking = {"connect_timeout": "500ms", "read_timeout": "1s", "timeout": "1h"}
        monkeypatch.setattr(place, "_ASKING", asking)
        monkeypatch.setattr(place, "_SENDING", {"connect_timeout": "1s", "timeout": "2s"})

    def test_one_that_never_accepts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
            monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{server.getsockname()[1]}")
            with contextlib.ExitStack() as clients:
                # Its queue is full, and nobody takes from it.
                for _ in range(3):
                    client = clients.enter_context(socket.socket())
                    client.setblocking(False)
                    client.connect_ex(server.getsockname())
                error = told()
        check(error, "nobody answers at the endpoint", "the server runs", passing=True)

    def test_one_that_says_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with accepting(lambda client: client.recv(1)) as url:
            monkeypatch.setenv(ENDPOINT, url)
            check(told(), "the store did not answer in time", "later", passing=True)

    def test_a_body_that_stalls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: x\r\nLast-Modified: {formatdate()}"

        def stall(client: socket.socket) -> None:
            client.recv(65_536)
            client.sendall(f"{head}\r\n\r\nabc".encode())

        with accepting(stall) as url:
            monkeypatch.setenv(ENDPOINT, url)
            with pytest.raises(SyncError, match="the store did not answer in time") as raised:
                Place("s3://bucket").get("key")
            assert raised.value.passing

        def cut(client: socket.socket) -> None:
            stall(client)
            client.close()

        with accepting(cut) as url:
            monkeypatch.setenv(ENDPOINT, url)
            with pytest.raises(SyncError, match="the connection broke") as raised:
                Place("s3://bucket").get("key")
            assert raised.value.passing

    @pytest.mark.parametrize("parts", [False, True])
    def test_an_upload_that_nobody_reads(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: bool
    ) -> None:
        monkeypatch.setattr(place, "_PART_PATIENCE", 0.0)
        monkeypatch.setattr(place, "_PART_RETRIES", 0)
        content = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipart"
        content += b"UploadResult>"

        def serve(client: socket.socket) -> None:
            asked = client.recv(4096)
            if asked.startswith(b"HEAD"):
                client.sendall(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
                client.close()
            elif asked.startswith((b"POST", b"DELETE")):
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close"
                client.sendall(f"{head}\r\n\r\n".encode() + content)
                client.close()

        path = tmp_path / "large"
        path.write_bytes(bytes((12 if parts else 7) << 20))
        with accepting(serve) as url:
            monkeypatch.setenv(ENDPOINT, url)
            with pytest.raises(SyncError, match="the store did not answer in time") as raised:
                Place("s3://bucket").put("key", path)
            no_secrets(str(raised.value))
            assert "--concurrency" in raised.value.hint


def test_an_upload_that_is_slow_is_none_that_is_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take longer than the longest silence of an answer."""
    monkeypatch.setattr(place, "_ASKING", {**place._ASKING, "read_timeout": "1s"})
    path = tmp_path / "file"
    path.write_bytes(bytes(6 << 20))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        left = int(handler.headers["Content-Length"])
        while left:
            left -= len(handler.rfile.read(min(left, 1 << 20)))
            time.sleep(0.3)
        saying(200, ETag="x")(handler)

    with answering(answer, reads=True) as server:
        monkeypatch.setenv(ENDPOINT, server.url)
        assert Place("s3://bucket").put("key", path)
        assert len(server.requests) == 1
