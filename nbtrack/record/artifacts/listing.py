"""Artifacts of a store, for reading, without a run."""

from __future__ import annotations

from pathlib import Path

from ...store.artifact_schema import ArtifactVersion
from ...store.artifacts import artifact_names, find_version, versions
from ...store.layout import Store
from .. import place
from .artifact import Artifact
from .recorded import RecordedArtifact


def open_artifact(name: str, *, dir: str | Path | None = None) -> Artifact:
    """One version of an artifact, for reading; see :func:`nbtrack.open_artifact`."""
    store = place.store_here(dir)
    return recorded(store, find_version(store, name))


def artifacts(
    name: str | None = None, type: str | None = None, *, dir: str | Path | None = None
) -> list[Artifact]:
    """The versions of the artifacts of a store; see :func:`nbtrack.artifacts`."""
    store = place.store_here(dir)
    names = artifact_names(store) if name is None else [name]
    found = [version for one in names for version in reversed(versions(store, one))]
    return [recorded(store, version) for version in found if type in (None, version.type)]


def recorded(store: Store, version: ArtifactVersion) -> Artifact:
    """A version that is there."""
    artifact = Artifact.__new__(Artifact)
    RecordedArtifact.__init__(artifact)
    artifact._name, artifact._type = version.name, version.type
    artifact._store = store
    artifact._take(version)
    return artifact
