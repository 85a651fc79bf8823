"""What tests of ``nbtrack.init()`` stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import _current
from nbtrack._settings import Settings
from nbtrack._start import start_next
from nbtrack.store.layout import Store


class Process:
    """As a kernel: it starts runs, and none of its cells is running."""

    shows_progress = False

    def init(self, options: Any) -> nbtrack.Run:
        return start_next(options, Settings.load(), cell=None)

    def cell_now(self) -> None:
        return None

    def show(self) -> None:
        pass


@pytest.fixture
def own_process(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process of its own as far as runs go, without a recorder."""
    monkeypatch.setenv("NBTRACK_RECORDER", "off")
    host, run = _current.get_host(), _current.get_run()
    _current.set_host(Process())
    _current.set_run(None)
    yield
    while (left := _current.get_run()) is not None:
        left.finish()
    _current.set_run(run)
    _current.set_host(host)


@pytest.fixture
def run(own_process: None) -> nbtrack.Run:
    """The run of a process of its own."""
    return nbtrack.init()


@pytest.fixture
def place(store_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory of its own, no recorder, and a disk that is never too full."""
    monkeypatch.setenv("NBTRACK_RECORDER", "off")
    monkeypatch.setenv("NBTRACK_DISK_WARNING", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    if nbtrack.run is not None:
        nbtrack.finish()


@pytest.fixture
def store(store_dir: Path) -> Store:
    """The store that ``NBTRACK_DIR`` names; it does not exist yet."""
    return Store(store_dir)
