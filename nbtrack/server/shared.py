"""What all requests to one server share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .live import LiveRuns
from .logs import LogCache
from .stores import Stores

# So many disks may hang before anybody waits for one that does not.
_THREADS = 16


class Shared:
    """What all requests to one server share.

    Attributes:
        stores: The stores that are served.
        read_only: Nothing can be changed.
        threads: What reads disks: the server's own thread never waits for one.
        live: Runs as they are now.
        logs: What was read of logs.
    """

    def __init__(self, stores: Stores, *, read_only: bool = False) -> None:
        self.stores = stores
        self.read_only = read_only
        self.threads = ThreadPoolExecutor(_THREADS, "nbtrack-server")
        self.live = LiveRuns(stores)
        self.logs = LogCache()
