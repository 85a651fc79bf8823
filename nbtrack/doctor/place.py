"""The store, its disk and its file system."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from ..store.layout import Store
from ..store.segment import can_map, file_system
from .finding import Finding

_FULL_PERCENT = 80
_VERY_FULL_PERCENT = 95
_LEAST_FREE = 1 << 30
_NETWORK = frozenset(
    "9p afs beegfs ceph cifs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 smb3 smbfs".split()
)


def check_store(store: Store) -> Iterator[Finding]:
    """Whether runs can be recorded there."""
    there = store.path.is_dir()
    folder = _existing(store.path)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"nbtrack")
            file.flush()
    except OSError as error:
        yield Finding(
            "store",
            "problem",
            f"{store.path} cannot be written: {error.strerror} ({folder})",
            "Make it writable, or choose another place with NBTRACK_DIR.",
        )
        return
    words = "can be written" if there else "is not there yet, and will be made with the first run"
    yield Finding("store", "ok", f"{store.path} {words}")
    owner = folder.stat().st_uid
    if there and owner != os.getuid():
        yield Finding(
            "store",
            "warning",
            f"{store.path} belongs to another user (uid {owner})",
            "Without NBTRACK_DIR it is passed over, and another store is made further down.",
        )


def check_disk(store: Store) -> Iterator[Finding]:
    """Whether there is room."""
    folder = _existing(store.path)
    usage = psutil.disk_usage(str(folder))
    words = f"the disk is {usage.percent:.0f} % full, {usage.free / 1e9:.1f} GB are free"
    advice = "Make room: `log()` keeps 8 MiB in memory on a full disk, then drops rows."
    if usage.percent >= _VERY_FULL_PERCENT or usage.free < _LEAST_FREE:
        yield Finding("disk", "problem", words, advice)
    elif usage.percent >= _FULL_PERCENT:
        yield Finding("disk", "warning", words, advice)
    else:
        yield Finding("disk", "ok", words)
    files = os.statvfs(folder)
    if files.f_files and files.f_favail * 20 < files.f_files:
        yield Finding(
            "disk",
            "problem",
            f"of {files.f_files} files that the disk can hold, {files.f_favail} are left",
            "Remove files that are not needed.",
        )


def check_file_system(store: Store) -> Iterator[Finding]:
    """Whether the journal can be mapped, and whether others share the disk."""
    folder = _existing(store.path)
    kind = file_system(folder)
    if kind in _NETWORK:
        yield Finding(
            "file system",
            "warning",
            f"the store is on a network file system ({kind})",
            "It works, slower: rows are written and not mapped, and listing runs waits for the"
            " network. A store on a local disk avoids that: set NBTRACK_DIR.",
        )
    elif not can_map(folder, "auto"):
        yield Finding(
            "file system",
            "note",
            f"on {kind or 'this file system'} the journal is written and not mapped",
            "A row costs about a microsecond more; with another busy thread up to 5 ms.",
        )
    else:
        yield Finding("file system", "ok", f"the journal can be mapped ({kind or 'local'})")


def _existing(path: Path) -> Path:
    """The nearest folder that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
