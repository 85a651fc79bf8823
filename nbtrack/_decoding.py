"""Decoding into structures, safe in several threads at once.

msgspec looks up what a structure's fields hold when it first decodes into it. A second thread that
decodes into it meanwhile reads what is not there yet, and the process ends with a segmentation
fault (msgspec 0.22). So one thread at a time makes a kind known here; after that there is no lock.
"""

from __future__ import annotations

import os
import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_known: set[Any] = set()
_lock = threading.RLock()


def convert(value: Any, kind: type[T], *, strict: bool = True) -> T:
    """What ``msgspec.convert`` does.

    Raises:
        msgspec.ValidationError: The value is not of this kind.
    """
    _make_known(kind)
    return msgspec.convert(value, kind, strict=strict)


def from_json(content: bytes | str, kind: type[T]) -> T:
    """What ``msgspec.json.decode`` does.

    Raises:
        msgspec.DecodeError: It is no JSON, or not of this kind.
        UnicodeDecodeError: Its text is not UTF-8.
    """
    _make_known(kind)
    return msgspec.json.decode(content, type=kind)


def from_msgpack(content: bytes, kind: type[T]) -> T:
    """What ``msgspec.msgpack.decode`` does.

    Raises:
        msgspec.DecodeError: It is no MessagePack, or not of this kind.
    """
    _make_known(kind)
    return msgspec.msgpack.decode(content, type=kind)


def _make_known(kind: Any) -> None:
    if kind not in _known:
        with _lock:
            msgspec.json.Decoder(kind)
            _known.add(kind)


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


# Whoever held it does not live on in a forked child.
os.register_at_fork(after_in_child=_renew_lock)
