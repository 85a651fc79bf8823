"""Where runs are read from: a place that a sync filled, or a local store.

What a commit needs of some runs is copied into a store of its own, a folder that is thrown away:
it stays as it is, whatever happens to the runs meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path

import msgspec

from ..._errors import StoreError, SyncError, UsageError
from ...store.documents import read_document
from ...store.layout import RunDir, Store, is_run_id
from ...store.reader import Selection, select
from ...store.run_keys import INFO, TableKey, complete_set, is_inside, is_manifest, table_of
from ...store.schema import Manifest
from ..manifests import in_force
from ..place import Place

# What tells how a run ended and what it adds up to; and the rows, which may be many.
OUTLINE = ("changes", "cells")
ROWS = ("metrics", "system")

_RUNS = "runs"
_LOOKS = 20
_DIGITS = 64
_EDITS = RunDir(Path(_RUNS)).edits.name


class Held:
    """What there is of the rows of one run, not copied yet.

    Attributes:
        bytes: Of the files that hold them.
    """

    def __init__(self, copies: Sequence[Callable[[], object]], size: int) -> None:
        self._copies = copies
        self.bytes = size

    def bring(self) -> None:
        """Copy them.

        Raises:
            SyncError: The place does not answer.
            FileNotFoundError: They are not there any more.
            OSError: They cannot be written.
        """
        for copy in self._copies:
            copy()


class Source(ABC):
    """Runs that somebody recorded. May be used from several threads."""

    @abstractmethod
    def listings(self) -> dict[str, int]:
        """A digest of the names of each run's files: as long as it is the same, so are its rows.

        Raises:
            SyncError: The place does not answer.
            OSError: The store cannot be read.
        """

    @abstractmethod
    def bring(self, run: str, store: Store) -> Held:
        """Copy the documents and the outline of a run into a local store.

        Raises:
            SyncError: The place does not answer.
            FileNotFoundError: There is no such run any more.
            StoreError, OSError: It cannot be read.
        """


def source_of(url: str) -> Source:
    """The runs of a place (an URL), or of a local store (a path).

    Raises:
        UsageError: It is neither.
        SyncError: The place cannot be reached, or has no runs; or obstore is not installed.
    """
    if "://" in url:
        place = Place(url)
        if next(place.listed(_RUNS), None) is None:
            raise SyncError(
                "there are no runs",
                path=place.url,
                operation="commit to the lake",
                hint="`nbtrack sync --all --to URL` sends some.",
            )
        return _Synced(place)
    path = Path(url).expanduser().absolute()
    if not (path / _RUNS).is_dir():
        raise UsageError(
            f"{url!r} is no store of runs",
            hint="Give the URL of a place, or the folder of a store.",
        )
    return _Local(Store(path))


def digest_listing(listed: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The digest of each run, of the keys and sizes of all, in whatever order they come."""
    found: dict[str, int] = {}
    for key, size in listed:
        _, run, name = key.split("/", 2) if key.count("/") > 1 else ("", "", "")
        if is_run_id(run) and _tells(name):
            found[run] = (found.get(run, 0) + _hash(f"{name}:{size}")) % (1 << _DIGITS)
    return found


def digest(names: Iterable[str]) -> int:
    """A number of 64 bits for names in whatever order they come."""
    return sum(_hash(name) for name in names) % (1 << _DIGITS)


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


