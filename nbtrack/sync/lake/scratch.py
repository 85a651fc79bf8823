"""Temporary folders that do not outlive their process for long, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "nbtrack-lake-"
# A folder that has just been made is not locked yet.
_SETTLED_SECONDS = 60.0


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder, removed at the end.

    Raises:
        OSError: It cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        with _locked(folder):
            yield folder


def remove_left() -> None:
    """Remove those that processes of this user left behind that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            settled = status.st_mtime < time.time() - _SETTLED_SECONDS
            if status.st_uid == os.getuid() and settled:
                with _locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The system lets go when this process dies; OSError if another one has it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)
