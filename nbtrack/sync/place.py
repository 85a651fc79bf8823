"""A folder of an object store that holds a store of runs under the names of its files."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from .._errors import SyncError, UsageError
from ..remote import opening
from ..remote.failures import explained
from ..remote.opening import PREFIXES, UnavailableError, obstore, scheme_of
from ..store.fetching import Elsewhere
from ..store.layout import temporary

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_TIMEOUTS = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "7d"}
_RETRIES = 8
_PATIENCE = 60.0
# From so many bytes on an object goes in parts.
_LARGE = 16 << 20
_PART = 8 << 20
# A list may take any number of requests, of which each brings a thousand.
_PAGE = 1000
_UNSUPPORTED = ("NotSupported", "NotImplemented", "501")


class Vanished(Exception):
    """The local file is not there any more: somebody merged or removed it."""


class Place:
    """One URL: ``s3://bucket/folder``, ``gs://…``, ``az://…`` or ``file:///folder``.

    May be used from several threads.

    Args:
        url: Where. The folder need not be there.
        concurrency: So many objects go at a time.

    Raises:
        UsageError: It is none of these.
        SyncError: obstore is not installed.
    """

    def __init__(self, url: str, concurrency: int = 16) -> None:
        self.url = url.rstrip("/")
        self._store, self._prefix = self._opened()
        self._conditional = True
        self._slots = threading.BoundedSemaphore(concurrency)

    def check(self) -> None:
        """Ask for one name, to see whether the place can be reached and read.

        Raises:
            SyncError: It cannot.
        """
        with self._telling():
            next(iter(obstore().list(self._store, self._prefix or None, chunk_size=1)), None)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """The size of every object below a folder, by its whole key; raises as :meth:`listing`."""
        return {key: found.size for key, found in self.listed(folder)}

    def listing(self, folder: str = "") -> dict[str, Elsewhere]:
        """Every object below a folder, by its whole key.

        Raises:
            SyncError: The place does not answer.
        """
        return dict(self.listed(folder))

    def listed(self, folder: str = "") -> Iterator[tuple[str, Elsewhere]]:
        """The same one by one, in no order, for folders of millions; raises as :meth:`listing`."""
        prefix = "/".join(filter(None, (self._prefix, folder.rstrip("/"))))
        start = len(self._prefix) + 1 if self._prefix else 0
        with self._telling():
            for page in obstore().list(self._store, prefix or None, chunk_size=_PAGE):
                for meta in page:
                    modified = int(meta["last_modified"].timestamp() * 1e9)
                    yield meta["path"][start:], Elsewhere(meta["size"], modified)

    def put(self, key: str, content: Path | bytes) -> bool:
        """Put an object there unless it is; False if it was.

        Raises:
            Vanished: The file is gone.
            SyncError: The place does not take it.
        """
        if self._conditional:
            try:
                self._put(key, content, mode="create")
            except _AlreadyThere:
                return False
            except _NotConditional:
                self._conditional = False
            else:
                return True
        # A name says what its content is: whoever comes second writes the same.
        if self.size(key) is not None:
            return False
        self._put(key, content, mode="overwrite")
        return True

    def replace(self, key: str, content: Path | bytes) -> None:
        """Put an object there, in the place of what is; raises as :meth:`put`."""
        self._put(key, content, mode="overwrite")

    def size(self, key: str) -> int | None:
        """The size of an object; None if it is not there.

        Raises:
            SyncError: The place does not answer.
        """
        with contextlib.suppress(FileNotFoundError), self._telling(key, may_be_missing=True):
            return int(obstore().head(self._store, self._key(key))["size"])
        return None

    def get(self, key: str) -> bytes:
        """The content of a small object.

        Raises:
            FileNotFoundError: It is not there.
            SyncError: The place does not answer.
        """
        with self._telling(key, may_be_missing=True):
            return bytes(obstore().get(self._store, self._key(key)).bytes())

    def fetch(self, key: str, path: Path) -> None:
        """Put an object into a file, in one step.

        Raises:
            FileNotFoundError: It is not there.
            SyncError: The place does not answer.
            OSError: The file cannot be written.
        """
        temp = temporary(path)
        try:
            with self._slots, temp.open("wb") as file:
                with self._telling(key, may_be_missing=True):
                    found = obstore().get(self._store, self._key(key))
                    pieces = iter(found.stream(min_chunk_size=_PART))
                while True:
                    with self._telling(key):
                        piece = next(pieces, None)
                    if piece is None:
                        break
                    file.write(piece)
            modified = int(found.meta["last_modified"].timestamp() * 1e9)
            os.utime(temp, ns=(modified, modified))
            temp.replace(path)
        finally:
            temp.unlink(missing_ok=True)

    def _put(self, key: str, content: Path | bytes, *, mode: Any) -> None:
        with self._slots, self._telling(key), _opened(content) as file:
            try:
                obstore().put(
                    self._store,
                    self._key(key),
                    file,
                    mode=mode,
                    use_multipart=_is_large(content),
                    chunk_size=_PART,
                )
            except Exception as error:
                kind = type(error).__name__
                if kind == "AlreadyExistsError":
                    raise _AlreadyThere from None
                if mode == "create" and any(word in f"{kind} {error}" for word in _UNSUPPORTED):
                    raise _NotConditional from None
                raise

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key

    def _opened(self) -> tuple[ObjectStore, str]:
        scheme = scheme_of(self.url)
        try:
            if scheme == "file":
                with self._telling():
                    return _folder(self.url), ""
            if scheme in PREFIXES:
                bucket, _, prefix = self.url.partition("://")[2].partition("/")
                if bucket:
                    with self._telling():
                        store = opening.opened(
                            f"{scheme}://{bucket}", _TIMEOUTS, retries=_RETRIES, patience=_PATIENCE
                        )
                    return store, prefix
        except UnavailableError as error:
            raise SyncError(str(error), path=self.url, hint=error.hint) from None
        raise UsageError(
            f"{self.url!r} is no place to sync with",
            hint="Use s3://bucket/folder, gs://…, az://… or file:///folder.",
        )

    @contextlib.contextmanager
    def _telling(self, key: str = "", *, may_be_missing: bool = False) -> Iterator[None]:
        """What obstore raises as one error that says what to do."""
        try:
            yield
        except (Vanished, _AlreadyThere, _NotConditional, UnavailableError):
            raise
        except Exception as error:
            if may_be_missing and isinstance(error, FileNotFoundError):
                raise
            own = type(error).__module__.partition(".")[0] in ("obstore", "builtins")
            if not own:
                raise
            failure = explained(self.url, error)
            raise SyncError(
                failure.cause,
                path=f"{self.url}/{key}".rstrip("/"),
                operation="sync",
                hint=failure.remedy,
                passing=failure.passing,
            ) from None


class _AlreadyThere(Exception):
    pass


class _NotConditional(Exception):
    """The place does not know how to put only what is not there."""


def _folder(url: str) -> ObjectStore:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise UsageError(f"{url!r} is no folder of this machine", hint="Use file:///folder.")
    obstore()
    from obstore.store import LocalStore

    return LocalStore(Path(unquote(parts.path)), mkdir=True)


@contextlib.contextmanager
def _opened(content: Path | bytes) -> Iterator[Any]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        file = content.open("rb")
    except FileNotFoundError:
        raise Vanished from None
    with file:
        yield file


def _is_large(content: Path | bytes) -> bool:
    if isinstance(content, bytes):
        return False
    try:
        return content.stat().st_size >= _LARGE
    except FileNotFoundError:
        raise Vanished from None
