"""Freeing what nothing refers to: content without a manifest, deleted versions, what kills left.

Alone under the lock of the artifacts, so no writer is between its look at an object and the
manifest that refers to it; where a file system has no locks, nothing is freed. Content that was
taken and is not part of a version yet has no manifest either: what is younger than the grace period
stays.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import msgspec

from .._errors import StoreError
from .artifact_paths import ArtifactDir, ArtifactsRoot
from .artifact_writing import holding
from .artifacts import History, read_manifest
from .faults import fault
from .layout import Store

GRACE_SECONDS = 86_400.0
_TEMPORARY = ".tmp"


class Freed(msgspec.Struct, kw_only=True):
    """What was freed, or would be.

    Attributes:
        objects: Content that no version refers to.
        bytes: How much that is.
        versions: Deleted versions whose manifests go, such as ``data:v3``.
        temporaries: Files that killed processes left.
    """

    objects: list[str] = []
    bytes: int = 0
    versions: list[str] = []
    temporaries: int = 0


def collect(store: Store, *, dry_run: bool = False, grace: float = GRACE_SECONDS) -> Freed:
    """Free what nothing refers to.

    Args:
        dry_run: Only look.
        grace: What is younger than so many seconds stays, if it is content or a temporary file.

    Raises:
        StoreError: The file system has no locks, or files cannot be removed.
        DamagedFileError, NewerFormatError: A manifest or an edit cannot be read: what it refers to
            is not known, so nothing is freed.
    """
    root = ArtifactsRoot(store)
    freed = Freed()
    if not root.path.is_dir():
        return freed
    try:
        with holding(root, exclusive=True) as alone:
            if not alone:
                raise StoreError(
                    "this file system has no locks, so another process may be about to use content",
                    path=root.path,
                    operation="free content",
                    hint="Run it on the machine that has the disk.",
                )
            _collect(root, freed, dry_run=dry_run, oldest=time.time() - grace)
    except OSError as error:
        raise StoreError(
            f"cannot free content: {error.strerror or error}", path=error.filename or root.path
        ) from error
    return freed


def _collect(root: ArtifactsRoot, freed: Freed, *, dry_run: bool, oldest: float) -> None:
    wanted: set[str] = set()
    gone: list[tuple[ArtifactDir, int]] = []
    for name in root.names():
        place = root.artifact(name)
        there = place.manifests()
        history = History(place)
        gone += [(place, version) for version in there if version in history.deleted]
        for version in history.versions:
            manifest = read_manifest(root.store, name, version.version)
            wanted.update(entry.digest for entry in manifest.entries if entry.digest)
    for place, version in gone:
        freed.versions.append(f"{place.name}:v{version}")
        if not dry_run:
            place.manifest(version).unlink(missing_ok=True)
            fault("gc.after_manifest")
    for path in root.object_files():
        found = path.stat()
        if path.name not in wanted and found.st_mtime <= oldest:
            freed.objects.append(path.name)
            freed.bytes += found.st_size
            if not dry_run:
                path.unlink(missing_ok=True)
                fault("gc.after_object")
    for path in leftovers(root, oldest=oldest):
        freed.temporaries += 1
        if not dry_run:
            path.unlink(missing_ok=True)


def leftovers(root: ArtifactsRoot, *, oldest: float) -> list[Path]:
    """Temporary files that were written last before ``oldest`` (seconds UTC)."""
    found: list[Path] = []
    for folder in root.folders():
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                temporary = entry.name.startswith(".") and entry.name.endswith(_TEMPORARY)
                if temporary and entry.stat(follow_symlinks=False).st_mtime <= oldest:
                    found.append(Path(entry.path))
    return found
