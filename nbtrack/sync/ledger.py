"""Which runs were at a place in full, so that the next sync asks nobody about them; else why not.

One plain file for each store and place in the user's cache directory, replaced in one step.
Without it everything is compared again, and nothing is sent twice.
"""

from __future__ import annotations

import contextlib
import threading
import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from .._decoding import from_msgpack
from ..store.journal import now
from ..store.layout import Store, atomic_write

if TYPE_CHECKING:
    from ..store.shipment import Stamps

# A second change within a tick of a file system's clock leaves the same stamps.
_SETTLED_NS = 2_000_000_000


class Entry(msgspec.Struct, array_like=True):
    """What is known of one run.

    Attributes:
        complete: Its stamps when all of it was there; None if that never was.
        replaced: What was sent of files that are replaced: when each was modified.
        synced: When a sync last ended well (microseconds UTC); None if none did.
        problem: Why the last one did not; empty if it did.
        failing: When the first one since then failed.
        uses: How many artifacts it had made and used when all of them were there.
    """

    complete: tuple[int, ...] | None = None
    replaced: dict[str, int] = {}
    synced: int | None = None
    problem: str = ""
    failing: int | None = None
    uses: int = 0


class Ledger:
    """What is known of a store's runs at a place. May be used from several threads."""

    def __init__(self, store: Store, url: str, *, path: Path | None = None) -> None:
        self._path = path or _default_path(store, url)
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._runs = self._read()

    def entry(self, run: str) -> Entry:
        """What is known of a run."""
        return self._runs.get(run, Entry())

    def is_complete(self, run: str, stamps: Stamps) -> bool:
        """Whether all of a run was there when it looked so."""
        return self.entry(run).complete == stamps

    def was_sent(self, run: str, key: str, modified: int) -> bool:
        """Whether this version of a file that is replaced was sent."""
        return self.entry(run).replaced.get(key) == modified

    def keep(self, run: str, stamps: Stamps | None, replaced: dict[str, int]) -> None:
        """All of a run that looked so is there, or, with None, some of it."""
        if stamps is not None and max(stamps) > time.time_ns() - _SETTLED_NS:
            stamps = None
        self._change(run, complete=stamps, replaced=replaced)

    def keep_uses(self, run: str, uses: int) -> None:
        """The artifacts that it has made and used so far are there."""
        self._change(run, uses=uses)

    def ended_well(self, run: str) -> None:
        """What there was of a run is there now."""
        self._change(run, synced=now(), problem="", failing=None)

    def failed(self, run: str, problem: str) -> None:
        """Some of a run is not there."""
        since = self.entry(run).failing
        self._change(run, complete=None, problem=problem, failing=since or now())

    def save(self) -> None:
        """Keep it for the next sync. A home that cannot be written is no reason to stop."""
        with self._lock:
            # Another process may have kept what it knows of other runs.
            content = self._read() | {run: self._runs[run] for run in self._changed}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_write(self._path, msgspec.msgpack.encode(content), durable=False)

    def _change(self, run: str, **fields: Any) -> None:
        with self._lock:
            self._runs[run] = msgspec.structs.replace(self.entry(run), **fields)
            self._changed.add(run)

    def _read(self) -> dict[str, Entry]:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return from_msgpack(self._path.read_bytes(), dict[str, Entry])
        return {}


def _default_path(store: Store, url: str) -> Path:
    import platformdirs

    name = blake2b(f"{store.path.resolve()}\n{url}".encode(), digest_size=8).hexdigest()
    return platformdirs.user_cache_path("nbtrack") / "sync" / f"{name}.msgpack"
