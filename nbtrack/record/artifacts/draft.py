"""The files of an artifact that is being put together.

A file is taken when it is added: its content goes into the store, once, and what becomes of the
file afterwards is of no concern. With the policy ``immutable`` that is left for later.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from ..._errors import InvalidArtifactError, NbtrackWarning
from ...store.artifact_paths import ArtifactsRoot, check_paths
from ...store.artifact_schema import ArtifactEntry
from ...store.file_cache import FileCache, Stamp, stamp
from ...store.layout import Store
from ...store.objects import Objects, unreadable
from .. import place

Policy = Literal["mutable", "immutable"]


class Source(NamedTuple):
    """A file that was added, and what it looked like then."""

    path: Path
    stamp: Stamp


class Draft:
    """What was added so far.

    Attributes:
        entries: By their paths; those still to be taken have no digest.
        sources: The files that entries come from.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.entries: dict[str, ArtifactEntry] = {}
        self.sources: dict[str, Source] = {}
        self._store = store  # that has what was taken

    def add_files(
        self,
        files: dict[str, Path],
        *,
        policy: Policy | None = None,
        skip_cache: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Add files by their paths in the artifact, all of them or none.

        Raises:
            InvalidArtifactError: A path cannot be used, or is of another file already; or a file
                cannot be read.
            StoreNotWritableError: The store cannot be written.
        """
        if policy not in (None, "mutable", "immutable"):
            raise InvalidArtifactError(
                f"policy={policy!r} is not known", hint="Use 'mutable' or 'immutable'."
            )
        sources = {path: _source(path, file) for path, file in files.items()}
        entries = {p: ArtifactEntry(path=p, size=s.stamp.size) for p, s in sources.items()}
        self.check(entries, overwrite=overwrite)
        if policy != "immutable" and not place.is_disabled():
            self._store = self._store or place.store_here()
            entries = _taken(self._store, entries, sources, skip_cache=skip_cache)
            self.check(entries, overwrite=overwrite)
        self.put(entries)
        self.sources.update(sources)

    def add_entries(self, entries: list[ArtifactEntry], *, overwrite: bool = False) -> None:
        """Add what is known already, such as references; raises as :meth:`add_files`."""
        by_path = {entry.path: entry for entry in entries}
        self.check(by_path, overwrite=overwrite)
        self.put(by_path)

    def check(self, entries: dict[str, ArtifactEntry], *, overwrite: bool) -> None:
        """That these may be added; raises as :meth:`add_files`."""
        for path, entry in entries.items():
            before = self.entries.get(path)
            if before is not None and not overwrite and not _may_be_same(before, entry):
                raise InvalidArtifactError(
                    f"the artifact has another file {path!r} already",
                    hint="Use another name, or overwrite=True.",
                )
        check_paths({**self.entries, **entries})

    def put(self, entries: dict[str, ArtifactEntry]) -> None:
        """Have these, in the place of others of the same paths."""
        for path in entries:
            self.sources.pop(path, None)
        self.entries.update(entries)

    def remove(self, path: str) -> None:
        """Take an entry, or all of a folder, out again.

        Raises:
            InvalidArtifactError: There is none.
        """
        gone = [p for p in self.entries if p == path or p.startswith(f"{path}/")]
        if not gone:
            raise InvalidArtifactError(f"the artifact has no file {path!r}")
        for p in gone:
            del self.entries[p]
            self.sources.pop(p, None)

    def settle(self, store: Store) -> list[str]:
        """Take into ``store`` what is not there yet. Returns the files that others changed.

        Raises:
            InvalidArtifactError: A file is gone, or cannot be read.
            StoreNotWritableError: The store cannot be written.
        """
        objects = Objects(ArtifactsRoot(store))
        wanted: dict[str, ArtifactEntry] = {}
        sources: dict[str, Source] = {}
        changed: list[str] = []
        elsewhere = Objects(ArtifactsRoot(self._store)) if self._store else None
        for path, entry in self.entries.items():
            if entry.uri is not None or (entry.digest and objects.touch(entry.digest, entry.size)):
                continue
            wanted[path] = entry
            if entry.digest and elsewhere and elsewhere.has(entry.digest, entry.size):
                kept = elsewhere.path(entry.digest)  # it was taken into another store
                sources[path] = Source(kept, stamp(kept.stat()))
            else:
                sources[path] = self._again(path, entry)
        taken = _taken(store, wanted, sources, skip_cache=False)
        for path, entry in taken.items():
            before, source = wanted[path], self.sources.get(path)
            if before.digest is not None and before.digest != entry.digest:
                raise InvalidArtifactError(
                    f"{path!r} is not in the store any more, and its file has changed since",
                    path=source.path if source else None,
                    hint="Add it again.",
                )
            if source is not None and before.digest is None and not _is_as_it_was(source):
                changed.append(path)
        self.entries.update(taken)
        return changed

    def _again(self, path: str, entry: ArtifactEntry) -> Source:
        source = self.sources.get(path)
        if source is None:
            raise InvalidArtifactError(
                f"the content of {path!r} is not in the store any more", hint="Add it again."
            )
        return source


def files_below(folder: Path, prefix: str, leave_out: Path) -> dict[str, Path]:
    """Every file below a folder, by the path that it gets. ``leave_out`` is not looked into.

    A link is followed to a file inside the folder; one that leads out of it, or to another folder,
    is left out with a warning, as is what is no file.
    """
    root = folder.resolve()
    found: dict[str, Path] = {}
    left_out: list[str] = []
    start = f"{prefix}/" if prefix else ""
    for relative, entry in _walk(folder, "", leave_out):
        path = Path(entry.path)
        plain = entry.is_file(follow_symlinks=False)
        if plain or (entry.is_file() and path.resolve().is_relative_to(root)):
            found[start + relative] = path
        else:
            left_out.append(relative)
    warn_of_links(folder, left_out)
    return found


def warn_of_links(folder: Path, left_out: list[str]) -> None:
    """Name what was not taken of a folder, if there is anything."""
    if left_out:
        more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        warnings.warn(
            f"nbtrack: left out of {folder}: {', '.join(left_out[:3])}{more}: links that lead out"
            " of the folder or to other folders, and what is no file, are not taken",
            NbtrackWarning,
            stacklevel=5,
        )


def _walk(folder: Path, prefix: str, leave_out: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What is below a folder and is no folder, by its path there, in the order of names."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        relative = f"{prefix}{entry.name}"
        if not entry.is_dir(follow_symlinks=False):
            yield relative, entry
        elif Path(entry.path).resolve() != leave_out:
            yield from _walk(Path(entry.path), f"{relative}/", leave_out)


def _source(path: str, file: Path) -> Source:
    try:
        found = os.stat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a regular file")
    except OSError as error:
        raise unreadable(file, error) from error
    return Source(file if file.is_absolute() else file.absolute(), stamp(found))


def _taken(
    store: Store,
    entries: dict[str, ArtifactEntry],
    sources: dict[str, Source],
    *,
    skip_cache: bool,
) -> dict[str, ArtifactEntry]:
    """The same entries, with the content of their files in the store."""
    if not entries:
        return {}
    store.create()
    cache = FileCache()
    objects = Objects(ArtifactsRoot(store), None if skip_cache else cache)

    paths = list(entries)
    taken = objects.take_all([sources[path].path for path in paths])
    objects.sync()
    cache.save()
    unsteady = [path for path, found in zip(paths, taken, strict=True) if not found.is_steady]
    if unsteady:
        raise InvalidArtifactError(
            f"{unsteady[0]!r} was written to all the time while it was read",
            path=sources[unsteady[0]].path,
            hint="Add it when it is whole.",
        )
    return {
        path: msgspec.structs.replace(entries[path], digest=found.digest, size=found.size)
        for path, found in zip(paths, taken, strict=True)
    }


def _may_be_same(before: ArtifactEntry, entry: ArtifactEntry) -> bool:
    """Whether an entry may be added twice: what it is will be seen when it was read."""
    read = before.digest is not None and entry.digest is not None
    return before == entry if read else (before.uri, before.size) == (entry.uri, entry.size)


def _is_as_it_was(source: Source) -> bool:
    try:
        return stamp(source.path.stat()) == source.stamp
    except OSError:
        return False
