"""What a run logged besides numbers, and its models."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ...store.model import ModelInfo
from ...store.schema import MediaKind


class MediaKey(msgspec.Struct, kw_only=True):
    """Everything that was logged under one key.

    Attributes:
        kind: The kind of the latest one.
        count: How many there are, over all attempts.
        attempts: The attempts that have any, 0 for what belongs to none.
    """

    key: str
    kind: MediaKind
    count: int
    attempts: list[int]


class MediaKeys(msgspec.Struct, kw_only=True):
    """The keys in alphabetical order; at most 5,000, and whether there are more."""

    keys: list[MediaKey]
    more: bool


class MediaQuery(msgspec.Struct, kw_only=True):
    """Which of one key.

    Attributes:
        attempt: Of this attempt; None: of the latest that has any.
        steps: At most so many steps, 1 to 2,000: of more, some that lie evenly among them.
    """

    key: str
    attempt: int | None = None
    steps: int = 500


class MediaEntry(msgspec.Struct, kw_only=True):
    """One thing that was logged.

    Attributes:
        index: Its place among those that were logged as a list.
        file: Its name among ``/media/files``; None where ``info`` has all of it.
        size: Bytes of the file.
        frame: There is a document of it among ``/media/frames``.
    """

    step: int
    time: int
    index: int
    kind: MediaKind
    file: str | None
    size: int
    frame: bool
    info: dict[str, Any]


class MediaEntries(msgspec.Struct, kw_only=True):
    """By step and index, and how many steps there are in all."""

    attempt: int
    entries: list[MediaEntry]
    steps: int


class TableQuery(msgspec.Struct, kw_only=True):
    """Which rows of a table.

    Attributes:
        sort: The place of a column, from 0; -1: as they were logged.
        search: Rows of which a value contains this, whatever the case.
        limit: From 1 to 1,000.
    """

    sort: int = -1
    descending: bool = False
    search: str = ""
    offset: int = 0
    limit: int = 100


class TableColumn(msgspec.Struct, kw_only=True):
    """A column, and what its values are.

    Those that are none of the other kinds are what JSON holds. Media in a cell are an object with
    the key ``nbtrack.media`` alone; in it are ``kind``, ``file``, ``size`` and ``info``.
    """

    name: str
    kind: Literal["number", "text", "boolean", "time", "json"]


class TablePage(msgspec.Struct, kw_only=True):
    """Rows of a table, a value for each column. Long texts are cut to 2,000 letters.

    Attributes:
        total: Rows of the table; ``matched``: those that were searched for.
        offset: The place of the first of ``rows`` among those.
    """

    columns: list[TableColumn]
    rows: list[list[Any]]
    total: int
    matched: int
    offset: int


class Models(msgspec.Struct, kw_only=True):
    """The models that were watched, in the order in which that began."""

    models: list[ModelInfo]
