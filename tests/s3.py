"""An S3 server of its own process, for tests, which notes what it was asked."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

# What it refused stands there in colours.
_ASKED = re.compile(r'"(?:\x1b\[\d+m)*([A-Z]+) (/\S*) HTTP')
_STORED = re.compile(r'"PUT (/\S*) HTTP/\S+" 200')
# What a request of nobody's has in its header.
SIGNED = "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request, SignedHeaders=host"


class S3:
    """A running server.

    Attributes:
        url: Its endpoint.
        environ: What a program that asks it has in its environment.
    """

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.environ = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_REGION": "us-east-1",
        }
        self._log = log
        self._seen = 0

    def put(self, bucket: str, objects: dict[str, bytes] | None = None) -> None:
        """Make a bucket, or put objects into one; ``folder/`` stands for a folder."""
        self._request("PUT", f"/{bucket}")
        for key, content in (objects or {}).items():
            self._request("PUT", f"/{bucket}/{quote(key)}", content)
        self.asked()

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object."""
        self._request("DELETE", f"/{bucket}/{quote(key)}")
        self.asked()

    def asked(self) -> list[str]:
        """What it was asked since the last call: ``HEAD /bucket/key``."""
        found = _ASKED.findall(self._log.read_text(encoding="utf-8"))
        new, self._seen = found[self._seen :], len(found)
        return [f"{method} {path}" for method, path in new]

    def stored(self) -> list[str]:
        """What it was given and took, since it was started."""
        return _STORED.findall(self._log.read_text(encoding="utf-8"))

    def _request(self, method: str, path: str, content: bytes = b"") -> None:
        headers = {"Authorization": f"{SIGNED}, Signature=0", "Content-Type": "application/x"}
        request = Request(self.url + path, data=content, method=method, headers=headers)
        with urlopen(request, timeout=30):
            pass


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[S3]:
    """A server on loopback; its log lies in ``folder``."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    log = folder / "s3.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            server = S3(f"http://127.0.0.1:{port}", log)
            deadline = time.monotonic() + 60
            while True:
                try:
                    server.put("ready")
                    break
                except URLError:
                    assert process.poll() is None, log.read_text(encoding="utf-8")
                    assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
                    time.sleep(0.05)
            yield server
        finally:
            process.terminate()
            process.wait(30)
