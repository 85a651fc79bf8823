"""Files and artifacts for tests, and what is in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbtrack
from nbtrack import Artifact
from nbtrack.store.artifact_paths import ArtifactsRoot
from nbtrack.store.layout import Store

FILES = {"a.txt": b"a", "sub/b.bin": bytes(range(256)), "sub/deep/c": b"", "like a": b"a"}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    }


def make(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def logged(files: dict[str, bytes], name: str = "data", **options: Any) -> Artifact:
    """A version with these files, recorded."""
    artifact = Artifact(name, "dataset")
    for path, content in files.items():
        with artifact.new_file(path, "wb") as file:
            file.write(content)
    return nbtrack.log_artifact(artifact, **options).wait()  # type: ignore[no-any-return]


def objects(store: Store) -> list[Path]:
    """The content in a store."""
    return list(ArtifactsRoot(store).object_files())
