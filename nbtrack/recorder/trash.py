"""Removing the runs that somebody put out of sight long ago."""

from __future__ import annotations

import time

import msgspec

from .._errors import StoreError
from ..store import documents, reader
from ..store.layout import RunDir, Store
from ..store.removal import remove_run
from .recover import is_recorded


class TrashedRun(msgspec.Struct, kw_only=True):
    """A discarded run.

    Attributes:
        days: How long ago it was discarded.
    """

    id: str
    name: str
    days: float


def empty_trash(store: Store, *, days: float, dry_run: bool = False) -> list[TrashedRun]:
    """Remove the runs that were discarded at least so many days ago, and that nobody records.

    Versions of artifacts that they made stay. Returns the runs.

    Raises:
        OSError: The store cannot be read.
    """
    found: list[TrashedRun] = []
    for run_dir in store.run_dirs():
        try:
            info = documents.read_info(run_dir)
            if not info.discarded or is_recorded(reader.snapshot(run_dir).fold):
                continue
        except (StoreError, FileNotFoundError):
            continue  # what cannot be read is not removed
        age = (time.time() - _discarded_at(run_dir)) / 86_400
        if age >= days:
            found.append(TrashedRun(id=run_dir.id, name=info.name, days=age))
            if not dry_run:
                remove_run(run_dir)
    return found


def _discarded_at(run_dir: RunDir) -> float:
    """When the last edit was made (seconds UTC): no earlier than it was discarded."""
    return max((path.stat().st_mtime for path in run_dir.edit_files()), default=0.0)
