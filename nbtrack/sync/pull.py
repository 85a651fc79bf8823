"""Brings runs from a place into a store, where they can be resumed.

What is missing here is brought, and nothing here is replaced but documents that are older. A run
that is new appears in one step. Kill it, and do it again: what was brought is kept.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from .._decoding import from_json
from .._errors import NbtrackError, SyncError
from ..store.documents import read_document
from ..store.fetching import Elsewhere
from ..store.layout import (
    LAST_TABLE,
    RunDir,
    Store,
    atomic_write,
    make_folders,
    temporary,
)
from ..store.merge import only_merger, remove_replaced
from ..store.reader import select
from ..store.run_keys import (
    HEARTBEAT,
    INFO,
    is_inside,
    is_manifest,
    is_replaced,
    newest_segment,
    table_of,
)
from ..store.schema import Manifest
from ..store.together import side_by_side
from .artifacts import ArtifactOutcome, ArtifactPusher
from .manifests import are_apart, in_force
from .mirror import Mirror
from .place import Place

Files = Mapping[str, Elsewhere]
Brought = Callable[[str, int], object]

_THREADS = 16


class Pulled(NamedTuple):
    """What became of one run.

    Attributes:
        files, bytes: How many files were brought, and their bytes.
        problem: Why some of it is missing here; empty if nothing is.
    """

    run: str
    files: int = 0
    bytes: int = 0
    problem: str = ""


class Puller:
    """Brings runs of one place into one store.

    Args:
        brought: Told of each file that was brought, by its key and size, from any thread.
    """

    def __init__(
        self, store: Store, place: Place, *, brought: Brought = lambda key, size: None
    ) -> None:
        self._store = store
        self._place = place
        self._brought = brought

    def pull(self, runs: Sequence[str]) -> list[Pulled]:
        """Bring what is missing of these runs; one that cannot be brought holds up no others.

        Raises:
            SyncError: The place cannot be reached at all.
            StoreNotWritableError: The store cannot be written.
        """
        self._place.check()
        self._store.create()
        return [self._pull(run) for run in runs]

    def _pull(self, run: str) -> Pulled:
        try:
            return self._pull_run(self._store.run(run))
        except (NbtrackError, OSError) as error:
            return Pulled(run, problem=str(error))

    def _pull_run(self, run_dir: RunDir) -> Pulled:
        root = f"{self._store.runs.name}/{run_dir.id}/"
        there = {
            key.removeprefix(root): found
            for key, found in self._place.listing(root).items()
            if is_inside(key.removeprefix(root))
        }
        if INFO not in there:
            raise SyncError("there is no such run", path=f"{self._place.url}/{root.rstrip('/')}")
        if run_dir.path.exists():
            self._check_same(run_dir, root)
            return self._complete(run_dir, there)
        return self._begin(run_dir, there)

    def _begin(self, run_dir: RunDir, there: Files) -> Pulled:
        """A new run is made beside the others, and gets its name when it is whole."""
        new = RunDir(run_dir.path.with_name(f".{run_dir.id}.pulled"))
        new.path.mkdir(exist_ok=True)
        pulled = self._complete(new, there, key=run_dir.id)
        try:
            new.path.rename(run_dir.path)
        except OSError:
            if not run_dir.info.exists():
                raise
            # Somebody else was faster.
            shutil.rmtree(new.path, ignore_errors=True)
        return pulled._replace(run=run_dir.id)

    def _complete(self, run_dir: RunDir, there: Files, key: str | None = None) -> Pulled:
        root = f"{self._store.runs.name}/{key or run_dir.id}"
        make_folders(run_dir)
        with only_merger(run_dir) as alone:
            if not alone:
                raise SyncError(
                    "the run is being merged",
                    path=run_dir.path,
                    operation="pull",
                    hint="Pull it again later.",
                    passing=True,
                )
            here = read_document(run_dir.manifest, Manifest) if run_dir.manifest.exists() else None
            manifest, problem = self._manifest(root, there, here)
            known = {str(name) for name in run_dir.segments()}
            known.update(manifest.replaces if manifest else ())
            wanted = self._wanted(run_dir, there, manifest, known)
            files = [size for wave in wanted for size in self._bring(run_dir, root, there, wave)]
            if manifest is not None and manifest != here:
                atomic_write(run_dir.manifest, msgspec.json.encode(manifest))
                remove_replaced(run_dir, select(run_dir))
        return Pulled(run_dir.id, len(files), sum(files), problem)

    def _wanted(
        self, run_dir: RunDir, there: Files, manifest: Manifest | None, known: set[str]
    ) -> list[list[str]]:
        """What is missing, in the order in which it has to come."""
        content: list[str] = []
        tables: list[str] = []
        last: list[str] = []
        merged = manifest.name if manifest else ""
        for name in there:
            of_set = table_of(name)
            if of_set is not None:
                in_force = of_set.set == merged if of_set.merged else of_set.set not in known
                if in_force:
                    is_last = of_set.table == LAST_TABLE and not of_set.merged
                    (last if is_last else tables).append(name)
            # A journal here is all of a segment: an older copy of one that grew on is none.
            elif not (is_manifest(name) or name == HEARTBEAT or newest_segment(name)):
                content.append(name)
        return [
            [name for name in wave if self._is_missing(run_dir.path / name, name, there[name])]
            for wave in (content, tables, last)
        ]

    def _is_missing(self, path: Path, name: str, there: Elsewhere) -> bool:
        try:
            status = path.stat()
        except FileNotFoundError:
            return True
        return is_replaced(name) and status.st_mtime_ns < there.modified

    def _bring(self, run_dir: RunDir, root: str, there: Files, names: Sequence[str]) -> list[int]:
        def bring(name: str) -> int | None:
            path = run_dir.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            new = temporary(path)
            try:
                self._place.fetch(f"{root}/{name}", new)
                if path.exists() and filecmp.cmp(new, path, shallow=False):
                    return None
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)
            self._brought(name, there[name].size)
            return there[name].size

        return [size for size in side_by_side(bring, names, threads=_THREADS) if size is not None]

    def _manifest(
        self, root: str, there: Files, here: Manifest | None
    ) -> tuple[Manifest | None, str]:
        """The merged set that is in force when all is brought, and what it does not show."""
        found = side_by_side(
            lambda name: from_json(self._place.get(f"{root}/{name}"), Manifest),
            [name for name in there if is_manifest(name)],
        )
        if here is not None and any(are_apart(here, other) for other in found):
            raise SyncError(
                "this run went on here and elsewhere at the same time",
                path=f"{self._place.url}/{root}",
                operation="pull",
                hint="Pull it into another store with --store.",
            )
        found += [here] if here is not None else []
        chosen = in_force(found, there)
        best = chosen.manifest
        if best is not None and best != here:
            tables = {key.table for key in map(table_of, there) if key and key.set == best.name}
            if lacking := set(best.tables) - tables:
                raise SyncError(
                    f"some tables are missing there: {', '.join(sorted(lacking))}",
                    path=f"{self._place.url}/{root}",
                    operation="pull",
                    hint="Sync the run again from where it was recorded.",
                )
        return best, chosen.problem

    def _check_same(self, run_dir: RunDir, root: str) -> None:
        if self._place.get(f"{root}{INFO}") != run_dir.info.read_bytes():
            raise SyncError(
                "another run of this id is here",
                path=run_dir.path,
                operation="pull",
                hint="Pull it into another store with --store.",
            )


def pull_artifacts(store: Store, mirror: Mirror, runs: Iterable[str]) -> list[ArtifactOutcome]:
    """Bring the versions of artifacts that these runs made or used.

    What has the same content is the same version here; what is new keeps its number if that is
    higher than all that are here, and else gets the next one.
    """
    here = Place(store.path.resolve().as_uri())
    return ArtifactPusher(mirror.store, here).push(set(runs))
