"""Which content a file had when it was read last, so that an unchanged one is not read again.

A file counts as unchanged if its device, inode, size and both of its times are the same. Within one
tick of the file system's clock a file can change without that: what had just been changed when it
was read is not remembered.

One plain file in the user's cache directory, replaced in one step: a home may lie on a network.
Whoever comes last has written it; it may be old, damaged or gone.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import msgspec

from .._decoding import from_msgpack
from .layout import atomic_write

_FORMAT = 1
_MOST_FILES = 500_000
# How coarse the clocks of file systems are; and of those that only know seconds.
_TICK_NS = 20_000_000
_COARSE_TICK_NS = 2_000_000_000


class Stamp(msgspec.Struct, array_like=True, frozen=True):
    """What a file looks like from outside; times in nanoseconds."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class _Known(msgspec.Struct, array_like=True):
    stamp: Stamp
    digest: str


class _Saved(msgspec.Struct, array_like=True):
    format: int
    files: dict[str, _Known]


class FileCache:
    """What is known of files, by their absolute paths. May be used from several threads."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or _default_path()
        self._new: dict[str, _Known] = {}
        self._files = self._load()

    def digest(self, path: Path, found: os.stat_result) -> str | None:
        """The digest of a file that looks so, if it was read when it did."""
        known = self._files.get(os.fspath(path))
        return known.digest if known is not None and known.stamp == stamp(found) else None

    def keep(self, path: Path, found: os.stat_result, digest: str, read_at: int) -> None:
        """That is what was read from a file that looked so; ``read_at`` is in nanoseconds."""
        latest = max(found.st_mtime_ns, found.st_ctime_ns)
        coarse = not found.st_mtime_ns % 1_000_000_000
        if latest + (_COARSE_TICK_NS if coarse else _TICK_NS) < read_at:
            known = _Known(stamp(found), digest)
            self._files[os.fspath(path)] = self._new[os.fspath(path)] = known

    def save(self) -> None:
        """Keep it for the next process. A home that cannot be written is no reason to stop."""
        if not self._new:
            return
        # What others have learnt meanwhile stays; what was learnt last is at the end.
        files = self._load()
        for path in self._new:
            files.pop(path, None)
        files |= self._new
        while len(files) > _MOST_FILES:
            del files[next(iter(files))]
        with contextlib.suppress(OSError, UnicodeEncodeError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            content = msgspec.msgpack.encode(_Saved(_FORMAT, files))
            atomic_write(self._path, content, durable=False)
            self._new = {}

    def _load(self) -> dict[str, _Known]:
        try:
            saved = from_msgpack(self._path.read_bytes(), _Saved)
        except (OSError, msgspec.DecodeError):
            return {}
        return saved.files if saved.format == _FORMAT else {}


def stamp(found: os.stat_result) -> Stamp:
    """What a file looks like."""
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def now_ns() -> int:
    """The clock that file systems stamp files by."""
    return time.time_ns()


def _default_path() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("nbtrack") / "files.msgpack"
