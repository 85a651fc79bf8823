"""Objects of S3, Google's and Azure's stores that an artifact refers to, asked for with obstore.

Credentials, endpoints and proxies are what obstore finds in the environment. It is loaded when
somebody asks, and not before: a kernel that only tracks does without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from ...remote import opening
from ...remote.failures import CREDENTIALS, in_words
from ...remote.opening import PREFIXES, UnavailableError, scheme_of
from ...store.together import side_by_side
from .told import PATIENCE, NoAnswerError, Told

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

_SECONDS = f"{PATIENCE:g}s"
_ASKING = {"connect_timeout": "5s", "timeout": _SECONDS}
# The whole of a large object may take any time; only a server that stops to send is given up.
_FETCHING = {"connect_timeout": "5s", "read_timeout": _SECONDS, "timeout": "7d"}
_RETRIES = 2
_PIECE = 4 << 20


class Buckets:
    """Asks object stores, each over connections of its own. May be used from several threads."""

    def __init__(self) -> None:
        self._stores: dict[tuple[str, bool], ObjectStore] = {}

    def ask(self, uri: str) -> Told:
        """What a store says of one object, which it does not send.

        Raises:
            NoAnswerError: It says nothing, or has no such object.
        """
        root, key = split(uri)
        with _telling(uri):
            return _told(self._head(root, key))

    def find(self, uri: str, most: int) -> dict[str, Told]:
        """The object of this URI under ``""``, else those below it by what follows their folder.

        Args:
            uri: With ``/`` at the end, or without a key, only what is below it.
            most: No more than these.

        Raises:
            NoAnswerError: The store says nothing, or has no such object.
        """
        root, key = split(uri)
        with _telling(uri):
            if key and not key.endswith("/"):
                with contextlib.suppress(FileNotFoundError):
                    return {"": _told(self._head(root, key))}
            folder = key.rstrip("/")
            found = dict(islice(self._below(root, folder), most))
        if not found:
            raise NoAnswerError("there is no such object, and none below it")
        return found

    @contextlib.contextmanager
    def fetching(self, uri: str) -> Iterator[tuple[Told, Iterator[bytes]]]:
        """What a store says of an object, and its content in pieces.

        Raises:
            NoAnswerError: It says nothing, has no such object, or stops to send.
        """
        root, key = split(uri)
        with _telling(uri):
            result = _obstore().get(self._store(root, fetching=True), key)
            told = _told(result.meta)
        yield told, _pieces(uri, result)

    def _below(self, root: str, folder: str) -> Iterator[tuple[str, Told]]:
        """What is below a folder. Empty objects that only stand for folders are left out."""
        start = len(folder) + 1 if folder else 0
        for chunk in _obstore().list(self._store(root), folder or None, chunk_size=1000):
            known = [meta for meta in chunk if meta["path"] != folder]
            looked = side_by_side(lambda meta: self._is_object(root, meta), known)
            for meta, is_one in zip(known, looked, strict=True):
                if is_one:
                    yield meta["path"][start:], _told(meta)

    def _is_object(self, root: str, meta: ObjectMeta) -> bool:
        # ``folder/`` is listed as ``folder``, which is not there.
        if meta["size"]:
            return True
        try:
            return self._head(root, meta["path"])["size"] == 0
        except FileNotFoundError:
            return False

    def _head(self, root: str, key: str) -> ObjectMeta:
        return cast("ObjectMeta", _obstore().head(self._store(root), key))

    def _store(self, root: str, *, fetching: bool = False) -> ObjectStore:
        found = self._stores.get((root, fetching))
        if found is None:
            _obstore()
            timeouts = _FETCHING if fetching else _ASKING
            found = opening.opened(root, timeouts, retries=_RETRIES, patience=PATIENCE)
            self._stores[root, fetching] = found
        return found


def split(uri: str) -> tuple[str, str]:
    """The bucket of a URI and the key in it. The key is written as it is, without escapes."""
    _, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    return f"{scheme_of(uri)}://{bucket}", key


def _pieces(uri: str, result: Any) -> Iterator[bytes]:
    stream = iter(result.stream(min_chunk_size=_PIECE))
    while True:
        with _telling(uri):
            piece = next(stream, None)
        if piece is None:
            return
        yield bytes(piece)


def _told(meta: ObjectMeta) -> Told:
    changed = round(meta["last_modified"].timestamp() * 1000) * 10**6
    return Told(meta["size"], meta["e_tag"], changed)


def _obstore() -> Any:
    try:
        return opening.obstore()
    except UnavailableError as error:
        raise NoAnswerError(str(error), error.hint) from None


@contextlib.contextmanager
def _telling(uri: str) -> Iterator[None]:
    """What obstore raises, in a line without queries, which may be signatures."""
    try:
        yield
    except FileNotFoundError:
        raise NoAnswerError("there is no such object") from None
    except (OSError, ValueError) as error:
        raise NoAnswerError(in_words(error)) from None
    except Exception as error:
        if not type(error).__module__.startswith("obstore"):
            raise
        text = in_words(error)
        raise NoAnswerError(text, _hint(uri, type(error).__name__, text)) from None


def _hint(uri: str, kind: str, text: str) -> str:
    prefix = PREFIXES[scheme_of(uri)]
    if "builder error" in text:
        return f"An endpoint without TLS takes {prefix}ALLOW_HTTP=true."
    unknown = ("/latest/api/token", "token request", "Account must be specified")
    refused = kind in ("PermissionDeniedError", "UnauthenticatedError")
    if refused or any(words in text for words in unknown):
        return f"Credentials come from the environment: {CREDENTIALS[prefix]}."
    return ""
