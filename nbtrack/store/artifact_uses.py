"""The versions that a run made and used, as they are now."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import msgspec

from .._errors import StoreError
from .artifact_schema import ArtifactUse, ArtifactVersion, Role
from .artifacts import versions
from .layout import Store


class UsedVersion(msgspec.Struct, kw_only=True):
    """A version that a run made or used.

    Attributes:
        name: How it is asked for: ``name:v3``.
        files: How many entries it has; None if it is not there any more, or cannot be read.
        aliases: What it is called now.
    """

    name: str
    role: Role
    type: str
    files: int | None
    size: int
    aliases: list[str]


def used_versions(store: Store, uses: Sequence[ArtifactUse]) -> list[UsedVersion]:
    """What became of the versions of these uses, in their order."""
    there: dict[tuple[str, int], ArtifactVersion] = {}
    for name in {use.name for use in uses}:
        with contextlib.suppress(StoreError, OSError):
            there |= {(name, found.version): found for found in versions(store, name)}
    return [_used(use, there.get((use.name, use.version))) for use in uses]


def _used(use: ArtifactUse, found: ArtifactVersion | None) -> UsedVersion:
    return UsedVersion(
        name=f"{use.name}:v{use.version}",
        role=use.role,
        type=use.type,
        files=None if found is None else found.files,
        size=use.size,
        aliases=[] if found is None else found.aliases,
    )
