"""Making versions of artifacts, and saying more of them later. Nothing is ever overwritten.

A version is there when its manifest has its name, which is given to one file only: by a link that
fails if the name is taken. Whoever fails looks again, since the version that was made meanwhile may
be of the same content. So two writers never make two versions of the same, and need no lock for it.

The lock that is taken keeps garbage collection out between the look at the objects and the manifest
that refers to them. Any number of writers hold it together.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .._errors import ArtifactNotFoundError, InvalidArtifactError
from .artifact_paths import LATEST, ArtifactDir, ArtifactsRoot, check_alias, check_paths
from .artifact_schema import ArtifactEdit, ArtifactEntry, ArtifactManifest, ArtifactVersion
from .artifacts import History
from .faults import fault
from .journal import now
from .layout import Store, atomic_write, not_writable, sync_directory, temporary
from .objects import Objects


class NewVersion(msgspec.Struct, kw_only=True):
    """What is to be recorded as a version of an artifact; its content is in the store already."""

    name: str
    type: str
    entries: list[ArtifactEntry]
    description: str | None = None
    metadata: dict[str, Any] = {}
    aliases: list[str] = []
    run: str | None = None


class MissingObjects(Exception):
    """Content that was taken is not in the store any more."""

    def __init__(self, entries: list[ArtifactEntry]) -> None:
        super().__init__(f"{len(entries)} objects are missing")
        self.entries = entries


def commit(store: Store, new: NewVersion) -> ArtifactVersion:
    """Record a version, or find the one that has the same content, and give it the aliases.

    Raises:
        InvalidArtifactError: A name, an alias or a path cannot be used, or artifacts of this name
            are of another type.
        MissingObjects: Content of it is not in the store.
        StoreNotWritableError: The store cannot be written.
    """
    root = ArtifactsRoot(store)
    place = root.artifact(new.name)
    aliases = list(dict.fromkeys([LATEST, *map(check_alias, new.aliases)]))
    entries = sorted(new.entries, key=lambda entry: entry.path)
    check_paths(entry.path for entry in entries)
    digest = content_digest(entries)
    try:
        make_folders(root, place)
        with holding(root, exclusive=False):
            objects = Objects(root)
            missing = [
                e for e in entries if not e.uri and not objects.touch(e.digest or "", e.size)
            ]
            if missing:
                raise MissingObjects(missing)
            while True:
                version = _same(place, new, digest, aliases)
                if version is None:
                    version = _make(place, new, entries, digest, aliases)
                if version is not None:
                    return _look(place, version)
    except OSError as error:
        raise not_writable(place.path, error) from error


def edit(place: ArtifactDir, version: int, **changes: Any) -> None:
    """Change what is said of a version; see :class:`ArtifactEdit`.

    Raises:
        StoreNotWritableError: It cannot be written.
    """
    time = max(now(), History(place).last_time + 1)
    document = ArtifactEdit(version=version, time=time, **changes)
    try:
        place.edits.mkdir(parents=True, exist_ok=True)
        atomic_write(place.new_edit(), msgspec.json.encode(document))
    except OSError as error:
        raise not_writable(place.edits, error) from error


def mark_used(place: ArtifactDir, version: int, run_id: str) -> None:
    """Leave word that a run used a version.

    Raises:
        StoreNotWritableError: It cannot be written.
    """
    try:
        place.used.mkdir(exist_ok=True)
        place.used_marker(version, run_id).touch()
    except OSError as error:
        raise not_writable(place.used, error) from error


def content_digest(entries: list[ArtifactEntry]) -> str:
    """The digest of all entries, in the order of their paths."""
    from blake3 import blake3

    said = [[e.path, e.digest, e.size, e.uri, e.etag] for e in entries]
    return blake3(msgspec.json.encode(said)).hexdigest()


def make_folders(root: ArtifactsRoot, place: ArtifactDir) -> None:
    """Make the folders of an artifact that are missing.

    Raises:
        OSError: One cannot be made.
    """
    root.store.create()
    root.objects.mkdir(parents=True, exist_ok=True)
    place.edits.mkdir(parents=True, exist_ok=True)
    place.used.mkdir(exist_ok=True)


@contextlib.contextmanager
def holding(root: ArtifactsRoot, *, exclusive: bool) -> Iterator[bool]:
    """Hold the lock of a store's artifacts, with others, or alone.

    It goes with its process. Whether it is held: some file systems know no locks.
    """
    held = True
    fd = os.open(root.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        except OSError:
            held = False
        yield held
    finally:
        os.close(fd)


def _same(place: ArtifactDir, new: NewVersion, digest: str, aliases: list[str]) -> int | None:
    """The version that has this content already, after it was given the aliases."""
    history = History(place)
    types = {version.type for version in history.versions}
    if types and new.type not in types:
        raise InvalidArtifactError(
            f"artifact {new.name!r} is of type {types.pop()!r}, not {new.type!r}",
            hint="Use that type, or another name.",
        )
    found = next((v for v in reversed(history.versions) if v.digest == digest), None)
    if found is None:
        return None
    changes: dict[str, Any] = {}
    if not set(aliases).issubset(found.aliases):
        changes["add_aliases"] = aliases
    if new.metadata and new.metadata != found.metadata:
        changes["metadata"] = new.metadata
    if new.description and new.description != found.description:
        changes["description"] = new.description
    if changes:
        edit(place, found.version, **changes)
    return found.version


def _make(
    place: ArtifactDir,
    new: NewVersion,
    entries: list[ArtifactEntry],
    digest: str,
    aliases: list[str],
) -> int | None:
    """Write the next version's manifest; None if somebody else made that version meanwhile."""
    history = History(place)
    number = history.newest + 1
    manifest = ArtifactManifest(
        name=new.name,
        type=new.type,
        version=number,
        digest=digest,
        created=max(now(), history.last_time + 1),
        run=new.run,
        aliases=aliases,
        description=new.description,
        metadata=new.metadata,
        size=sum(entry.size or 0 for entry in entries),
        files=len(entries),
        entries=entries,
    )
    path = place.manifest(number)
    temp = temporary(path)
    try:
        with temp.open("xb") as file:
            file.write(msgspec.json.encode(manifest))
            file.flush()
            os.fsync(file.fileno())
        fault("artifact.before_manifest")
        made = _name(temp, path)
    finally:
        temp.unlink(missing_ok=True)
    sync_directory(place.path)
    fault("artifact.after_manifest")
    return number if made else None


def _name(temp: Path, path: Path) -> bool:
    """Give a file a name that no file has; False if one has it."""
    try:
        os.link(temp, path)
    except FileExistsError:
        return False
    except OSError:
        # No links here. Two that come at once are kept apart by a lock, where there are any.
        fd = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_EX)
            if path.exists():
                return False
            temp.replace(path)
        finally:
            os.close(fd)
    return True


def _look(place: ArtifactDir, number: int) -> ArtifactVersion:
    for found in History(place).versions:
        if found.version == number:
            return found
    raise ArtifactNotFoundError(
        "the version was deleted as soon as it was there", path=place.manifest(number)
    )
