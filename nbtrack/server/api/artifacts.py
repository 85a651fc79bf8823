"""Artifacts: which there are, what is in them, and which runs made and used them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class RunLink(msgspec.Struct, kw_only=True):
    """A run that something leads to.

    Attributes:
        name, state: None if it is not in this store any more.
    """

    id: str
    name: str | None
    state: Literal["running", "finished", "failed", "crashed"] | None


class ArtifactCard(msgspec.Struct, kw_only=True):
    """An artifact in a list: its newest version, and how many there are."""

    name: str
    type: str
    versions: int
    version: int
    created: int
    size: int
    files: int
    description: str | None
    aliases: list[str]


class ArtifactsQuery(msgspec.Struct, kw_only=True):
    """Which artifacts of a store.

    Attributes:
        store: A store's key; empty for the first.
        search: Words that the name, type, description, aliases or metadata contain.
        limit: From 1 to 1,000.
    """

    store: str = ""
    search: str = ""
    offset: int = 0
    limit: int = 100


class ArtifactsPage(msgspec.Struct, kw_only=True):
    """A part of them, those with the newest version first.

    Attributes:
        unreadable: Why some cannot be shown, by name.
    """

    store: str
    artifacts: list[ArtifactCard]
    total: int
    matched: int
    unreadable: dict[str, str]


class VersionCard(msgspec.Struct, kw_only=True):
    """One version, with all that was said of it later.

    Attributes:
        digest: Of all that is in it: equal digests, equal content.
        run: The run that made it.
        used_by: The runs that used it.
    """

    version: int
    digest: str
    created: int
    run: RunLink | None
    used_by: list[RunLink]
    aliases: list[str]
    description: str | None
    metadata: dict[str, Any]
    size: int
    files: int


class ArtifactDetail(msgspec.Struct, kw_only=True):
    """All versions, the newest first."""

    name: str
    type: str
    versions: list[VersionCard]


class EntriesQuery(msgspec.Struct, kw_only=True):
    """Which entries of a version: those whose path contains ``search``; up to 2,000."""

    search: str = ""
    offset: int = 0
    limit: int = 500


class Entry(msgspec.Struct, kw_only=True):
    """A file of an artifact, or what it refers to elsewhere.

    Attributes:
        uri: Where it is, if it is elsewhere.
        kind: What a page does with it.
    """

    path: str
    digest: str | None
    size: int | None
    uri: str | None
    kind: Literal["text", "image", "audio", "video", "html", "notebook", "diff", "binary"]


class Entries(msgspec.Struct, kw_only=True):
    """A part of them, by path."""

    entries: list[Entry]
    total: int
    matched: int
    offset: int


class RunArtifact(msgspec.Struct, kw_only=True):
    """A version that a run made or used, as it was recorded then.

    Attributes:
        there: The store still has that version.
        aliases: What it is called now.
    """

    name: str
    version: int
    type: str
    role: Literal["made", "used"]
    digest: str
    size: int
    time: int
    attempt: int
    there: bool
    aliases: list[str]


class RunArtifacts(msgspec.Struct, kw_only=True):
    """What a run made and used, in the order in which it did."""

    artifacts: list[RunArtifact]


class LineageNode(msgspec.Struct, kw_only=True):
    """A run, or a version of an artifact.

    Attributes:
        id: Names it among the nodes.
        name: The run's name, or ``name:v3``.
        rank: How many steps after what was asked for it comes; less than 0: before it.
        there: It is still in the store.
    """

    id: str
    kind: Literal["run", "artifact"]
    name: str
    rank: int
    there: bool
    run: RunLink | None = None
    artifact: str | None = None
    version: int | None = None
    type: str | None = None


class LineageEdge(msgspec.Struct, kw_only=True):
    """``start`` made ``end``, or was used by it."""

    start: str
    end: str


class Lineage(msgspec.Struct, kw_only=True):
    """What came before and what after, in both directions; at most 150 nodes."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]
    more: bool