class _Synced(Source):
    """A place. The names of files there say what is in them."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def listings(self) -> dict[str, int]:
        listed = self._place.listed(_RUNS)
        return digest_listing((key, there.size) for key, there in listed)

    def bring(self, run: str, store: Store) -> Held:
        run_dir = store.run(run)
        start = len(f"{_RUNS}/{run}/")
        there = {key[start:]: size for key, size in self._place.sizes(f"{_RUNS}/{run}").items()}
        there = {name: size for name, size in there.items() if is_inside(name)}
        for name in there:
            if is_manifest(name) or name == INFO or name.startswith(f"{run_dir.edits.name}/"):
                self._fetch(run_dir, name)
        lists = [
            read_document(run_dir.path / name, Manifest) for name in filter(is_manifest, there)
        ]
        chosen = in_force(lists, there)
        if chosen.problem:
            raise StoreError(chosen.problem, path=f"{self._place.url}/{_RUNS}/{run}")
        if chosen.manifest is not None:
            run_dir.manifest.write_bytes(msgspec.json.encode(chosen.manifest))
        rows: list[str] = []
        for name in there:
            table = table_of(name)
            if table is None or not _counts(table, chosen.manifest):
                continue
            if table.table in OUTLINE:
                self._fetch(run_dir, name)
            elif table.table in ROWS:
                rows.append(name)
        copies = [partial(self._fetch, run_dir, name) for name in rows]
        return Held(copies, sum(there[name] for name in rows))

    def _fetch(self, run_dir: RunDir, name: str) -> None:
        path = run_dir.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._place.fetch(f"{_RUNS}/{run_dir.id}/{name}", path)


def _tells(name: str) -> bool:
    """Whether a new file of this name means that a run has other rows, or is called otherwise."""
    if name == INFO or is_manifest(name) or complete_set(name) is not None:
        return True
    return name.startswith(f"{_EDITS}/")


def _counts(table: TableKey, manifest: Manifest | None) -> bool:
    """Whether a table that is there is in force."""
    if table.merged:
        return manifest is not None and table.set == manifest.name
    return manifest is None or table.set not in manifest.replaces


class _Local(Source):
    """A store on this machine, whose files may be merged at any time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def listings(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for run_dir in self._store.run_dirs():
            with contextlib.suppress(FileNotFoundError):
                found[run_dir.id] = digest(self._names(run_dir))
        return found

    def _names(self, run_dir: RunDir) -> Iterable[str]:
        yield f"{run_dir.info.stat().st_mtime_ns}"
        yield from (path.name for path in run_dir.edit_files())
        yield from (f"s{name}" for name in run_dir.sealed_sets())
        yield from (f"{n}:{run_dir.segment(n).stat().st_size}" for n in run_dir.segments())
        with contextlib.suppress(FileNotFoundError):
            yield f"m{run_dir.manifest.stat().st_mtime_ns}"

    def bring(self, run: str, store: Store) -> Held:
        there, here = self._store.run(run), store.run(run)
        for _ in range(_LOOKS):
            shutil.rmtree(here.path, ignore_errors=True)
            selection = select(there)
            try:
                return self._copy(there, here, selection)
            except FileNotFoundError:
                # What is in force was merged away meanwhile.
                if not there.info.exists():
                    raise
        raise StoreError("its files kept changing", path=there.path, operation="read the run")

    def _copy(self, there: RunDir, here: RunDir, selection: Selection) -> Held:
        documents = [there.info, *there.edit_files()]
        segments = [there.segment(name) for name in selection.segments]
        outline = [path for table in OUTLINE for path in selection.files(there, table)]
        # All at once: what is merged away is gone.
        rows = [path for table in ROWS for path in selection.files(there, table)]
        for path in (*documents, *segments, *outline, *rows):
            copy = here.path / path.relative_to(there.path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            _copy_file(path, copy, fixed=path.parent in (there.sealed, there.merged))
        if selection.merged is not None:
            here.manifest.write_bytes(msgspec.json.encode(selection.merged))
        return Held((), sum(path.stat().st_size for path in (*segments, *rows)))


def _copy_file(path: Path, copy: Path, *, fixed: bool) -> None:
    """What never changes gets a second name, where that can be."""
    if fixed:
        try:
            os.link(path, copy)
            return
        except FileNotFoundError:
            raise
        except OSError:
            pass  # another disk, or a file system without links
    shutil.copyfile(path, copy)
