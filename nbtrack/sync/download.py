"""Brings one object; what broke off is gone on with where it ended."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from ..remote.opening import obstore

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PIECE = 8 << 20


class Download:
    """One object on its way to a file.

    Attributes:
        modified: When it was put there, nanoseconds since 1970.
        problem: Why the file could not be written; None if it could.
    """

    def __init__(self, store: ObjectStore, key: str, file: IO[bytes]) -> None:
        self.modified = 0
        self.problem: OSError | None = None
        self._store = store
        self._key = key
        self._file = file
        self._tag: str | None = None

    def go_on(self) -> bool:
        """Bring what is missing yet, and write it; False if there is no such object.

        Raises:
            OSError, obstore.exceptions.BaseError: The place does not answer. It may be done again.
        """
        try:
            found = self._get(self._file.tell())
        except FileNotFoundError:
            return False
        for piece in found.stream(min_chunk_size=_PIECE):
            try:
                self._file.write(piece)
            except OSError as error:
                self.problem = error
                break
        return True

    def _get(self, start: int) -> Any:
        options = {"range": {"offset": start}} if start else None
        found = obstore().get(self._store, self._key, options=options)
        if start and found.meta["e_tag"] != self._tag:
            # Another one was put in its place.
            self._file.seek(0)
            self._file.truncate()
            found = obstore().get(self._store, self._key)
        self._tag, self.modified = found.meta["e_tag"], modified(found.meta)
        return found


def modified(meta: Any) -> int:
    """When an object was put there, nanoseconds since 1970."""
    return int(meta["last_modified"].timestamp() * 1e9)
