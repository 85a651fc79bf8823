"""How far a run is at the places that it is to be copied to, in a line each.

Light: a kernel loads it when a person asks. Nobody is asked here but the ledger.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import NamedTuple

from ..store.destinations import destinations
from ..store.layout import RunDir, Store
from ..store.present import iso, moment
from ..store.state import ago
from .ledger import Ledger


class Told(NamedTuple):
    """What is known of a run at one place.

    Attributes:
        url: The place.
        synced_at: When a sync last ended well, in UTC; None if none did.
        failing_since: When the first one since then failed; None if the last one ended well.
        problem: Why it failed; empty if it did not.
    """

    url: str
    synced_at: datetime | None
    failing_since: datetime | None
    problem: str

    def __str__(self) -> str:
        if self.problem:
            at = self.failing_since
            since = f" since {at.astimezone():%b %d %H:%M}" if at is not None else ""
            return f"not synced to {self.url}{since}: {self.problem}"
        if self.synced_at is None:
            return f"not synced to {self.url} yet"
        passed = max(0.0, time.time() - self.synced_at.timestamp())
        return f"synced to {self.url}, {ago(passed)} ago"

    def to_dict(self) -> dict[str, str | None]:
        """As JSON holds it; times are ISO 8601 in UTC."""
        return {
            "url": self.url,
            "synced_at": iso(self.synced_at),
            "failing_since": iso(self.failing_since),
            "problem": self.problem or None,
        }


def told(run_dir: RunDir) -> list[Told]:
    """What is known of a run at each place that it was to be copied to."""
    found = []
    for url in destinations(run_dir):
        entry = Ledger(Store(run_dir.path.parent.parent), url).entry(run_dir.id)
        found.append(Told(url, moment(entry.synced), moment(entry.failing), entry.problem))
    return found
