"""``nbtrack sync`` as a person calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from tests.journals import new_run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    for name in ("one", "two"):
        run = new_run(store.path, name)
        run.log({"loss": 1})
        run.finish()
        seal_run(RunDir(run.path))
        merge(RunDir(run.path))
    return store


def sync(store: Store, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtrack", "sync", "--store", str(store.path), *arguments],
        env={**os.environ, "NBTRACK_RECORDER": "off"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_all_then_nothing(store: Store, tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'there'}"
    tried = sync(store, "--all", "--dry-run", "--to", url)
    assert tried.stdout.startswith("Would send 8 files, ")
    assert not list((tmp_path / "there").rglob("*.json"))
    waiting = sync(store, "--all", "--status", "--to", url)
    assert [line.partition(",")[0] for line in sorted(waiting.stdout.splitlines())] == [
        "one: 4 files to go",
        "two: 4 files to go",
    ]
    done = sync(store, "--all", "--to", url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Sent 8 files, ")
    assert done.stdout.rstrip().endswith(f"of 2 runs to {url}.")
    again = sync(store, "one", "--json", "--to", url)
    (told,) = json.loads(again.stdout)["runs"]
    assert (told["run"], told["sent"], told["problem"]) == ("one", 0, "")
    assert sorted(sync(store, "--all", "--status", "--to", url).stdout.splitlines()) == [
        "one: complete",
        "two: complete",
    ]


def test_what_cannot_be_done_is_said_in_one_line(store: Store, tmp_path: Path) -> None:
    for arguments, said in (
        (("--to", "file:///x"), "Give runs, or --all."),
        (("--all", "--to", "ftp://x"), "is no place to sync with"),
        (("nobody", "--to", f"file://{tmp_path}"), "no run has the id or the name 'nobody'"),
    ):
        done = sync(store, *arguments)
        assert done.returncode != 0
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    (store.path / "runs" / "one" / "merged.json").write_bytes(b"damaged")
    done = sync(store, "--all", "--to", f"file://{tmp_path / 'there'}")
    assert done.returncode == 1
    assert "nbtrack: one: " in done.stderr
    assert "merged.json" in done.stderr
    assert (tmp_path / "there" / "runs" / "two" / "run.json").exists()
