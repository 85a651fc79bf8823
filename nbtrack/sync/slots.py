"""So many requests at a time, of which one caller may take several."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Slots:
    """A number of slots. May be used from several threads."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, count: int = 1) -> Iterator[None]:
        """Wait for this many, of at most all, and hold them."""
        with self._changed:
            self._changed.wait_for(lambda: self._free >= count)
            self._free -= count
        try:
            yield
        finally:
            with self._changed:
                self._free += count
                self._changed.notify_all()
