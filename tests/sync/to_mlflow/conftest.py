"""A real MLflow server, one for all tests here: each has a project of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrack.store.layout import Store
from tests.mlflow_server import Mlflow, serving


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    with serving(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def server(mlflow_server: Mlflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mlflow:
    """The server; who asks it waits for nothing, and has no memory of earlier tests."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return mlflow_server


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")
