"""The same done to many files, several at a time.

A disk that is told to keep many files at once needs a fraction of the time that it needs to keep
one after the other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from .layout import sync_directory

_THREADS = min(8, (os.cpu_count() or 1) + 2)
# They wait for the disk and for nothing else.
_SYNCING_THREADS = 16

A = TypeVar("A")
B = TypeVar("B")


class Crew:
    """So many threads, for work of which some may bring more work: whoever is idle helps there.

    Threads of its own, and the caller's one works too: at the end of the interpreter no thread
    can be started any more.
    """

    def __init__(self, threads: int) -> None:
        self._idle = threading.Semaphore(max(0, threads - 1))

    def do(self, do: Callable[[A], B], things: Sequence[A]) -> list[B]:
        """What ``do`` makes of each thing, several at a time, in their order.

        May be called from what it does. The first error ends it, and is raised when all have
        stopped.
        """
        results: dict[int, B] = {}
        errors: list[BaseException] = []
        work = _Shared(things)
        helpers: list[threading.Thread] = []

        def run() -> None:
            for at, thing in work:
                if errors:
                    return
                if work.left:
                    hire()
                try:
                    results[at] = do(thing)
                except BaseException as error:
                    errors.append(error)

        def help_out() -> None:
            try:
                run()
            finally:
                self._idle.release()

        def hire() -> None:
            if not self._idle.acquire(blocking=False):
                return
            helper = threading.Thread(target=help_out, name="nbtrack-files", daemon=True)
            try:
                helper.start()
            except RuntimeError:
                self._idle.release()
            else:
                helpers.append(helper)

        run()
        try:
            while helpers:
                helpers.pop().join()
        except BaseException as error:
            errors.append(error)
        if errors:
            raise errors[0]
        return [results[at] for at in range(len(things))]


def side_by_side(do: Callable[[A], B], things: Sequence[A], *, threads: int = _THREADS) -> list[B]:
    """What ``do`` makes of each thing, by so many threads: see :meth:`Crew.do`."""
    return Crew(threads).do(do, things)


def sync_files(paths: Sequence[Path]) -> None:
    """Make the contents of files last.

    Raises:
        OSError: One of them could not be written.
    """
    side_by_side(_sync, paths, threads=_SYNCING_THREADS)


def sync_folders(paths: Collection[Path]) -> None:
    """Make renames inside folders last, where the file system knows how."""
    side_by_side(sync_directory, list(paths), threads=_SYNCING_THREADS)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class _Shared(Generic[A]):
    """Things with their places, which several threads take.

    Attributes:
        left: How many nobody has taken.
    """

    def __init__(self, things: Sequence[A]) -> None:
        self._things = things
        self._lock = threading.Lock()
        self.left = len(things)

    def __iter__(self) -> Iterator[tuple[int, A]]:
        while True:
            with self._lock:
                if not self.left:
                    return
                at = len(self._things) - self.left
                self.left -= 1
            yield at, self._things[at]
