"""What all requests to one server share."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakValueDictionary

from .kept import Kept
from .live import LiveRuns
from .logs import Log, read_log
from .sparks import SparkCache
from .stores import Stores
from .table import Tables
from .watch import Watches

# So many disks may hang before anybody waits for one that does not.
_THREADS = 16
# Memory of the logs that pages look at.
_LOG_BYTES = 1 << 27


class Shared:
    """What all requests to one server share.

    Attributes:
        stores: The stores that are served.
        read_only: Nothing can be changed.
        threads: What reads disks: the server's own thread never waits for one.
        live: Runs as they are now.
        watches: Runs that pages follow.
        logs: What was read of logs.
        tables: The runs of stores as tables.
        sparks: Small curves of runs.
    """

    def __init__(self, stores: Stores, *, read_only: bool = False) -> None:
        self.stores = stores
        self.read_only = read_only
        self.threads = ThreadPoolExecutor(_THREADS, "nbtrack-server")
        self.live = LiveRuns(stores)
        self.watches = Watches(self.live, self.threads)
        self.tables = Tables(stores)
        self.sparks = SparkCache()
        self.logs: Kept[Log] = Kept(read_log, lambda log: log.size, _LOG_BYTES)
        self._editing: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def editing(self, store: str, run_id: str) -> asyncio.Lock:
        """What requests that change a run hold, in the order in which they came."""
        return self._editing.setdefault((store, run_id), asyncio.Lock())

    def close(self) -> None:
        """The server ends: nobody waits for a disk any more."""
        self.threads.shutdown(wait=False, cancel_futures=True)
