"""Places to sync with: a real S3 server and folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack.sync import patience, place
from nbtrack.sync.place import Place
from tests.s3 import S3
from tests.sync.messages import SECRETS


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> S3:
    """The server; this process may ask it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3_server.environ.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def bucket(s3: S3, request: pytest.FixtureRequest) -> str:
    """The URL of a bucket of this test's own."""
    name = "b" + str(abs(hash(request.node.nodeid)))[:16]
    s3.put(name)
    s3.asked()
    return f"s3://{name}"


@pytest.fixture(params=["file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder, and a folder of a bucket."""
    if request.param == "file":
        return f"file://{tmp_path / 'a place'}"
    return f"{request.getfixturevalue('bucket')}/team a/runs"


@pytest.fixture
def content(url: str) -> Callable[[], dict[str, bytes]]:
    """Everything that is at the place."""

    def read() -> dict[str, bytes]:
        place = Place(url)
        return {key: place.get(key) for key in place.sizes()}

    return read


@pytest.fixture
def strict(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody's secrets, no proxies, and nothing is asked twice."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(place, "_REACHING", 0.0)
    monkeypatch.setattr(patience, "SECONDS", 0.0)
