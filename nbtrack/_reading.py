"""The runs and artifacts of a store, or of a place that they were synced to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ._errors import UsageError
from .store import catalog
from .store.catalog import RunList
from .store.view import RunView

if TYPE_CHECKING:
    from .record.artifacts import Artifact


def runs(
    *,
    project: str | None = None,
    state: str | Sequence[str] | None = None,
    tags: str | Sequence[str] | None = None,
    where: str | None = None,
    sort: str | Sequence[str] | None = None,
    dir: str | Path | None = None,
    store: str | None = None,
    include_empty: bool = False,
    include_discarded: bool = False,
) -> RunList:
    """The runs of a store, newest first.

    Args:
        project: Only runs of this project.
        state: Only runs that are running, finished, failed or crashed; one of these or several.
        tags: Only runs that have this tag, or all of these.
        where: Only runs for which this expression is true: SQL over the columns of
            :meth:`RunList.to_pandas`, in which ``config`` and ``summary`` are structures, as in
            ``"config.lr > 0.01 and summary.loss < 0.2"``. Where a run lacks a value, it is null.
            Texts in them count by their first 4,096 characters, integers beyond 64 bits as floats.
        sort: What to sort by, such as ``"summary.loss"``, or several; with ``-`` before it the
            largest comes first. Runs without that value come last.
        dir: The store directory; by default the one in which runs would be recorded.
        store: Instead, the URL of a place that runs were synced to, such as
            ``"s3://bucket/team"``. What a list needs is copied into the cache directory; metrics,
            media and files when they are read.
        include_empty: Also runs in which nothing was logged, tracked or saved.
        include_discarded: Also runs that were put out of sight.

    Raises:
        InvalidQueryError: ``where`` or ``sort`` cannot be evaluated; the text says why, and which
            names there are.
        SyncError: The place cannot be reached, or holds no runs.
    """
    return catalog.runs(
        project=project,
        state=state,
        tags=tags,
        where=where,
        sort=sort,
        dir=_directory(dir, store),
        include_empty=include_empty,
        include_discarded=include_discarded,
    )


def open_run(
    id_or_name: str, *, dir: str | Path | None = None, store: str | None = None
) -> RunView:
    """One run, by its id or by its name.

    Args:
        id_or_name: Its id, or its name if no other run has that.
        dir: The store directory; by default the one in which runs would be recorded.
        store: Instead, the URL of a place, as :func:`runs` has it.

    Raises:
        RunNotFoundError: There is none.
        AmbiguousRunError: Several runs have this name.
        DamagedFileError: Its ``run.json`` is not what was written.
        NewerFormatError: A newer nbtrack wrote it.
        SyncError: The place cannot be reached, or holds no runs.
    """
    return catalog.open_run(id_or_name, dir=_directory(dir, store))


def open_artifact(
    name: str, *, dir: str | Path | None = None, store: str | None = None
) -> Artifact:
    """One version of an artifact, for reading.

    Args:
        name: ``"data:v3"``, ``"data:best"``, or ``"data"`` for the latest. What stands before a
            ``/``, such as a project of W&B, is left out: the artifacts of a store are all together.
        dir: The store directory; by default the current run's, else the one that a run would
            begin in.
        store: Instead, the URL of a place, as :func:`runs` has it.

    Raises:
        ArtifactNotFoundError: There is no such artifact, or no such version of it.
        InvalidArtifactError: That is no name of an artifact.
        DamagedFileError, NewerFormatError: Its files cannot be read.
        SyncError: The place cannot be reached, or holds no runs.
    """
    from .record.artifacts import listing

    return listing.open_artifact(name, dir=_directory(dir, store))


def artifacts(
    name: str | None = None,
    type: str | None = None,
    *,
    dir: str | Path | None = None,
    store: str | None = None,
) -> list[Artifact]:
    """The versions of the artifacts of a store, by name, the newest version of each first.

    Args:
        name: Only of this artifact.
        type: Only of this type.
        dir, store: Where they are, as :func:`open_artifact` has it.

    Raises:
        As :func:`open_artifact`; none at all is an empty list.
    """
    from .record.artifacts import listing

    return listing.artifacts(name, type, dir=_directory(dir, store))


def _directory(directory: str | Path | None, url: str | None) -> str | Path | None:
    if url is None:
        return directory
    if directory is not None:
        raise UsageError("dir= and store= are both given", hint="Give one of them.")
    from .sync.mirror import opened

    return opened(url).store.path
