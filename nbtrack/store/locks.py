"""A lock that an interrupt cannot leave behind for ever."""

from __future__ import annotations

import threading

_PATIENCE = 2.0


class PatientLock:
    """Keeps threads out of each other's way; the thread that holds it may take it again.

    An interrupt can come between taking a lock and the ``try`` that will let go of it, or before
    that does, and then nobody ever does. So a lock that was waited for too long is replaced: what
    it guards must stay right when two threads do it at once, and is only slower then.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def take(self) -> threading.RLock:
        """Wait for the lock. Returns what the caller has to ``release()``."""
        lock = self._lock
        if not lock.acquire(timeout=_PATIENCE):
            self._lock = lock = threading.RLock()
            lock.acquire()
        return lock
