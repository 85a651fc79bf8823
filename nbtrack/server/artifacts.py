"""Artifacts as pages see them: those of a store, what is in them, those of a run."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from .._errors import NbtrackError, UsageError
from ..store.artifact_paths import ArtifactsRoot
from ..store.artifact_schema import ArtifactEntry, ArtifactVersion
from ..store.artifacts import read_manifest, versions
from ..store.documents import read_info
from ..store.fetching import fetched
from ..store.layout import RunDir, Store, is_run_id
from ..store.registry import key_of
from ..store.view import RunView
from .api.artifacts import (
    ArtifactCard,
    ArtifactDetail,
    ArtifactsPage,
    ArtifactsQuery,
    Entries,
    EntriesQuery,
    Entry,
    RunArtifact,
    RunArtifacts,
    RunLink,
    VersionCard,
)
from .files import OpenFile, UnknownFileError, kind_of, open_inside
from .plain import plain, to_json
from .stores import Stores, UnknownRunError, UnknownStoreError, is_inside

MOST = 1_000
MOST_ENTRIES = 2_000
_MOST_RUNS = 100


class UnknownArtifactError(UnknownRunError):
    """There is no such artifact in that store, or no such version."""


def page(stores: Stores, asked: ArtifactsQuery) -> ArtifactsPage:
    """The artifacts of a store.

    Raises:
        UnknownStoreError: There is no such store.
        UsageError: The query asks for too much.
    """
    if not 1 <= asked.limit <= MOST or asked.offset < 0:
        raise UsageError(f"from 1 to {MOST} artifacts, from the place 0 on")
    store = _store(stores, asked.store)
    words = asked.search.lower().split()
    found: list[ArtifactCard] = []
    total = 0
    unreadable: dict[str, str] = {}
    for name in ArtifactsRoot(store).names():
        try:
            there = versions(store, name)
        except (NbtrackError, OSError) as error:
            unreadable[name] = str(error)
            continue
        if not there:
            continue
        total += 1
        if all(any(word in _text(version) for version in there) for word in words):
            found.append(_card(there))
    found.sort(key=lambda card: -card.created)
    return ArtifactsPage(
        store=key_of(store),
        artifacts=found[asked.offset : asked.offset + asked.limit],
        total=total,
        matched=len(found),
        unreadable=unreadable,
    )


def detail(stores: Stores, key: str, name: str) -> ArtifactDetail:
    """All versions of an artifact.

    Raises:
        UnknownStoreError, UnknownArtifactError: There is none.
        StoreError: It cannot be read.
    """
    store = stores.find(key)
    there = versions(store, name)
    if not there:
        raise UnknownArtifactError(f"there is no artifact {name} in that store")
    return ArtifactDetail(
        name=name,
        type=there[-1].type,
        versions=[_version(store, version) for version in reversed(there)],
    )


def version_of(stores: Stores, key: str, name: str, number: int) -> tuple[Store, ArtifactVersion]:
    """One version, and the store that it is in; raises as :func:`detail`."""
    store = stores.find(key)
    for version in versions(store, name):
        if version.version == number:
            return store, version
    raise UnknownArtifactError(f"there is no {name}:v{number} in that store")


def entries(stores: Stores, key: str, name: str, number: int, asked: EntriesQuery) -> Entries:
    """What is in a version.

    Raises:
        UsageError: The query asks for too much.
        As :func:`detail`.
    """
    if not 1 <= asked.limit <= MOST_ENTRIES or asked.offset < 0:
        raise UsageError(f"from 1 to {MOST_ENTRIES} entries, from the place 0 on")
    store, version = version_of(stores, key, name, number)
    every = _entries_of(store, version)
    wanted = asked.search.lower()
    found = [entry for entry in every if wanted in entry.path.lower()] if wanted else every
    return Entries(
        entries=[
            Entry(
                path=entry.path,
                digest=entry.digest,
                size=entry.size,
                uri=entry.uri,
                kind=kind_of(entry.path),
            )
            for entry in found[asked.offset : asked.offset + asked.limit]
        ],
        total=len(every),
        matched=len(found),
        offset=asked.offset,
    )


def open_entry(stores: Stores, key: str, name: str, number: int, path: str) -> OpenFile:
    """The content of an entry that is kept in the store.

    Raises:
        UnknownFileError: There is no such entry, or the store has not its content.
        As :func:`detail`.
    """
    store, version = version_of(stores, key, name, number)
    for entry in _entries_of(store, version):
        if entry.path == path and entry.uri is None and entry.digest is not None:
            root = ArtifactsRoot(store)
            content = fetched(root.object(entry.digest))
            return open_inside(content, root.objects, path.rpartition("/")[2])
    raise UnknownFileError("there is no such file")


def of_run(store: Store, run_dir: RunDir) -> RunArtifacts:
    """What a run made and used.

    Raises:
        StoreError: The run cannot be read.
        FileNotFoundError: There is no such run.
    """
    known: dict[str, dict[int, ArtifactVersion]] = {}
    found: list[RunArtifact] = []
    for use in RunView(run_dir).artifacts:
        if use.name not in known:
            known[use.name] = {}
            # An artifact that cannot be read, or has an odd name, is shown as it was recorded.
            with contextlib.suppress(NbtrackError, OSError):
                known[use.name] = {one.version: one for one in versions(store, use.name)}
        now = known[use.name].get(use.version)
        found.append(
            RunArtifact(
                name=use.name,
                version=use.version,
                type=use.type,
                role=use.role,
                digest=use.digest,
                size=use.size,
                time=use.time,
                attempt=use.attempt,
                there=now is not None,
                aliases=now.aliases if now is not None else [],
            )
        )
    return RunArtifacts(artifacts=found)


def link_to(store: Store, run_id: str) -> RunLink:
    """What is known of a run that something leads to."""
    with contextlib.suppress(NbtrackError, OSError):
        if is_run_id(run_id):
            run_dir = store.run(run_id)
            if run_dir.path.is_dir() and is_inside(run_dir.path, store.runs):
                name = read_info(run_dir).name
                return RunLink(id=run_id, name=name, state=RunView(run_dir).state)
    return RunLink(id=run_id, name=None, state=None)


def _store(stores: Stores, key: str) -> Store:
    if key:
        return stores.find(key)
    for store in stores.all():
        return store
    raise UnknownStoreError("there is no store yet: nothing has been recorded")


def _text(version: ArtifactVersion) -> str:
    words = (version.name, version.type, version.description or "", *version.aliases)
    return f"{' '.join(words)} {to_json(plain(version.metadata)).decode()}".lower()


def _card(there: Sequence[ArtifactVersion]) -> ArtifactCard:
    newest = there[-1]
    return ArtifactCard(
        name=newest.name,
        type=newest.type,
        versions=len(there),
        version=newest.version,
        created=newest.created,
        size=newest.size,
        files=newest.files,
        description=newest.description,
        aliases=newest.aliases,
    )


def _version(store: Store, version: ArtifactVersion) -> VersionCard:
    return VersionCard(
        version=version.version,
        digest=version.digest,
        created=version.created,
        run=link_to(store, version.run) if version.run is not None else None,
        used_by=[link_to(store, run) for run in version.used_by[:_MOST_RUNS]],
        aliases=version.aliases,
        description=version.description,
        metadata=plain(version.metadata),
        size=version.size,
        files=version.files,
    )


def _entries_of(store: Store, version: ArtifactVersion) -> tuple[ArtifactEntry, ...]:
    return _read(str(store.path), version.name, version.version, version.digest)


@lru_cache(maxsize=4)
def _read(path: str, name: str, number: int, digest: str) -> tuple[ArtifactEntry, ...]:
    """The entries by path; the digest says which they are."""
    return tuple(
        sorted(read_manifest(Store(Path(path)), name, number).entries, key=lambda one: one.path)
    )
