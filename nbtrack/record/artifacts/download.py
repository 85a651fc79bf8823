"""Files of a version, brought into a folder of the person's, and compared with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..._errors import DamagedFileError
from ...store.artifact_paths import ArtifactsRoot, check_path
from ...store.artifact_schema import ArtifactEntry
from ...store.copying import copy, make_place
from ...store.fetching import fetched
from ...store.layout import Store
from ...store.objects import digest_of
from ...store.together import side_by_side
from .elsewhere import Elsewhere, can_be_fetched


def bring(store: Store, entries: Sequence[ArtifactEntry], root: Path) -> list[str]:
    """Put the files of ``entries`` below ``root``; those that are there already are left alone.

    Each appears whole, in the place of what was there. What references lead to is brought if it
    still is what it was. Returns the paths of those that lead where nothing can be fetched.

    Raises:
        DamagedFileError: The store lacks content, or what is referred to has changed.
        InvalidArtifactError: The place of a file is outside ``root``, because of a link there.
        OSError: A file cannot be written.
    """
    root.mkdir(parents=True, exist_ok=True)
    objects, elsewhere = ArtifactsRoot(store), Elsewhere()
    left = {e.path for e in entries if e.uri is not None and not can_be_fetched(e.uri)}

    def one(entry: ArtifactEntry) -> None:
        target = make_place(root, entry.path)
        if _is_there(target, entry):
            return
        if entry.uri is not None:
            elsewhere.fetch(entry, target)
            return
        source = fetched(objects.object(entry.digest or ""))
        if not source.exists():
            raise DamagedFileError(
                f"the content of {entry.path!r} is missing",
                path=source,
                operation="download an artifact",
                hint="`nbtrack doctor` says what else is.",
            )
        copy(source, target, durable=False)

    side_by_side(one, [entry for entry in entries if entry.path not in left])
    return sorted(left)


def changed_references(entries: Sequence[ArtifactEntry]) -> list[str]:
    """What references do not lead to any more as it was recorded, in words. Fetches nothing."""
    elsewhere = Elsewhere()
    found = side_by_side(elsewhere.problem, [e for e in entries if e.uri is not None])
    return [problem for problem in found if problem]


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
        if target.is_symlink() or entry.size != (found := target.stat()).st_size:
            return False
        if entry.digest is not None:
            return digest_of(target)[0] == entry.digest
        # Of a reference that nobody read: as it was brought, with the time that was recorded.
        return entry.mtime is not None and found.st_mtime_ns == entry.mtime
    except OSError:
        return False
