"""``nbtrack ui`` as a terminal runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbtrack
from nbtrack.store import registry
from nbtrack.store.layout import Store
from tests.server.servers import PATIENCE, Server, nbtrack_ui


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With one run; the folder that it is in is ``tmp_path``."""
    store = Store(tmp_path / ".nbtrack")
    with nbtrack.init(id="one", name="here", dir=store.path):
        nbtrack.log({"loss": 1.0})
    return store


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The working directory is a folder with a store that was recorded into."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    store = Store(folder / ".nbtrack")
    with nbtrack.init(id="two", dir=store.path):
        nbtrack.log({"loss": 2.0})
    return store


def ui(folder: Path, *options: str) -> Iterator[Server]:
    running = nbtrack_ui(folder, *options)
    try:
        yield running
    finally:
        running.stop()


def keys(server: Server) -> list[str]:
    found: list[str] = [one["key"] for one in server.ask("GET", "nbtrack/api/").json()["stores"]]
    return found


def test_one_store_and_ctrl_c(store: Store, elsewhere: Store, tmp_path: Path) -> None:
    for server in ui(tmp_path, str(tmp_path)):
        assert keys(server) == [registry.key_of(store)]
        key = registry.key_of(store)
        assert server.ask("GET", f"nbtrack/api/runs/{key}/one").json()["name"] == "here"
        assert server.ask("GET", "nbtrack/api/", token=False).status == 403
        renamed = server.ask("PATCH", f"nbtrack/api/runs/{key}/one", '{"name": "there"}')
        assert renamed.json()["name"] == "there"
        said = server.log.read_text()
        assert "Ctrl-C ends it." in said
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0
        assert "[y/n]" not in server.log.read_text().lower()


def test_all_stores_those_of_here_first(store: Store, elsewhere: Store, tmp_path: Path) -> None:
    for server in ui(tmp_path):
        found = keys(server)
        assert found[0] == registry.key_of(elsewhere)
        assert registry.key_of(store) in found


def test_what_cannot_be_shown(tmp_path: Path) -> None:
    for arguments, words in (
        ([str(tmp_path)], "there is no store"),
        ([str(tmp_path / "nothing")], "there is no store"),
        (["--port", "0"], "not in the range"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "nbtrack", "ui", "--no-browser", *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode != 0
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_behind_a_hub_it_says_where_a_browser_finds_runs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "nbtrack", "ui", str(tmp_path), "--no-browser"]
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "JupyterHub" in line)
        process.send_signal(signal.SIGTERM)
    assert "your runs are at /user/ada/nbtrack." in said
