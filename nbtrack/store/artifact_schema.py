"""What is kept of artifacts and saved files, as types.

Times are int64 microseconds since 1970 (UTC), sizes are bytes, digests are BLAKE3 in hexadecimal.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from .schema import FORMAT_VERSION

Role = Literal["made", "used"]
SavePolicy = Literal["now", "live", "end"]


class ArtifactEntry(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One file of an artifact, or one thing elsewhere that it refers to.

    Attributes:
        path: Its name in the artifact, relative, with ``/``.
        digest: Of the content; None if that was never read.
        size: Bytes; None where nobody told.
        uri: Where it is; None if the content is among the store's objects.
        etag: What the server there called this content.
        mtime: When what is referred to was changed last (nanoseconds since 1970).
    """

    path: str
    digest: str | None = None
    size: int | None = None
    uri: str | None = None
    etag: str | None = None
    mtime: int | None = None


class ArtifactHead(msgspec.Struct, kw_only=True):
    """A manifest without its entries, which may be many.

    Attributes:
        digest: Of all entries: equal digests, equal content.
        run: The id of the run that made it.
        aliases: What it was called when it was made; edits come on top.
        size: Bytes of all entries whose size is known.
        files: How many entries there are.
    """

    format: int = FORMAT_VERSION
    name: str
    type: str
    version: int
    digest: str
    created: int
    run: str | None = None
    aliases: list[str] = []
    description: str | None = None
    metadata: dict[str, Any] = {}
    size: int = 0
    files: int = 0


class ArtifactManifest(ArtifactHead, kw_only=True):
    """``v<N>.json``: one version of an artifact, written once and never changed."""

    entries: list[ArtifactEntry] = []


class ArtifactEdit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """``edits/<ulid>.json``: what somebody changed later; the newest wins, field by field.

    An alias belongs to one version at a time: who adds it takes it from the version that had it.
    """

    format: int = FORMAT_VERSION
    version: int
    time: int
    add_aliases: list[str] = []
    remove_aliases: list[str] = []
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    deleted: bool = False


class ArtifactVersion(msgspec.Struct, kw_only=True):
    """One version of an artifact as it is now: its manifest with all edits, without its entries.

    Attributes:
        used_by: The ids of the runs that used it.
    """

    name: str
    type: str
    version: int
    digest: str
    created: int
    run: str | None
    aliases: list[str]
    description: str | None
    metadata: dict[str, Any]
    size: int
    files: int
    used_by: list[str]

    @property
    def label(self) -> str:
        """How it is asked for: ``name:v3``."""
        return f"{self.name}:v{self.version}"


class ArtifactUse(msgspec.Struct, kw_only=True):
    """That a run made a version of an artifact, or used one."""

    name: str
    version: int
    type: str
    role: Role
    digest: str
    size: int
    time: int
    attempt: int = 0


class SavedFile(msgspec.Struct, kw_only=True):
    """A file that a run keeps a copy of in ``files/``.

    Attributes:
        path: Where, relative to ``files/``.
        source: What it is a copy of.
        policy: ``now``: as it was then; ``live``: it follows its source; ``end``: as it is when
            the run ends.
    """

    path: str
    source: str
    policy: SavePolicy
    time: int
