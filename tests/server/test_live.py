"""What a server tells pages of runs that lie in registered stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.live.card import Update
from nbtrack.live.frame import LiveFrame
from nbtrack.server.live import LiveRuns
from nbtrack.server.stores import Stores, UnknownRunError, UnknownStoreError
from nbtrack.store import registry
from nbtrack.store.layout import RunDir, Store
from tests.live.cards import make_card


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    store = Store(tmp_path / ".nbtrack")
    run_dir = store.create_run("one")
    registry.register(store)
    return run_dir


def publish(run_dir: RunDir, number: int, rows: int, state: str = "running") -> None:
    frame = LiveFrame()
    for step in range(rows):
        frame.add(1, step, [("loss", 1.0)])
    run_dir.live.write_bytes(frame.to_bytes(number, make_card(state=state)))


def key(run_dir: RunDir) -> str:
    return registry.key_of(Store(run_dir.path.parent.parent))


def ask(runs: LiveRuns, run_dir: RunDir, since: int, *, viewer: bool = False) -> Update | None:
    message = runs.message(key(run_dir), "one", since, kernel="busy", viewer=viewer)
    if message is None:
        return None
    head = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
    assert head["kernel"] == "busy"
    import msgspec

    return msgspec.convert(head, Update)


def test_whole_then_the_difference_then_nothing(run_dir: RunDir) -> None:
    runs = LiveRuns(Stores())
    publish(run_dir, 1, 100)
    first = ask(runs, run_dir, -1)
    assert first is not None
    assert (first.base, first.parts[0].start) == (None, 0)
    publish(run_dir, 2, 101)
    second = ask(runs, run_dir, 1)
    assert second is not None
    assert second.base == 1
    assert second.parts[0].start > 0
    assert ask(runs, run_dir, 2) is None
    unknown = ask(runs, run_dir, 77)
    assert unknown is not None
    assert unknown.base is None


def test_a_page_that_looks_is_noted(run_dir: RunDir) -> None:
    publish(run_dir, 1, 1)
    ask(LiveRuns(Stores()), run_dir, -1)
    assert not run_dir.viewed.exists()
    ask(LiveRuns(Stores()), run_dir, -1, viewer=True)
    assert run_dir.viewed.exists()


def test_only_runs_of_registered_stores(run_dir: RunDir, tmp_path: Path) -> None:
    publish(run_dir, 1, 1)
    other = Store(tmp_path / "other")
    other.create_run("one").live.write_bytes(run_dir.live.read_bytes())
    runs = LiveRuns(Stores())
    for store, run in (
        (registry.key_of(other), "one"),
        (key(run_dir), "two"),
        (key(run_dir), ".."),
        (key(run_dir), "../one"),
        ("", ""),
    ):
        with pytest.raises((UnknownRunError, UnknownStoreError)):
            runs.message(store, run, -1, kernel=None, viewer=True)
        assert not runs.is_running(store, run)


def test_whether_a_run_goes_on(run_dir: RunDir) -> None:
    runs = LiveRuns(Stores())
    assert not runs.is_running(key(run_dir), "one"), "nothing was published yet"
    publish(run_dir, 1, 1)
    assert runs.is_running(key(run_dir), "one")
    publish(run_dir, 2, 1, state="crashed")
    assert not runs.is_running(key(run_dir), "one")


def test_a_run_whose_recorder_died_with_its_kernel_is_not_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / ".nbtrack")
    monkeypatch.setenv("NBTRACK_DIR", str(store.path))
    code = (
        "import nbtrack, os, signal\n"
        "run = nbtrack.init(id='one'); nbtrack.log({'loss': 1.0})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environ = {**os.environ, "NBTRACK_RECORDER": "off"}
    subprocess.run([sys.executable, "-c", code], env=environ, timeout=120, check=False)
    run_dir = store.run("one")
    publish(run_dir, 1, 1)
    os.utime(run_dir.live, (0, 0))
    runs = LiveRuns(Stores())
    found = ask(runs, run_dir, 1)
    assert found is not None
    assert found.card.state == "crashed"
    assert ask(runs, run_dir, found.number) is None, "that is told once"
