"""Which runs were at a place in full, so that the next sync asks nobody about them.

One plain file for each store and place in the user's cache directory, replaced in one step.
Without it everything is compared again, and nothing is sent twice.
"""

from __future__ import annotations

import contextlib
import threading
import time
from hashlib import blake2b
from pathlib import Path

import msgspec

from .._decoding import from_msgpack
from ..store.layout import Store, atomic_write
from ..store.shipment import Stamps

# A second change within a tick of a file system's clock leaves the same stamps.
_SETTLED_NS = 2_000_000_000


class Entry(msgspec.Struct, array_like=True):
    """What is known of one run.

    Attributes:
        complete: Its stamps when all of it was there; None if that never was.
        replaced: What was sent of files that are replaced: when each was modified.
    """

    complete: Stamps | None = None
    replaced: dict[str, int] = {}


class Ledger:
    """What is known of a store's runs at a place. May be used from several threads."""

    def __init__(self, store: Store, url: str, *, path: Path | None = None) -> None:
        self._path = path or _default_path(store, url)
        self._lock = threading.Lock()
        self._runs: dict[str, Entry] = {}
        with contextlib.suppress(OSError, msgspec.DecodeError):
            self._runs = from_msgpack(self._path.read_bytes(), dict[str, Entry])

    def is_complete(self, run: str, stamps: Stamps) -> bool:
        """Whether all of a run was there when it looked so."""
        return self._runs.get(run, Entry()).complete == stamps

    def was_sent(self, run: str, key: str, modified: int) -> bool:
        """Whether this version of a file that is replaced was sent."""
        return self._runs.get(run, Entry()).replaced.get(key) == modified

    def keep(self, run: str, stamps: Stamps | None, replaced: dict[str, int]) -> None:
        """All of a run that looked so is there, or, with None, some of it."""
        if stamps is not None and max(stamps) > time.time_ns() - _SETTLED_NS:
            stamps = None
        with self._lock:
            self._runs[run] = Entry(stamps, replaced)

    def save(self) -> None:
        """Keep it for the next sync. A home that cannot be written is no reason to stop."""
        with self._lock:
            content = msgspec.msgpack.encode(self._runs)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_write(self._path, content, durable=False)


def _default_path(store: Store, url: str) -> Path:
    import platformdirs

    name = blake2b(f"{store.path.resolve()}\n{url}".encode(), digest_size=8).hexdigest()
    return platformdirs.user_cache_path("nbtrack") / "sync" / f"{name}.msgpack"
