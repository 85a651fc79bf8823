"""When runs changed, at the price of one look at each: for whoever watches thousands of them."""

from __future__ import annotations

import contextlib
import os

from .layout import WATCHED, Store, is_run_id


def run_stamps(store: Store) -> dict[str, tuple[int, int]]:
    """The inode and the time of change of every run directory, by id. Links are left out.

    Raises:
        OSError: The store cannot be looked at; none where there is none.
    """
    found: dict[str, tuple[int, int]] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(store.runs) as entries:
        for entry in entries:
            if not is_run_id(entry.name) or not entry.is_dir(follow_symlinks=False):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found[entry.name] = (status.st_ino, status.st_mtime_ns)
    return found


def folder_stamps(store: Store, run_id: str) -> tuple[int, ...]:
    """When the folders of a run changed, in the order of :data:`~nbtrack.store.layout.WATCHED`."""
    run = f"{store.runs}/{run_id}/"
    return tuple(_changed(run + folder) for folder in WATCHED)


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
