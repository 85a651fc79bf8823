"""Files of web servers that an artifact refers to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from .told import PATIENCE, NoAnswerError, Told

SCHEMES = ("http", "https")
_PIECE = 1 << 20


def ask(uri: str) -> Told:
    """What the server says of a file, which it does not send.

    Raises:
        NoAnswerError: It says nothing.
    """
    with _answer(uri, "HEAD") as answer:
        return _told(answer)


@contextlib.contextmanager
def fetching(uri: str) -> Iterator[tuple[Told, Iterator[bytes]]]:
    """What the server says of a file, and its content in pieces.

    Raises:
        NoAnswerError: It says nothing, or stops to send.
    """
    with _answer(uri, "GET") as answer:
        yield _told(answer), _pieces(answer)


def _answer(uri: str, method: str) -> Any:
    with _telling():
        return urlopen(Request(uri, method=method), timeout=PATIENCE)


def _pieces(answer: Any) -> Iterator[bytes]:
    while True:
        with _telling():
            piece = answer.read(_PIECE)
        if not piece:
            return
        yield piece


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException, ValueError) as error:  # urllib's errors are OSErrors, too
        if isinstance(error, HTTPError):
            error.close()  # it is the answer, with its connection
        raise NoAnswerError(str(error) or type(error).__name__) from None


def _told(answer: Any) -> Told:
    size, changed = answer.headers.get("Content-Length"), answer.headers.get("Last-Modified")
    mtime = None
    with contextlib.suppress(ValueError, OverflowError):
        mtime = int(parsedate_to_datetime(changed).timestamp()) * 10**9 if changed else None
    known = int(size) if size and size.isdecimal() else None
    return Told(known, answer.headers.get("ETag"), mtime)
