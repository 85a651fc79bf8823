"""The same done to many files, several at a time.

A disk that is told to keep many files at once needs a fraction of the time that it needs to keep
one after the other.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from .layout import sync_directory

_THREADS = min(8, (os.cpu_count() or 1) + 2)
# They wait for the disk and for nothing else.
_SYNCING_THREADS = 16

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(do: Callable[[A], B], things: Sequence[A], *, threads: int = _THREADS) -> list[B]:
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

    started: list[threading.Thread] = []
    with contextlib.suppress(RuntimeError):
        for _ in range(min(threads, len(things)) - 1):
            thread = threading.Thread(target=run, name="nbtrack-files", daemon=True)
            thread.start()
            started.append(thread)
    run()
    try:
        for thread in started:
            thread.join()
    except BaseException as error:
        errors.append(error)
    if errors:
        raise errors[0]
    return [results[at] for at in range(len(things))]


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
