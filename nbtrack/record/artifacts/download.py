"""Files of a version, brought into a folder of the person's, and compared with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..._errors import DamagedFileError
from ...store.artifact_paths import ArtifactsRoot, check_path
from ...store.artifact_schema import ArtifactEntry
from ...store.copying import copy, make_place
from ...store.layout import Store
from ...store.objects import digest_of, side_by_side
from .references import local_path


def bring(store: Store, entries: Sequence[ArtifactEntry], root: Path) -> list[str]:
    """Put the files of ``entries`` below ``root``; those that are there already are left alone.

    Each appears whole, in the place of what was there. References to local files are copied if
    those still are what they were. Returns the paths of the others, which are not fetched.

    Raises:
        DamagedFileError: The store lacks content.
        InvalidArtifactError: The place of a file is outside ``root``, because of a link there.
        OSError: A file cannot be written.
    """
    root.mkdir(parents=True, exist_ok=True)
    objects = ArtifactsRoot(store)
    elsewhere = [e for e in entries if e.uri is not None and local_path(e.uri) is None]
    here = [e for e in entries if e.uri is None or local_path(e.uri) is not None]

    def one(entry: ArtifactEntry) -> None:
        target = make_place(root, entry.path)
        if _is_there(target, entry):
            return
        if entry.uri is not None:
            source = local_path(entry.uri)
            assert source is not None, "only local references are copied"
            _check_reference(source, entry)
        else:
            source = objects.object(entry.digest or "")
            if not source.exists():
                raise DamagedFileError(
                    f"the content of {entry.path!r} is missing",
                    path=source,
                    operation="download an artifact",
                    hint="`nbtrack doctor` says what else is.",
                )
        copy(source, target, durable=False)

    side_by_side(one, here)
    return [entry.path for entry in elsewhere]


def differences(entries: Sequence[ArtifactEntry], root: Path) -> Iterator[str]:
    """What is not as it should be below ``root``, in words; references are not looked at."""
    for entry in entries:
        target = root / check_path(entry.path)
        if entry.uri is None and not _is_there(target, entry):
            yield f"{entry.path} {'differs' if os.path.lexists(target) else 'is missing'}"
    known = {entry.path for entry in entries}
    for path in others(known, root):
        yield f"{path.relative_to(root).as_posix()} does not belong to it"


def others(known: set[str], root: Path) -> Iterator[Path]:
    """Files below ``root`` that are not ``known``. Links are such files, and are not followed."""
    for parent, folders, names in os.walk(root):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*names, *links):
            path = Path(parent, name)
            if path.relative_to(root).as_posix() not in known:
                yield path


def _is_there(target: Path, entry: ArtifactEntry) -> bool:
    """Whether that very file is there; a link to one is not."""
    try:
        if target.is_symlink() or entry.size != target.stat().st_size:
            return False
        return entry.digest is not None and digest_of(target)[0] == entry.digest
    except OSError:
        return False


def _check_reference(source: Path, entry: ArtifactEntry) -> None:
    try:
        found = source.stat()
        if entry.digest is not None:
            same = digest_of(source)[0] == entry.digest
        else:
            same = (found.st_size, found.st_mtime_ns) == (entry.size, entry.mtime)
    except OSError as error:
        raise DamagedFileError(
            f"what {entry.path!r} refers to cannot be read: {error.strerror}", path=source
        ) from error
    if not same:
        raise DamagedFileError(f"what {entry.path!r} refers to has changed since", path=source)
