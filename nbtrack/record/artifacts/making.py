"""What the methods of a run do with artifacts, apart from what they record in the run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ..._errors import InvalidArtifactError
from ...store.artifact_paths import ArtifactsRoot, check_alias, parse_address
from ...store.artifact_schema import ArtifactVersion
from ...store.artifact_writing import edit, mark_used
from ...store.artifacts import find_version
from ...store.layout import Store
from .artifact import Artifact
from .listing import recorded
from .recording import Recording


def as_artifact(
    given: Artifact | str | os.PathLike[str], name: str | None, type: str | None, run_id: str
) -> Artifact:
    """The artifact itself, or one of the file or folder; raises as ``log_artifact()``."""
    if isinstance(given, Artifact):
        return given
    path = Path(given)
    if name is None:
        name = re.sub(r"[^A-Za-z0-9._-]", "-", f"run-{run_id}-{path.name or 'files'}")[:128]
    artifact = Artifact(name, type or "unspecified")
    if path.is_dir():
        artifact.add_dir(path)
    else:
        artifact.add_file(path)
    return artifact


def start(store: Store, tell: Callable[[ArtifactVersion], None]) -> Recording:
    """What records the artifacts of one run."""
    return Recording(store, tell)


def checked_aliases(aliases: Sequence[str] | None) -> list[str]:
    """The aliases themselves.

    Raises:
        InvalidArtifactError: One cannot be one.
    """
    given = [aliases] if isinstance(aliases, str) else list(aliases or ())
    return [check_alias(alias) for alias in given]


def used(
    store: Store,
    given: Artifact | str,
    type: str | None,
    aliases: Sequence[str] | None,
    run_id: str,
) -> Artifact:
    """The artifact that a run uses, marked so; raises as ``use_artifact()``."""
    words = checked_aliases(aliases)
    if isinstance(given, str):
        artifact = recorded(store, find_version(store, given))
    else:
        artifact = given.wait()
    if type is not None and artifact.type != type:
        raise InvalidArtifactError(
            f"artifact {artifact.name!r} is of type {artifact.type!r}, not {type!r}"
        )
    version = find_version(artifact._in_store(), artifact.name)
    place = ArtifactsRoot(artifact._in_store()).artifact(version.name)
    if not set(words).issubset(version.aliases):
        edit(place, version.version, add_aliases=words)
    mark_used(place, version.version, run_id)
    artifact._take(find_version(artifact._in_store(), version.label))
    return artifact


def linked(artifact: Artifact, target: str) -> Artifact:
    """An artifact of another name with the same content, not recorded yet."""
    artifact.wait()
    found = Artifact(
        parse_address(target).name, artifact.type, artifact.description, artifact.metadata
    )
    found._draft = artifact._as_draft()
    return found
