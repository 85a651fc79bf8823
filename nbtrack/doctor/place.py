"""The store, its disk and its file system."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from .. import _environment, _settings
from ..store.layout import Store
from ..store.segment import can_map, file_system
from .finding import Finding
from .settings import usable_settings

_VERY_FULL_PERCENT = 95
_LEAST_FREE = 1 << 30
_FEW_FILES_PERCENT = 5
# Those that talk to another machine. FUSE is counted among them: nobody can tell from here.
_NETWORK = frozenset(
    "9p afs beegfs ceph cifs glusterfs gpfs lustre ncpfs nfs nfs4 smb3 smbfs".split()
)
_ELSEWHERE = "Make it writable for you, or set NBTRACK_DIR to another directory."


def check_store(store: Store) -> Iterator[Finding]:
    """Whether runs can be recorded there, and read."""
    there = store.path.is_dir()
    where = f"{store.path}{_named(store)}"
    try:
        if store.path.exists() and not there:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        _write_into(store.runs if store.runs.is_dir() else existing(store.path))
    except OSError as error:
        what = f"{where} cannot be written: {error.strerror}"
        yield Finding("store", "problem", what, "No run can begin there.", _ELSEWHERE)
    else:
        words = "can be written" if there else "is not there yet; the first run makes it"
        yield Finding("store", "ok", f"{where} {words}")
    if not there:
        return
    try:
        os.listdir(store.runs if store.runs.is_dir() else store.path)
    except OSError as error:
        what = f"{where} cannot be read: {error.strerror}"
        yield Finding("store", "problem", what, "Its runs cannot be shown.", _ELSEWHERE)
    owner = store.path.stat().st_uid
    if owner != os.getuid():
        yield Finding(
            "store",
            "warning",
            f"{store.path} belongs to another user (uid {owner})",
            "Unless it is named, nbtrack passes over it and makes another store.",
            "Set NBTRACK_DIR to it, or `chown` it if it should be yours.",
        )


def check_disk(store: Store) -> Iterator[Finding]:
    """Whether there is room for bytes, and for files."""
    folder = existing(store.path)
    usage = psutil.disk_usage(str(folder))
    words = f"the disk is {usage.percent:.0f} % full, {size(usage.free)} are free"
    why = "On a full disk `log()` keeps 8 MiB in memory, then drops rows and counts them."
    advice = "Make room, or set NBTRACK_DIR to another disk."
    limit = usable_settings().disk_warning * 100
    if usage.percent > _VERY_FULL_PERCENT or usage.free < _LEAST_FREE:
        yield Finding("disk", "problem", words, why, advice)
    elif limit and usage.percent > limit:
        yield Finding("disk", "warning", words, why, advice)
    else:
        yield Finding("disk", "ok", words)
    files = os.statvfs(folder)
    # Some file systems have no such bound, and say 0.
    if files.f_files and files.f_favail * 100 < files.f_files * _FEW_FILES_PERCENT:
        yield Finding(
            "disk",
            "problem",
            f"the disk can hold {files.f_favail} more files (inodes), of {files.f_files}",
            "Without one no segment and no run can begin, however many bytes are free.",
            "Remove files that are not needed; many small ones are the usual cause.",
        )


def check_file_system(store: Store) -> Iterator[Finding]:
    """Whether the journal can be mapped, and whether the disk is behind a network."""
    folder = existing(store.path)
    kind = file_system(folder)
    journal = usable_settings().journal
    can_be, is_mapped = can_map(folder, "auto"), can_map(folder, journal)
    if is_mapped and not can_be:
        yield Finding(
            "file system",
            "warning",
            f"NBTRACK_JOURNAL=mmap maps the journal on {kind or 'this file system'}",
            "There, a full disk or a lost connection ends the kernel with SIGBUS.",
            "Set it to auto.",
        )
    if kind in _NETWORK or kind.startswith("fuse"):
        yield Finding(
            "file system",
            "warning",
            f"the store is on a network file system ({kind})",
            f"{_cost(is_mapped)} Listing runs waits for the network, and merging for its locks.",
            "Set NBTRACK_DIR to a local disk, if there is one that lasts.",
        )
    elif is_mapped and can_be:
        yield Finding("file system", "ok", f"the journal is mapped ({kind or 'local'})")
    elif not is_mapped:
        asked = ", as the setting 'journal' says" if can_be else ""
        what = f"on {kind or 'this file system'} the journal is written, not mapped{asked}"
        yield Finding("file system", "note", what, _cost(is_mapped))


def check_lasting(store: Store) -> Iterator[Finding]:
    """Whether the store outlives the machine."""
    is_mounted = file_system(existing(store.path)).startswith("fuse")
    if _environment.is_in_colab() and not is_mounted and not usable_settings().sync:
        yield Finding(
            "store",
            "warning",
            f"{store.path} is on the disk of a machine that Colab lends",
            "Its runs go with the machine: when the notebook is left alone, or after some hours.",
            "Set NBTRACK_SYNC to a place that they are copied to, such as a folder of a mounted "
            "Drive, file:///content/drive/MyDrive/nbtrack, before the first run.",
        )


def existing(path: Path) -> Path:
    """The nearest folder that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def size(count: int) -> str:
    """A number of bytes as people read it."""
    number = float(count)
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def _cost(is_mapped: bool) -> str:
    """What the way to the disk costs a row."""
    if is_mapped:
        return "Rows do not wait for it."
    return "A row costs about 1 µs more; beside a busy Python thread it may wait 5 ms."


def _named(store: Store) -> str:
    given = _settings.resolve()["dir"]
    named = given.value is not None and Path(given.value).expanduser().absolute() == store.path
    return f" ({given.label})" if named else ""


def _write_into(folder: Path) -> None:
    """Make what a run makes, a folder with a file in it, and remove it. No reader looks there."""
    with tempfile.TemporaryDirectory(prefix=".doctor-", suffix=".tmp", dir=folder) as made:
        Path(made, "file").write_bytes(b"nbtrack")
