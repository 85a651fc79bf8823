"""What an artifact refers to elsewhere: compared with what was recorded, and fetched."""

from __future__ import annotations

import os
from pathlib import Path

from ..._errors import DamagedFileError
from ...remote.opening import PREFIXES
from ...store.artifact_schema import ArtifactEntry
from ...store.copying import copy
from ...store.layout import temporary
from ...store.objects import digest_of
from . import web
from .buckets import Buckets, split
from .references import local_path, scheme_of
from .told import NoAnswerError, Told


class Elsewhere:
    """Whatever references lead to. May be used from several threads."""

    def __init__(self) -> None:
        self._buckets = Buckets()

    def problem(self, entry: ArtifactEntry) -> str:
        """Why an entry does not refer to what was recorded any more; empty if it does.

        Of places that nobody can ask, and where nothing was recorded, nothing is said.
        """
        uri = entry.uri or ""
        try:
            source = local_path(uri)
            if source is not None:
                _check_local(source, entry)
            elif can_be_fetched(uri) and (entry.size, entry.etag) != (None, None):
                _check(entry, self._ask(uri))
        except NoAnswerError as error:
            return f"{_unreadable(entry)}: {error}"
        except DamagedFileError as error:
            return error.message
        return ""

    def fetch(self, entry: ArtifactEntry, target: Path) -> None:
        """Put what an entry refers to at ``target``, in one step, if it is what was recorded.

        Raises:
            DamagedFileError: It cannot be had, or has changed.
            OSError: The file cannot be written.
        """
        uri = entry.uri or ""
        source = local_path(uri)
        if source is not None:
            _check_local(source, entry)
            copy(source, target, durable=False)
            return
        temp = temporary(target)
        try:
            self._fetch(entry, uri, temp)
            temp.replace(target)
        except NoAnswerError as error:
            raise DamagedFileError(
                f"{_unreadable(entry)}: {error}", path=uri, hint=error.hint
            ) from None
        finally:
            temp.unlink(missing_ok=True)

    def _fetch(self, entry: ArtifactEntry, uri: str, temp: Path) -> None:
        fetching = web.fetching if _is_web(uri) else self._buckets.fetching
        with fetching(uri) as (told, pieces):
            _check(entry, told)
            with temp.open("xb") as file:
                size = sum(file.write(piece) for piece in pieces)
        expected = entry.size if told.size is None else told.size
        if expected is not None and size != expected:
            raise NoAnswerError(f"{size:,} bytes came instead of {expected:,}")
        if entry.mtime is not None:
            os.utime(temp, ns=(entry.mtime, entry.mtime))

    def _ask(self, uri: str) -> Told:
        return web.ask(uri) if _is_web(uri) else self._buckets.ask(uri)


def can_be_fetched(uri: str) -> bool:
    """Whether a URI names one thing in a place that can be asked for it."""
    if local_path(uri) is not None or _is_web(uri):
        return True
    key = split(uri)[1] if scheme_of(uri) in PREFIXES else ""
    return bool(key) and not key.endswith("/")


def _is_web(uri: str) -> bool:
    return scheme_of(uri) in web.SCHEMES


def _check(entry: ArtifactEntry, told: Told) -> None:
    if not told.is_as_recorded(entry):
        raise _changed(entry)


def _check_local(source: Path, entry: ArtifactEntry) -> None:
    try:
        found = source.stat()
        if entry.digest is not None:
            same = digest_of(source)[0] == entry.digest
        else:
            same = (found.st_size, found.st_mtime_ns) == (entry.size, entry.mtime)
    except OSError as error:
        raise DamagedFileError(f"{_unreadable(entry)}: {error.strerror}", path=source) from error
    if not same:
        raise _changed(entry)


def _changed(entry: ArtifactEntry) -> DamagedFileError:
    place = local_path(entry.uri or "") or entry.uri
    return DamagedFileError(f"what {entry.path!r} refers to has changed since", path=place)


def _unreadable(entry: ArtifactEntry) -> str:
    return f"what {entry.path!r} refers to cannot be read"
