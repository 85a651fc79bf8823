"""What a server says of something elsewhere, and that it did not answer."""

from __future__ import annotations

from typing import NamedTuple

from ...store.artifact_schema import ArtifactEntry

# Seconds that a server may take to answer.
PATIENCE = 10.0


class Told(NamedTuple):
    """What a server says of one thing without sending it.

    Attributes:
        size: Bytes; None if it does not say.
        etag: What it calls this content; None if it does not say.
        mtime: When it was changed last (nanoseconds since 1970); None if it does not say.
    """

    size: int | None = None
    etag: str | None = None
    mtime: int | None = None

    def is_as_recorded(self, entry: ArtifactEntry) -> bool:
        """Whether it still is what an entry says; of what was not recorded nothing is known."""
        if entry.size is not None and self.size is not None and self.size != entry.size:
            return False
        return entry.etag is None or _plain(self.etag) == _plain(entry.etag)


class NoAnswerError(Exception):
    """Something elsewhere cannot be asked for, or be fetched.

    Attributes:
        hint: What to do about it.
    """

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


def _plain(etag: str | None) -> str | None:
    """Without the marks that some servers set in one answer and leave out in another."""
    return etag.removeprefix("W/").strip('"') if etag is not None else None
