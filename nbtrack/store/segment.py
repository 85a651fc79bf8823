"""One journal file, as its writer sees it: mapped, or appended to where mapping is not safe.

**Why a mapping**: every system call gives up the GIL, and getting it back from a busy thread takes
milliseconds (5 ms at the 99th percentile, against 30 µs for a copy into a mapping). Crash safety
is the same: the page cache belongs to the kernel, not to the process that dies.

**Why no lock**: ``mmap.write`` copies a whole frame and moves the position in one C call that
holds the GIL. Threads, signal handlers, ``__del__`` and a KeyboardInterrupt between two lines can
come before a frame or after it, never inside.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import mmap
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import Literal

from .faults import fault
from .frames import HEADER_SIZE, frame, scan
from .locks import PatientLock

FIRST_SIZE = 64 << 10
LARGEST_SIZE = 2 << 20
_GROWTH = 4
# What is being written cannot be sealed, so it must be a small part of what may be unsealed.
_SEGMENTS_IN_QUOTA = 8

# Room behind the mapping for what ends a segment, and with it perhaps the run, on a full disk too.
END_ROOM = 8 << 10

# File systems on which a preallocated block stays where it is. On copy-on-write and network file
# systems a full disk would be SIGBUS in the person's kernel, however much was preallocated.
_MAPPABLE = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs"})


class QuietFile(FileIO):
    """A file that may be left without a warning: the parent's in a child, or by an interrupt."""

    def __del__(self) -> None:
        self.close()


class Segment(ABC):
    """A journal file that is being written.

    Attributes:
        path: Where it lies.
        size: How large it becomes.
        write: Appends one frame. Raises ValueError when it does not fit or the segment has ended,
            OSError when the disk is full; then the frame is not in the segment.
    """

    write: Callable[[bytes], object]

    def __init__(self, path: Path, size: int, salt: int, file: FileIO) -> None:
        self.path = path
        self.size = size
        self._salt = salt
        self._file = file
        self._lock = PatientLock()

    def put_in_place(self, path: Path) -> None:
        """Give the file its name; until then no reader sees it. Repeatable."""
        fault("segment.before_rename")
        try:
            self.path.rename(path)
        except FileNotFoundError:
            if not path.exists():
                raise
        self.path = path
        fault("segment.after_rename")

    def discard(self) -> None:
        """Drop a prepared file that was never put in place."""
        self._stop()
        self.path.unlink(missing_ok=True)
        self._file.close()

    def end(self, last_payload: bytes, frames: Sequence[bytes] = ()) -> None:
        """Append the last frame; from then on :attr:`write` refuses everything. Repeatable.

        Args:
            last_payload: What the last frame says.
            frames: To be written before it, as far as :data:`END_ROOM` holds them: there is room
                for them even on a full disk.

        Raises:
            OSError: There is no room for it.
        """
        last = frame(last_payload, self._salt)
        content = b""
        for data in frames:
            if len(content) + len(data) + len(last) <= END_ROOM:
                content += data
        lock = self._lock.take()
        try:
            position = self._stop()
            if not self._file.closed:
                self._end_at(position, content + last)
        finally:
            lock.release()

    def _end_at(self, position: int, last: bytes) -> None:
        # Through the file object throughout: a signal handler may end the same segment, and the
        # number of a closed file soon belongs to another one.
        file = self._file
        file.seek(position)
        # Frames that another thread appended while this one was stopping the segment.
        used = position + scan(file.readall(), 0, self._salt).end
        file.seek(used)
        fault("segment.before_end")
        if file.write(last) < len(last):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        file.truncate(used + len(last))
        fault("segment.after_end")
        file.close()

    @abstractmethod
    def _stop(self) -> int:
        """Refuse further writes. Returns an offset before which everything is whole frames."""


class MappedSegment(Segment):
    """Preallocated and mapped; an append is a copy."""

    def __init__(self, path: Path, size: int, salt: int, file: FileIO) -> None:
        super().__init__(path, size, salt, file)
        self._map = mmap.mmap(file.fileno(), size - END_ROOM)
        self._map.seek(HEADER_SIZE)
        self._position = HEADER_SIZE
        self.write = self._map.write

    def _stop(self) -> int:
        if not self._map.closed:
            self._position = self._map.tell()
            self._map.close()
        return self._position


class AppendedSegment(Segment):
    """Appended to with ``write(2)``, during which other threads run: hence a lock."""

    def __init__(self, path: Path, size: int, salt: int, file: FileIO) -> None:
        super().__init__(path, size, salt, file)
        self._room = size - END_ROOM - HEADER_SIZE
        self._torn_at: int | None = None
        self.write = self._append

    def _append(self, data: bytes) -> None:
        lock = self._lock.take()
        try:
            if len(data) > self._room:
                raise ValueError("the segment is full")
            self._room -= len(data)
            try:
                written = self._file.write(data)
            except OSError:
                self._room = 0
                raise
            if written < len(data):
                # The torn frame becomes this segment's tail: nothing may follow it.
                self._room = 0
                self._torn_at = self._file.tell() - written
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        finally:
            lock.release()

    def _stop(self) -> int:
        self._room = 0
        if self._torn_at is not None or self._file.closed:
            return self._torn_at or HEADER_SIZE
        return self._file.seek(0, os.SEEK_END)


def create_segment(path: Path, head: bytes, size: int, salt: int, *, mapped: bool) -> Segment:
    """A new segment of ``size`` bytes, under a name that is not its last.

    Raises:
        OSError: It cannot be created, or there is no room for it.
    """
    file = QuietFile(path, "x+")
    try:
        if mapped:
            _allocate(file.fileno(), size)
            os.pwrite(file.fileno(), head, 0)
            fault("segment.created")
            return MappedSegment(path, size, salt, file)
        if file.write(head) < len(head):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        fault("segment.created")
        return AppendedSegment(path, size, salt, file)
    except BaseException:
        file.close()
        path.unlink(missing_ok=True)
        raise


def growing_sizes(quota: int) -> Iterator[int]:
    """The sizes of a journal's segments, one after the other, for ``quota`` bytes in all."""
    largest = max(FIRST_SIZE, min(LARGEST_SIZE, quota // _SEGMENTS_IN_QUOTA))
    growing = [size for size in (FIRST_SIZE * _GROWTH**n for n in range(4)) if size < largest]
    # No generator: a signal handler may ask for the next size while the next is being made.
    return itertools.chain(growing, itertools.repeat(largest))


def can_map(folder: Path, preference: Literal["auto", "mmap", "write"]) -> bool:
    """Whether segments in ``folder`` are mapped."""
    if preference != "auto":
        return preference == "mmap"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False  # without a GIL nothing makes mmap.write atomic
    return sys.platform == "darwin" or file_system(folder) in _MAPPABLE


def file_system(folder: Path) -> str:
    """The type of the file system that holds ``folder``, as Linux names it; else ''."""
    with contextlib.suppress(OSError):
        device = os.stat(folder).st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            fields = line.split()
            if fields[2] == wanted:
                return fields[fields.index("-") + 1]
    return ""


def _allocate(fd: int, size: int) -> None:
    """Give the file real blocks, so that a full disk is an error here and not a SIGBUS later.

    And write to them: the first touch of a page that is merely reserved costs the row that happens
    to reach it microseconds in the file system.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
    zeros = bytes(1 << 16)
    offset = 0
    while offset < size:
        offset += os.pwrite(fd, zeros[: size - offset], offset)
