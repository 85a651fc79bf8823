"""Stores to commit, and a network that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack.store.layout import Store
from tests.s3 import S3
from tests.sync.proxy import FaultProxy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A folder; the path has a space in it."""
    return f"file://{tmp_path / 'a place'}"


@pytest.fixture
def proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Before the server; this process, and those that it starts, ask through it."""
    with FaultProxy(s3.url).running() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy
