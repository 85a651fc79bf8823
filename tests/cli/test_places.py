"""Commands that read look at a place as at a store of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.store.layout import Store
from tests.server.servers import PATIENCE, nbtrack_ui
from tests.sync.recorded import begun, ended, sent, version


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A place with a run and an artifact; the store that it came from is not there any more."""
    store, place = Store(tmp_path / "store"), (tmp_path / "place").as_uri()
    ended(begun(store, "one"))
    version(store, b"rows", run="one")
    sent(store, place, "one")
    store.path.rename(tmp_path / "gone")
    return place


def nbtrack(*arguments: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments],
        env={**os.environ, "NBTRACK_RECORDER": "off"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def test_commands_that_read(url: str, tmp_path: Path) -> None:
    (run,) = json.loads(nbtrack("ls", "--store", url, "--json"))
    assert (run["id"], run["state"], run["rows"]) == ("one", "finished", 20)
    assert "finished" in nbtrack("show", "one", "--store", url)
    nbtrack("logs", "one", "--store", url, "--follow")
    target = tmp_path / "rows.csv"
    nbtrack("export", "one", "--store", url, "--key", "loss", "-o", str(target))
    assert len(target.read_text().splitlines()) == 21
    assert "data:v0" in nbtrack("artifact", "ls", "data", "--store", url)
    nbtrack("artifact", "get", "data:v0", "--store", url, "--to", str(tmp_path / "got"))
    assert (tmp_path / "got" / "a").read_bytes() == b"rows"
    assert "one" in nbtrack("diff", "one", "one", "--store", url)


def test_commands_that_change_a_store_do_not(url: str) -> None:
    for command in (["discard", "one"], ["gc"], ["recover"], ["artifact", "rm", "data:v0"]):
        said = nbtrack(*command, "--store", url, status=2)
        assert "this works on a store of this machine only" in said


def test_what_cannot_be_reached(tmp_path: Path) -> None:
    said = nbtrack("ls", "--store", f"file://{tmp_path}/nothing", status=1)
    assert "there are no runs" in said
    assert "Traceback" not in said


def test_pulled(url: str, tmp_path: Path) -> None:
    mine = str(tmp_path / "mine")
    told = nbtrack("pull", "one", "--from", url, "--store", mine)
    assert told.startswith("Brought ")
    assert f"of 1 run into {mine}." in told
    (run,) = json.loads(nbtrack("ls", "--store", mine, "--json"))
    assert (run["id"], run["rows"]) == ("one", 20)
    assert "data:v0" in nbtrack("artifact", "ls", "data", "--store", mine)
    again = json.loads(nbtrack("pull", "--all", "--from", url, "--store", mine, "--json"))
    assert again["runs"] == [{"run": "one", "files": 0, "bytes": 0, "problem": ""}]
    assert "Give runs, or --all." in nbtrack("pull", "--from", url, status=2)


def test_pages(url: str, tmp_path: Path) -> None:
    server = nbtrack_ui(tmp_path, "--store", url)
    try:
        (store,) = server.ask("GET", "nbtrack/api/").json()["stores"]
        run = f"nbtrack/api/runs/{store['key']}/one"
        assert server.ask("GET", run).json()["state"] == "finished"
        found = server.ask("GET", f"{run}/files").json()["files"]
        assert "files/model.bin" in [one["path"] for one in found]
        assert server.ask("GET", f"{run}/files/files/model.bin").body == b"weights"
        assert server.ask("PATCH", run, '{"name": "renamed"}').json()["name"] == "renamed"
        server.process.send_signal(2)
        assert server.process.wait(PATIENCE) == 0
    finally:
        server.stop()
    (seen,) = json.loads(nbtrack("ls", "--store", url, "--json"))
    assert seen["name"] == "renamed"
    assert "Give STORE or --store." in nbtrack("ui", url, "--store", url, status=2)
