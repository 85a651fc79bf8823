"""The content of artifacts, each under its digest, so that the same bytes lie there once.

An object comes to be in one pass: the file is copied to a temporary name and hashed on the way,
synced, and renamed to its digest. Where files can share blocks it shares those of the file, and is
hashed where it lies then. Nothing but :mod:`garbage` removes objects; it spares what is younger
than a day, so whoever finds the content that it wants touches it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from .artifact_paths import ArtifactsRoot
from .copying import clone, opened, pieces, write_all
from .faults import fault
from .file_cache import FileCache, now_ns, stamp
from .layout import not_writable, sync_directory, temporary

# A file that somebody writes to all the time is taken as it is after so many looks.
_TRIES = 3
_THREADS = min(8, (os.cpu_count() or 1) + 2)

A = TypeVar("A")
B = TypeVar("B")


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
            OSError: The file cannot be read.
            StoreNotWritableError: The store cannot be written.
        """
        with opened(source) as fd:
            for left in reversed(range(_TRIES)):
                read_at, before = now_ns(), os.fstat(fd)
                known = self._cache.digest(source, before) if self._cache else None
                if known is not None and self.touch(known, before.st_size):
                    return Taken(known, before.st_size, False, True)
                temp, digest, size = self._copy(fd)
                steady = stamp(os.fstat(fd)) == stamp(before)
                if steady or not left:
                    is_new = self._publish(temp, digest, size)
                    if steady and self._cache:
                        self._cache.keep(source, before, digest, read_at)
                    return Taken(digest, size, is_new, steady)
                temp.unlink(missing_ok=True)
        raise AssertionError("the last look takes what there is")

    def take_all(self, sources: Sequence[Path]) -> list[Taken]:
        """The same for many files, several at a time; raises as :meth:`take`."""
        return side_by_side(self.take, sources)

    def has(self, digest: str, size: int | None) -> bool:
        """Whether the content is there, as long as it should be."""
        try:
            found = self._root.object(digest).stat().st_size
        except OSError:
            return False
        return size is None or found == size

    def touch(self, digest: str, size: int | None) -> bool:
        """The same, and it will be for a while: nobody takes it for garbage."""
        if not self.has(digest, size):
            return False
        with contextlib.suppress(PermissionError):  # another user's; gc looks at manifests too
            os.utime(self._root.object(digest))
        return True

    def path(self, digest: str) -> Path:
        """Where content lies."""
        return self._root.object(digest)

    def sync(self) -> None:
        """Make the names of new objects last, before anything refers to them."""
        folders, self._unsynced = self._unsynced, set()
        for folder in folders:
            sync_directory(folder)

    def _copy(self, fd: int) -> tuple[Path, str, int]:
        """A synced copy under a temporary name, its digest and its size."""
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
                fault("object.before_sync")
                with _writing(temp):
                    os.fsync(out)
            finally:
                os.close(out)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        return temp, hasher.hexdigest(), size

    def _publish(self, temp: Path, digest: str, size: int) -> bool:
        """Give a copy its name, or drop it if the content is there already."""
        target = self._root.object(digest)
        try:
            if self.touch(digest, size):
                temp.unlink(missing_ok=True)
                return False
            with _writing(target):
                target.parent.mkdir(exist_ok=True)
                fault("object.before_rename")
                temp.replace(target)
            fault("object.after_rename")
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        self._unsynced.add(target.parent)
        return True


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


def side_by_side(do: Callable[[A], B], things: Sequence[A]) -> list[B]:
    """What ``do`` makes of each thing, several at a time, in their order.

    Threads of its own, and the caller's one works too: at the end of the interpreter no thread
    can be started any more. The first error ends it, and is raised when all have stopped.
    """
    results: dict[int, B] = {}
    errors: list[BaseException] = []
    work = _Shared(enumerate(things))

    def run() -> None:
        for at, thing in work:
            if errors:
                return
            try:
                results[at] = do(thing)
            except BaseException as error:
                errors.append(error)

    threads: list[threading.Thread] = []
    with contextlib.suppress(RuntimeError):
        for _ in range(min(_THREADS, len(things)) - 1):
            thread = threading.Thread(target=run, name="nbtrack-files", daemon=True)
            thread.start()
            threads.append(thread)
    run()
    try:
        for thread in threads:
            thread.join()
    except BaseException as error:
        errors.append(error)
    if errors:
        raise errors[0]
    return [results[at] for at in range(len(things))]


class _Shared(Iterable[A]):
    """An iterator that several threads take from."""

    def __init__(self, items: Iterable[A]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[A]:
        while True:
            with self._lock:
                try:
                    item = next(self._items)
                except StopIteration:
                    return
            yield item


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
