"""What is made of runs and asked for again and again: kept in memory, as long as it is true."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from ..store.layout import RunDir
from .run import fingerprint

# Of a run that goes on it is made again: after so long, or so many times as long as that takes.
_FRESH_SECONDS = 1.0
_FRESH_PART = 5.0

T = TypeVar("T")


class _Entry(Generic[T]):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: T | None = None
        self.size = 0
        self.name: str | None = None
        self.until = 0.0


class Kept(Generic[T]):
    """One thing for each run, made when it is asked for; one at a time for each run.

    Args:
        make: Makes it.
        size: How many bytes of memory it takes.
        limit: How many all of them may take; the one that was asked for last is always kept.
    """

    def __init__(self, make: Callable[[RunDir], T], size: Callable[[T], int], limit: int) -> None:
        self._make = make
        self._size = size
        self._limit = limit
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, run_dir: RunDir) -> T:
        """It as it is now, or was a moment ago; raises what making it does."""
        key = str(run_dir.path)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
        with entry.lock:
            value = self._fresh(run_dir, entry)
        self._forget()
        return value

    def _fresh(self, run_dir: RunDir, entry: _Entry[T]) -> T:
        moment = time.monotonic()
        if entry.value is not None and moment < entry.until:
            return entry.value
        name = fingerprint(run_dir)
        value = entry.value
        if value is None or name is None or name != entry.name:
            value = self._make(run_dir)
            entry.value, entry.name = value, name
        entry.size = self._size(value)
        took = time.monotonic() - moment
        entry.until = moment + took + max(_FRESH_SECONDS, _FRESH_PART * took)
        return value

    def _forget(self) -> None:
        with self._lock:
            total = sum(entry.size for entry in self._entries.values())
            while len(self._entries) > 1 and total > self._limit:
                total -= self._entries.popitem(last=False)[1].size
