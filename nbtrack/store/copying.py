"""Copies of files: shared blocks where the file system can, else in pieces; never a hard link.

A hard link would be changed by whoever later writes into the file that was recorded.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from .._errors import InvalidArtifactError
from .artifact_paths import check_path
from .layout import temporary

PIECE = 1 << 20
# _IOW(0x94, 9, int): makes the one file share the blocks of the other (btrfs, XFS, bcachefs).
_FICLONE = 0x40049409


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of a regular file; anything else, such as a pipe, is refused without waiting.

    Raises:
        OSError: It cannot be opened, or is no file.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(0, "it is not a regular file", os.fspath(path))
        yield fd
    finally:
        os.close(fd)


def clone(source: int, target: int) -> bool:
    """Make ``target`` share the blocks of ``source``, both open. False if that cannot be done."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def pieces(fd: int) -> Iterator[memoryview]:
    """What an open file holds from its beginning. Every piece lies in the same memory."""
    # No larger than needed: filling a megabyte with zeros takes longer than to read a small file.
    buffer = memoryview(bytearray(min(PIECE, os.fstat(fd).st_size + 1)))
    os.lseek(fd, 0, os.SEEK_SET)
    while size := os.readv(fd, [buffer]):
        yield buffer[:size]


def write_all(fd: int, piece: memoryview) -> None:
    """Write a piece."""
    while piece:
        piece = piece[os.write(fd, piece) :]


def copy(source: Path, target: Path, *, durable: bool = True) -> None:
    """Put a copy of a file at ``target`` in one step, with its times.

    ``durable=False`` leaves out the sync, for what can be copied again.

    Raises:
        OSError: One of the two cannot be read or written.
    """
    temp = temporary(target)
    try:
        with opened(source) as fd:
            found = os.fstat(fd)
            out = os.open(temp, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                if not clone(fd, out):
                    for piece in pieces(fd):
                        write_all(out, piece)
                os.utime(out, ns=(found.st_mtime_ns, found.st_mtime_ns))
                if durable:
                    os.fsync(out)
            finally:
                os.close(out)
        temp.replace(target)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


def make_place(root: Path, path: str) -> Path:
    """Where the file ``path`` lies below ``root``, with the folders to it made.

    Raises:
        InvalidArtifactError: It would lie outside: by its path, or because a folder is a link.
        OSError: A folder cannot be made.
    """
    target = root / check_path(path)
    inside, folder = root.resolve(), root
    folder.mkdir(parents=True, exist_ok=True)
    for part in path.split("/")[:-1]:
        folder = folder / part
        folder.mkdir(exist_ok=True)
        if not folder.resolve().is_relative_to(inside):
            raise InvalidArtifactError(
                f"{path!r} would be written outside of {root}: a folder there is a link",
                path=folder,
                hint="Remove the link, or choose another folder.",
            )
    return target
