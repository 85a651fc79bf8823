"""What is built once for all tests of the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.install.environments import build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, outside_environ: Mapping[str, str]) -> Path:
    """A folder with the sdist of the checkout, and the wheel that was built of that."""
    folder = tmp_path_factory.mktemp("built")
    build(folder, outside_environ)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (path,) = built.glob("nbtrack-*.whl")
    return path


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    (path,) = built.glob("nbtrack-*.tar.gz")
    return path
