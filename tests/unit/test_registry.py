"""Where a server finds stores, and the runs of kernels."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

from nbtrack.store import registry
from nbtrack.store.layout import RunDir, Store

pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data directory, still empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return platformdirs.user_data_path("nbtrack")


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    return Store(tmp_path / ".nbtrack").create_run("one")


def test_the_run_that_a_kernel_began_last(run_dir: RunDir) -> None:
    store = Store(run_dir.path.parent.parent)
    assert registry.run_of_kernel("a-kernel") is None
    registry.register_kernel("a-kernel", run_dir)
    registry.register_kernel("another", store.run("two"))
    assert registry.run_of_kernel("a-kernel") == (registry.key_of(store), "one")
    registry.register_kernel("a-kernel", store.run("three"))
    assert registry.run_of_kernel("a-kernel") == (registry.key_of(store), "three")


@pytest.mark.parametrize("kernel", ["", "..", "../stores/x", "a/b", "a.b", "k" * 101, "ä"])
def test_what_cannot_be_a_kernel_is_no_file(data: Path, run_dir: RunDir, kernel: str) -> None:
    registry.register_kernel(kernel, run_dir)
    assert registry.run_of_kernel(kernel) is None
    assert not list(data.rglob("*"))


@pytest.mark.parametrize(
    "word", [b"", b"0123456789abcdef", b"x/one", b"0123456789abcdef/..", b"\xff"]
)
def test_a_damaged_word_is_none(data: Path, run_dir: RunDir, word: bytes) -> None:
    registry.register_kernel("a-kernel", run_dir)
    (path,) = data.rglob("a-kernel*")
    path.write_bytes(word)
    assert registry.run_of_kernel("a-kernel") is None


def test_those_that_began_a_run_last_are_remembered(
    run_dir: RunDir, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_MOST_KERNELS", 2)
    for at, kernel in enumerate(("first", "second", "first", "third")):
        registry.register_kernel(kernel, run_dir)
        for path in data.rglob(f"{kernel}*"):
            os.utime(path, (at, at))
    registry.register_kernel("fourth", run_dir)
    known = [k for k in ("first", "second", "third", "fourth") if registry.run_of_kernel(k)]
    assert known == ["third", "fourth"]


def test_a_home_that_cannot_be_written_stops_nobody(data: Path, run_dir: RunDir) -> None:
    data.parent.mkdir()
    data.write_text("no folder")
    registry.register_kernel("a-kernel", run_dir)
    assert registry.run_of_kernel("a-kernel") is None
