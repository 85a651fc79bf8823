"""Objects of S3, Google's and Azure's stores that an artifact refers to, asked for with obstore.

Credentials, endpoints and proxies are what obstore finds in the environment. It is loaded when
somebody asks, and not before: a kernel that only tracks does without it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from ..._settings import variables_with
from ...store.together import side_by_side
from .told import PATIENCE, NoAnswerError, Told

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, ObjectStore

# Scheme -> what the variables of its options begin with.
SCHEMES = {
    **dict.fromkeys(("s3", "s3a"), "AWS_"),
    "gs": "GOOGLE_",
    **dict.fromkeys(("az", "adl", "azure", "abfs", "abfss"), "AZURE_"),
}
_CREDENTIALS = {
    "AWS_": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for what is"
    " public",
    "GOOGLE_": "GOOGLE_APPLICATION_CREDENTIALS, or GOOGLE_SKIP_SIGNATURE=true for what is public",
    "AZURE_": "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY",
}
# Options of the connection. obstore leaves those of the environment out once it is given any.
_CLIENT = (
    *("allow_http", "allow_invalid_certificates", "connect_timeout", "timeout", "read_timeout"),
    *("proxy_url", "proxy_ca_certificate", "proxy_excludes", "user_agent", "http1_only"),
)
_SECONDS = f"{PATIENCE:g}s"
_ASKING = {"connect_timeout": "5s", "timeout": _SECONDS}
# The whole of a large object may take any time; only a server that stops to send is given up.
_FETCHING = {"connect_timeout": "5s", "read_timeout": _SECONDS, "timeout": "7d"}
_RETRIES = 2
_PIECE = 4 << 20

# obstore's threads do not live on in a forked process, which would wait for them for ever.
_loaded_by: int | None = None


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
            from obstore.store import from_url

            given = variables_with(SCHEMES[_scheme(root)])
            options = {**(_FETCHING if fetching else _ASKING)}
            options |= {name: given[name] for name in _CLIENT if name in given}
            found = self._stores[root, fetching] = from_url(
                root,
                client_options=cast("ClientConfig", options),
                retry_config={
                    "max_retries": _RETRIES,
                    "retry_timeout": timedelta(seconds=PATIENCE),
                },
            )
        return found


def split(uri: str) -> tuple[str, str]:
    """The bucket of a URI and the key in it. The key is written as it is, without escapes."""
    _, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    return f"{_scheme(uri)}://{bucket}", key


def _scheme(uri: str) -> str:
    return uri.partition("://")[0].lower()


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
    global _loaded_by
    try:
        import obstore
    except ImportError:
        raise NoAnswerError(
            "obstore is not installed", "`pip install 'nbtrack[sync]'` installs it."
        ) from None
    if _loaded_by is None:
        _loaded_by = os.getpid()
    elif _loaded_by != os.getpid():
        raise NoAnswerError(
            "the process that this one was forked from has asked object stores already, and a"
            " fork of it cannot",
            "Do it there, or in a process that is started fresh (spawn).",
        )
    return obstore


@contextlib.contextmanager
def _telling(uri: str) -> Iterator[None]:
    """What obstore raises, in a line without queries, which may be signatures."""
    try:
        yield
    except FileNotFoundError:
        raise NoAnswerError("there is no such object") from None
    except (OSError, ValueError) as error:
        raise NoAnswerError(_words(error)) from None
    except Exception as error:
        if not type(error).__module__.startswith("obstore"):
            raise
        text = _words(error)
        raise NoAnswerError(text, _hint(uri, type(error).__name__, text)) from None


def _words(error: Exception) -> str:
    text = str(error).partition("Debug source:")[0]
    said = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    text = re.sub(r"\?\S*", "", text.partition("<?xml")[0])
    return f"{' '.join(text.split()).rstrip(': ')}{f': {said[1]}' if said else ''}"


def _hint(uri: str, kind: str, text: str) -> str:
    prefix = SCHEMES[_scheme(uri)]
    if "builder error" in text:
        return f"An endpoint without TLS takes {prefix}ALLOW_HTTP=true."
    unknown = ("/latest/api/token", "token request", "Account must be specified")
    refused = kind in ("PermissionDeniedError", "UnauthenticatedError")
    if refused or any(words in text for words in unknown):
        return f"Credentials come from the environment: {_CREDENTIALS[prefix]}."
    return ""
