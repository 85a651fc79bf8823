"""Repositories with work in them that is not committed, and runs that were made in them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import nbtrack
from nbtrack import RunView

TRAIN = """
import nbtrack

with nbtrack.init(config={"lr": 0.1}):
    nbtrack.log({"loss": 1.0})
"""
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "a person",
    "GIT_AUTHOR_EMAIL": "person@example.org",
    "GIT_COMMITTER_NAME": "a person",
    "GIT_COMMITTER_EMAIL": "person@example.org",
}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **GIT},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def new_repository(folder: Path, files: dict[str, bytes]) -> Path:
    """A repository with one commit of ``files``."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    put(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=first")
    return folder


def run_script(folder: Path, store: Path, name: str = "train.py", **environ: str) -> RunView:
    """Run a script, and wait until its code was looked at."""
    before = {run.id for run in nbtrack.runs(dir=store)} if store.exists() else set()
    done = subprocess.run(
        [sys.executable, name],
        cwd=folder,
        env={**os.environ, **GIT, "NBTRACK_DIR": str(store), "NBTRACK_CODE": "true", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (run,) = (run for run in nbtrack.runs(dir=store) if run.id not in before)
    deadline = time.monotonic() + 60
    while not all(info.done for info in run.code):
        assert time.monotonic() < deadline, "nobody looked at the code"
        time.sleep(0.05)
    return run


def command(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments, "--store", str(store)],
        env={**os.environ, **GIT, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def files_of(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Path to (mode or link, content) of every file, git's own and the store's left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.startswith(".git/"):
            continue
        if path.is_symlink():
            found[name] = ("link", os.fsencode(os.readlink(path)))
        elif path.is_file():
            found[name] = ("x" if path.stat().st_mode & 0o100 else "", path.read_bytes())
    return found
