"""The content of artifacts, each under its digest, so that the same bytes lie there once.

An object comes to be in one pass: the file is copied to a temporary name and hashed on the way,
synced, and renamed to its digest. Where files can share blocks it shares those of the file, and is
hashed where it lies then. Small files are copied many at a time and synced then, which takes a
fraction of the time. Nothing but :mod:`garbage` removes objects; it spares what is younger than a
day, so whoever finds the content that it wants touches it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .._errors import InvalidArtifactError
from .artifact_paths import ArtifactsRoot
from .copying import clone, opened, pieces, write_all
from .faults import fault
from .file_cache import FileCache, now_ns, stamp
from .layout import not_writable, temporary
from .together import side_by_side, sync_files, sync_folders

# A file that somebody writes to all the time is taken as it is after so many looks.
_TRIES = 3
# So many copies wait for their sync together; a larger one has its own, and is safe sooner.
_BATCH = 1_000
_SMALL = 1 << 20


class Taken(NamedTuple):
    """Content that the store has.

    Attributes:
        is_new: It was not there before.
        is_steady: The file did not change while it was read.
    """

    digest: str
    size: int
    is_new: bool
    is_steady: bool


class Objects:
    """The objects of one store."""

    def __init__(self, root: ArtifactsRoot, cache: FileCache | None = None) -> None:
        self._root = root
        self._cache = cache
        self._unsynced: set[Path] = set()

    def take(self, source: Path) -> Taken:
        """See that the store has the content of a file.

        Raises:
            InvalidArtifactError: It cannot be read.
            StoreNotWritableError: The store cannot be written.
        """
        return self.take_all([source])[0]

    def take_all(self, sources: Sequence[Path]) -> list[Taken]:
        """The same for many files, several at a time; raises as :meth:`take`."""
        taken: list[Taken] = []
        for first in range(0, len(sources), _BATCH):
            taken += self._take_batch(sources[first : first + _BATCH])
        return taken

    def _take_batch(self, sources: Sequence[Path]) -> list[Taken]:
        copies: list[_Copy] = []
        try:
            begun = side_by_side(lambda source: self._begin(source, copies), sources)
            waiting = [one.temp for one in begun if isinstance(one, _Copy)]
            with _writing(self._root.objects):
                sync_files(waiting)
            return [self._publish(one) if isinstance(one, _Copy) else one for one in begun]
        except BaseException:
            for copy in copies:
                copy.temp.unlink(missing_ok=True)
            raise

    def _begin(self, source: Path, copies: list[_Copy]) -> Taken | _Copy:
        """Take what needs no sync, or has one of its own; of all else a copy, added to them."""
        try:
            found = os.stat(source)
            known = self._cache.digest(source, found) if self._cache else None
            if known is not None and self.touch(known, found.st_size):
                return Taken(known, found.st_size, False, True)
            copy = self._copied(source)
        except OSError as error:
            raise unreadable(source, error) from error
        copies.append(copy)
        if self.touch(copy.digest, copy.size):
            copy.temp.unlink(missing_ok=True)
            return Taken(copy.digest, copy.size, False, copy.is_steady)
        if copy.size <= _SMALL:
            return copy
        with _writing(copy.temp):
            sync_files([copy.temp])
        return self._publish(copy)

    def has(self, digest: str, size: int | None) -> bool:
        """Whether the content is there, as long as it should be."""
        return self._is_there(self._root.object(digest), size)

    def touch(self, digest: str, size: int | None) -> bool:
        """The same, and it will be for a while: nobody takes it for garbage."""
        path = self._root.object(digest)
        if not self._is_there(path, size):
            return False
        with contextlib.suppress(PermissionError):  # another user's; gc looks at manifests too
            os.utime(path)
        return True

    @staticmethod
    def _is_there(path: Path, size: int | None) -> bool:
        try:
            return os.stat(path).st_size == size or size is None
        except OSError:
            return False

    def path(self, digest: str) -> Path:
        """Where content lies."""
        return self._root.object(digest)

    def sync(self) -> None:
        """Make the names of new objects last, before anything refers to them."""
        folders, self._unsynced = self._unsynced, set()
        sync_folders(folders)

    def _copied(self, source: Path) -> _Copy:
        """A copy of a file as it is when nobody writes to it, if there is such a time."""
        with opened(source) as fd:
            for left in reversed(range(_TRIES)):
                read_at, before = now_ns(), os.fstat(fd)
                temp, digest, size = self._copy(fd)
                steady = stamp(os.fstat(fd)) == stamp(before)
                if steady and self._cache:
                    self._cache.keep(source, before, digest, read_at)
                if steady or not left:
                    return _Copy(temp, digest, size, steady)
                temp.unlink(missing_ok=True)
        raise AssertionError("the last look takes what there is")

    def _copy(self, fd: int) -> tuple[Path, str, int]:
        """A copy under a temporary name, its digest and its size."""
        from blake3 import blake3

        hasher, size = blake3(), 0
        temp = temporary(self._root.objects / "object")
        try:
            with _writing(temp):
                out = _create(temp)
            try:
                shared = clone(fd, out)
                for piece in pieces(out if shared else fd):
                    hasher.update(piece)
                    size += len(piece)
                    if not shared:
                        with _writing(temp):
                            write_all(out, piece)
            finally:
                os.close(out)
            fault("object.before_sync")
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        return temp, hasher.hexdigest(), size

    def _publish(self, copy: _Copy) -> Taken:
        """Give a synced copy its name, or drop it if the content is there already."""
        target = self._root.object(copy.digest)
        is_new = not self.touch(copy.digest, copy.size)
        if is_new:
            with _writing(target):
                target.parent.mkdir(exist_ok=True)
                fault("object.before_rename")
                copy.temp.replace(target)
            fault("object.after_rename")
            self._unsynced.add(target.parent)
        else:
            copy.temp.unlink(missing_ok=True)
        return Taken(copy.digest, copy.size, is_new, copy.is_steady)


class _Copy(NamedTuple):
    """A copy of a file under a temporary name."""

    temp: Path
    digest: str
    size: int
    is_steady: bool


def digest_of(path: Path) -> tuple[str, int]:
    """The digest and the size of a file's content, which is read for it.

    Raises:
        OSError: It cannot be read.
    """
    from blake3 import blake3

    hasher, size = blake3(), 0
    with opened(path) as fd:
        for piece in pieces(fd):
            hasher.update(piece)
            size += len(piece)
    return hasher.hexdigest(), size


def unreadable(source: Path, error: OSError) -> InvalidArtifactError:
    """What is raised for a file whose content cannot be taken."""
    return InvalidArtifactError(
        f"a file cannot be added: {error.strerror or error}", path=source, operation="add a file"
    )


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """What fails here is the store, not the file that is read."""
    try:
        yield
    except OSError as error:
        raise not_writable(path, error) from error


def _create(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o444)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o444)
