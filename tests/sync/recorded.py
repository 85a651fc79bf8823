"""Real runs and artifacts, recorded without a recorder, sent to a place."""

from __future__ import annotations

import os
from pathlib import Path

from nbtrack._run import Run
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.artifact_schema import ArtifactEntry, ArtifactVersion
from nbtrack.store.artifact_writing import NewVersion, commit
from nbtrack.store.layout import RunDir, Store
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from nbtrack.sync.artifacts import ArtifactPusher
from nbtrack.sync.place import Place
from nbtrack.sync.push import Pusher
from tests.journals import new_run


def begun(store: Store, id: str, *, rows: int = 20) -> Run:
    """A run that goes on, with rows, a picture, a saved file and a document."""
    run = new_run(store.path, id)
    run.config["lr"] = 0.1
    for step in range(rows):
        run.log({"loss": 1 / (step + 1), "note": "a" * 50})
    run_dir = RunDir(run.path)
    for path, content in (
        (run_dir.media / "0f.png", b"a picture"),
        (run_dir.files / "model.bin", b"weights"),
        (run_dir.requirements, b"numpy==2"),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return run


def ended(run: Run, *, merged: bool = True) -> RunDir:
    """It, when it is over."""
    run.finish()
    run_dir = RunDir(run.path)
    seal_run(run_dir)
    if merged:
        merge(run_dir)
    return run_dir


def filled(run: Run) -> RunDir:
    """It, when two more segments of it are sealed and a third is open."""
    run_dir = RunDir(run.path)
    first = len(run_dir.sealed_sets()) + len(run_dir.segments())
    while len(run_dir.segments()) + len(run_dir.sealed_sets()) < first + 2:
        run.log({"loss": 1.0, "note": "a" * 500})
    seal_run(run_dir)
    return run_dir


def sent(store: Store, url: str, *runs: str) -> None:
    """Everything of these runs is at the place, with their artifacts."""
    outcomes = Pusher(store, Place(url)).push(list(runs))
    assert [outcome.problem for outcome in outcomes] == [""] * len(runs)
    for outcome in ArtifactPusher(store, Place(url)).push(set(runs)):
        assert outcome.problem == ""


def version(store: Store, content: bytes, *, run: str, name: str = "data") -> ArtifactVersion:
    """A version of an artifact with one file."""
    from blake3 import blake3

    digest = blake3(content).hexdigest()
    path = ArtifactsRoot(store).object(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    entry = ArtifactEntry(path="a", digest=digest, size=len(content))
    return commit(store, NewVersion(name=name, type="dataset", entries=[entry], run=run))


def here(folder: Path) -> set[str]:
    """The files below a folder."""
    return {
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
    }
