"""S3 servers for tests, which note what they are asked: moto's, and others that speak the same."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

# What it refused stands there in colours.
_ASKED = re.compile(r'"(?:\x1b\[\d+m)*([A-Z]+) (/\S*) HTTP')
_STORED = re.compile(r'"PUT (/\S*) HTTP/\S+" 200')
_PATIENCE = 60.0


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
            "AWS_SECRET_ACCESS_KEY": "a-secret-of-somebody",
            "AWS_REGION": "us-east-1",
        }
        self._log = log
        self._seen = 0
        self._marks = count()

    def put(
        self, bucket: str, objects: dict[str, bytes] | None = None, *, public: bool = False
    ) -> None:
        """Make a bucket, or put objects into one; ``folder/`` stands for a folder."""
        self._request("PUT", f"/{bucket}", acl="public-read" if public else "private")
        for key, content in (objects or {}).items():
            self._request("PUT", f"/{bucket}/{quote(key)}", content)
        self.asked()

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object."""
        self._request("DELETE", f"/{bucket}/{quote(key)}")
        self.asked()

    def asked(self) -> list[str]:
        """What it was asked since the last call: ``HEAD /bucket/key``."""
        found = _ASKED.findall(self._logged())
        new, self._seen = found[self._seen :], len(found)
        return [f"{method} {path}" for method, path in new if not path.startswith("/ready?mark")]

    def stored(self, bucket: str) -> list[str]:
        """What it was given for a bucket and took, since it was started."""
        return [path for path in _STORED.findall(self._logged()) if path.startswith(f"/{bucket}/")]

    def uploads(self, bucket: str) -> list[str]:
        """The keys of uploads that were begun and not ended: each costs what its parts take."""
        return re.findall(r"<Key>(.*?)</Key>", self._request("GET", f"/{bucket}?uploads").decode())

    def _logged(self) -> str:
        """Its log up to now: servers write it a little later than they answer."""
        mark = f"mark={next(self._marks)} HTTP"
        self._request("GET", f"/ready?{mark.removesuffix(' HTTP')}")
        deadline = time.monotonic() + _PATIENCE
        while mark not in (said := self._log.read_text(encoding="utf-8")):
            assert time.monotonic() < deadline, said
            time.sleep(0.005)
        return said

    def _request(self, method: str, path: str, content: bytes = b"", acl: str = "") -> bytes:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        said = {"Content-Type": "application/x", **({"x-amz-acl": acl} if acl else {})}
        signed = AWSRequest(method, self.url + path, said, content)
        keys = Credentials(self.environ["AWS_ACCESS_KEY_ID"], self.environ["AWS_SECRET_ACCESS_KEY"])
        S3SigV4Auth(keys, "s3", self.environ["AWS_REGION"]).add_auth(signed)
        request = Request(self.url + path, content, dict(signed.headers), method=method)
        with urlopen(request, timeout=_PATIENCE) as answer:
            answered: bytes = answer.read()
        return answered


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[S3]:
    """moto's server on loopback; its log lies in ``folder``."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    log = folder / "s3.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            server = S3(f"http://127.0.0.1:{port}", log)
            deadline = time.monotonic() + _PATIENCE
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
