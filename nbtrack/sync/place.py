"""A folder of an object store that holds a store of runs under the names of its files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from .._errors import StoreError, SyncError
from ..remote import opening
from ..remote.addresses import check_address
from ..remote.opening import UnavailableError, obstore, scheme_of
from ..store.fetching import Elsewhere
from ..store.layout import temporary
from .download import Download, modified
from .patience import Patience
from .slots import Slots

if TYPE_CHECKING:
    from obstore.store import ObjectStore

# Whoever asks gets an answer bit by bit; what is sent has none until all of it is there, and an
# upload that is slow is no upload that is stuck.
_ASKING = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "1h"}
_SENDING = {"connect_timeout": "5s", "timeout": "10m"}
# Whether a place can be reached is found out sooner.
_REACHING = 5.0
# A part of a large object is signed once, which is good for some minutes.
_PART_RETRIES = 1_000
_PART_PATIENCE = 300.0
# What is larger goes in parts, so many at a time.
_PART = 8 << 20
_PARTS_AT_ONCE = 4
_MOST_PARTS = 10_000
_PIECE = 1 << 20
# A list may take any number of requests, of which each brings a thousand.
_PAGE = 1000
_IN_ORDER = ("s3", "s3a", "gs")
# Addresses, times and ids in an answer may have any number in them.
_UNSUPPORTED = re.compile(r"^Not(Supported|Implemented)|<Code>NotImplemented|status code: 501\b")

Moved = Callable[[str, int], object]


class Vanished(Exception):
    """The local file is not there any more: somebody merged or removed it."""


class Place:
    """One URL: ``s3://bucket/folder``, ``gs://…``, ``az://…`` or ``file:///folder``.

    May be used from several threads.

    Args:
        url: Where. The folder need not be there.
        concurrency: So many requests that send something go at a time.
        moved: Told of an object's bytes as they go, by its key and from any thread; of fewer than
            none when they have to go again.
        patience: For how many seconds a request that fails is sent again; 60 by default.

    Raises:
        UsageError: It is none of these, or has a password in it.
        SyncError: obstore is not installed.
    """

    def __init__(
        self,
        url: str,
        concurrency: int = 16,
        *,
        moved: Moved = lambda key, count: None,
        patience: float | None = None,
    ) -> None:
        check_address(url)
        self.url = url.rstrip("/")
        self._patience = Patience(self.url, self._wish, patience)
        self._ways, self._prefix = self._opened()
        self._conditional = True
        self._slots = Slots(concurrency)
        self._moved = moved

    def check(self) -> None:
        """Ask for one name, to see whether the place can be reached and read.

        Raises:
            SyncError: It cannot.
        """
        self._patience.begin_again()

        def ask() -> None:
            names = obstore().list(self._ways.asking, self._prefix or None, chunk_size=1)
            next(iter(names), None)

        self._patience.ask(ask, seconds=_REACHING)

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
        names = _Names(self._ways.asking, prefix)
        while page := self._patience.ask(names.next_page, folder):
            for meta in page:
                yield meta["path"][start:], Elsewhere(meta["size"], modified(meta))

    @property
    def lists_in_order(self) -> bool:
        """Whether a list may begin behind any name, and is in the order of names."""
        return scheme_of(self.url) in _IN_ORDER

    def page(self, folder: str, behind: str) -> tuple[dict[str, int], bool]:
        """The sizes of the next thousand objects below a folder, and whether that is not the end.

        Args:
            behind: The key behind which it begins, there or not. Only where lists are in order.

        Raises:
            SyncError: The place does not answer.
        """
        start = len(self._prefix) + 1 if self._prefix else 0
        names = _Names(self._ways.asking, self._key(folder), self._key(behind))
        page = self._patience.ask(names.next_page, folder) or ()
        return {meta["path"][start:]: meta["size"] for meta in page}, len(page) == _PAGE

    def put(self, key: str, content: Path | bytes) -> bool:
        """Put an object there unless it is; False if it was.

        Raises:
            Vanished: The file is gone.
            StoreError: The file cannot be read.
            SyncError: The place does not take it.
        """
        # obstore sends nothing in parts on a condition: it would hold a large file in memory.
        if self._conditional and _is_small(content):
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

        return self._patience.ask(lambda: self._size(key), key)

    def get(self, key: str) -> bytes:
        """The content of a small object.

        Raises:
            FileNotFoundError: It is not there.
            SyncError: The place does not answer.
        """

        def ask() -> bytes | None:
            try:
                return bytes(obstore().get(self._ways.asking, self._key(key)).bytes())
            except FileNotFoundError:
                return None

        found = self._patience.ask(ask, key)
        if found is None:
            raise FileNotFoundError(f"{self.url}/{key}")
        return found

    def remove(self, key: str) -> None:
        """Remove an object that is there.

        Raises:
            SyncError: The place does not do it.
        """
        self._patience.ask(lambda: obstore().delete(self._ways.asking, self._key(key)), key)

    def fetch(self, key: str, path: Path) -> None:
        """Put an object into a file, in one step.

        Raises:
            FileNotFoundError: It is not there.
            SyncError: The place does not answer.
            OSError: The file cannot be written.
        """
        temp = temporary(path)
        try:
            with temp.open("wb") as file:
                download = Download(self._ways.asking, self._key(key), file)

                def ask() -> bool:
                    with self._slots.taken():
                        return download.go_on()

                if not self._patience.ask(ask, key):
                    raise FileNotFoundError(f"{self.url}/{key}")
            if download.problem is not None:
                raise download.problem
            os.utime(temp, ns=(download.modified, download.modified))
            temp.replace(path)
        finally:
            temp.unlink(missing_ok=True)

    def _size(self, key: str) -> int | None:
        try:
            return int(obstore().head(self._ways.asking, self._key(key))["size"])
        except FileNotFoundError:
            return None

    def _put(self, key: str, content: Path | bytes, *, mode: Any) -> None:
        def ask() -> None:
            try:
                if _is_small(content):
                    self._send_whole(key, content, mode)
                else:
                    self._send_in_parts(key, content)
            except Exception as error:
                kind = type(error).__name__
                # To obstore, somebody else who is putting it just now has done it.
                if kind == "AlreadyExistsError" and self._size(key) is not None:
                    raise _AlreadyThere from None
                if mode == "create" and _UNSUPPORTED.search(f"{kind} {error}"):
                    raise _NotConditional from None
                raise

        self._patience.ask(ask, key)

    def _send_whole(self, key: str, content: Path | bytes, mode: Any) -> None:
        with self._slots.taken():
            data = content if isinstance(content, bytes) else b"".join(_pieces(content))
            store = self._ways.sending
            obstore().put(store, self._key(key), data, mode=mode, use_multipart=False)
        self._moved(key, len(data))

    def _send_in_parts(self, key: str, content: Any) -> None:
        """Each part is sent again by itself, and what has been sent is removed if one cannot be."""
        at_once = min(_PARTS_AT_ONCE, self._slots.count)
        moved = 0

        def pieces() -> Iterator[bytes]:
            nonlocal moved
            for piece in _pieces(content):
                yield piece
                moved += len(piece)
                self._moved(key, len(piece))

        with self._slots.taken(at_once):
            try:
                obstore().put(
                    self._ways.in_parts,
                    self._key(key),
                    pieces(),
                    use_multipart=True,
                    chunk_size=_part_of(content),
                    max_concurrency=at_once,
                )
            except BaseException:
                self._moved(key, -moved)
                raise

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key

    def _wish(self, key: str) -> float | None:
        from ..remote import busy

        return busy.retry_after(self._ways.asking, self._key(key) or "any")

    def _opened(self) -> tuple[_Ways, str]:
        scheme, _, rest = self.url.partition("://")
        try:
            if scheme == "file":
                return _Ways(*[self._patience.ask(lambda: _folder(self.url))] * 3), ""
            bucket, _, prefix = rest.partition("/")
            return self._patience.ask(lambda: _ways(f"{scheme}://{bucket}")), prefix
        except UnavailableError as error:
            raise SyncError(str(error), path=self.url, hint=error.hint) from None


class _Ways(NamedTuple):
    """Connections, each with limits of its own.

    Attributes:
        asking: For answers.
        sending: For objects that go whole.
        in_parts: For parts of objects, of which each is sent again by obstore.
    """

    asking: ObjectStore
    sending: ObjectStore
    in_parts: ObjectStore


class _AlreadyThere(Exception):
    pass


class _NotConditional(Exception):
    """The place does not know how to put only what is not there."""


class _Names:
    """A list of objects. One that broke off is gone on with behind the last name."""

    def __init__(self, store: ObjectStore, prefix: str, behind: str | None = None) -> None:
        self._store = store
        self._prefix = prefix or None
        self._last = behind
        self._pages: Any = None

    def next_page(self) -> Any:
        """A page; None behind the last."""
        if self._pages is None:
            self._pages = obstore().list(
                self._store, self._prefix, offset=self._last, chunk_size=_PAGE
            )
        try:
            page = next(self._pages, None)
        except BaseException:
            self._pages = None
            raise
        if page:
            self._last = page[-1]["path"]
        return page


def _ways(root: str) -> _Ways:
    return _Ways(
        opening.opened(root, _ASKING, retries=0, patience=0),
        opening.opened(root, _SENDING, retries=0, patience=0),
        opening.opened(root, _SENDING, retries=_PART_RETRIES, patience=_PART_PATIENCE),
    )


def _folder(url: str) -> ObjectStore:
    obstore()
    from obstore.store import LocalStore

    return LocalStore(Path(unquote(urlsplit(url).path)), mkdir=True)


def _is_small(content: Path | bytes) -> bool:
    return isinstance(content, bytes) or _size_of(content) <= _PART


def _part_of(content: Path) -> int:
    """The size of a part: stores take no more than ten thousand."""
    parts = -(-_size_of(content) // _PART)
    return _PART * -(-parts // _MOST_PARTS)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        raise Vanished from None


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except FileNotFoundError:
        raise Vanished from None
    except OSError as error:
        raise StoreError(
            f"cannot be read: {error.strerror or error}",
            path=path,
            operation="sync",
            hint="Have its owner `chown` or `chmod` it, or leave it out with --exclude.",
        ) from None
