"""Runs that are held against ``docs/format.md``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.processes import Start, recordings, view_of, wait_for


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Start]:
    with recordings(tmp_path / "store") as start:
        yield start


@pytest.fixture(scope="session")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run with samples that ended with an exception, and was merged."""
    with recordings(tmp_path_factory.mktemp("merged") / "store") as start:
        recording = start(50)
        view = view_of(recording.run)
        wait_for(lambda: len(view.system("memory.process.bytes")), "the machine was sampled")
        path = recording.end()
        wait_for((path / "status.json").exists, "the run was merged and summed up")
        yield path
