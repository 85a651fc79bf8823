"""The contents of media on their way to disk, and their names.

What is a file already is put under its final name at once. Pixels, samples and tables wait in the
spool for whoever encodes them: the caller of ``log()`` pays for one copy only. A name is the digest
of the bytes that were put there first, so it is known at once, and the same content is kept once.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from .._errors import DamagedFileError
from .faults import fault
from .layout import RunDir, temporary

# Bytes in one piece.
Part = bytes | memoryview

_NAME = re.compile(r"[0-9a-f]{40}\.[a-z0-9]{2,7}")
_DIGEST_BYTES = 20
# A spooled file: this, the length of the header, the header as JSON, the content.
_MARK = b"nbmedia1"
_LENGTH_BYTES = 4
_PIECE = 1 << 20


class Raw(NamedTuple):
    """A spooled content, and how it is to be encoded."""

    header: dict[str, Any]
    content: memoryview


def is_media_name(name: object) -> bool:
    """Whether this may be the name of a file in the folder of media, and of nothing elsewhere."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def put_file(run_dir: RunDir, ending: str, parts: Sequence[Part]) -> str:
    """Keep the bytes of a whole file; returns its name.

    Raises:
        OSError: It cannot be written.
    """
    return _put(run_dir.media, run_dir, ending, parts)


def put_raw(run_dir: RunDir, ending: str, header: dict[str, Any], parts: Sequence[Part]) -> str:
    """Keep bytes that are to be encoded as ``header`` says; returns the name they will have then.

    Raises:
        OSError: They cannot be written.
    """
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    head = _MARK + len(text).to_bytes(_LENGTH_BYTES, "little") + text
    return _put(run_dir.spool, run_dir, ending, [head, *parts])


def copy_file(run_dir: RunDir, ending: str, source: IO[bytes]) -> str:
    """Keep what an open file holds, read once; returns its name.

    Raises:
        OSError: It cannot be read or written.
    """
    from blake3 import blake3

    digest = blake3()
    temp = _temporary(run_dir, run_dir.media, ending)
    try:
        with temp.open("xb") as target:
            while piece := source.read(_PIECE):
                digest.update(piece)
                target.write(piece)
        name = f"{digest.hexdigest(length=_DIGEST_BYTES)}.{ending}"
        if (run_dir.media / name).exists():
            temp.unlink()
        else:
            temp.replace(run_dir.media / name)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    return name


def spooled(run_dir: RunDir) -> list[str]:
    """The names of what waits to be encoded, oldest first."""
    found: list[tuple[int, str]] = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in os.scandir(run_dir.spool):
            with contextlib.suppress(OSError):
                if is_media_name(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
    return [name for _, name in sorted(found)]


def read_raw(run_dir: RunDir, name: str) -> Raw:
    """What waits in the spool under this name.

    Raises:
        FileNotFoundError: Nothing does.
        DamagedFileError: It is not what was put there.
    """
    from blake3 import blake3

    path = run_dir.spool / name
    with open_inside(path) as file:
        data = file.read()
    start = len(_MARK) + _LENGTH_BYTES
    end = start + int.from_bytes(data[len(_MARK) : start], "little")
    digest = blake3(data).hexdigest(length=_DIGEST_BYTES)
    if not data.startswith(_MARK) or name.partition(".")[0] != digest:
        raise DamagedFileError("not what was logged", path=path, operation="read media")
    return Raw(json.loads(data[start:end]), memoryview(data)[end:])


def set_aside(run_dir: RunDir, name: str) -> None:
    """Leave what nothing can be made of as evidence, and look at it no more."""
    with contextlib.suppress(OSError):
        (run_dir.spool / name).rename(run_dir.spool / f"{name}.damaged")


def open_inside(path: Path) -> IO[bytes]:
    """Open a file of the folder of media, never one that a link leads to.

    Raises:
        FileNotFoundError: There is none, or it is a link or no plain file.
        OSError: It cannot be read.
    """
    if path.parent.is_symlink() or path.is_symlink():
        raise FileNotFoundError(f"{path} is a link; nothing is read through it")
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileNotFoundError(f"{path} is no file")
    return os.fdopen(fd, "rb")


def _put(folder: Path, run_dir: RunDir, ending: str, parts: Iterable[Part]) -> str:
    from blake3 import blake3

    digest = blake3()
    for part in parts:
        digest.update(part)
    name = f"{digest.hexdigest(length=_DIGEST_BYTES)}.{ending}"
    # Encoded between the two looks, it is put there once more, which is harmless.
    if (run_dir.media / name).exists() or (folder / name).exists():
        return name
    temp = _temporary(run_dir, folder, ending)
    try:
        _write_new(temp, parts)
        fault("media.before_rename")
        temp.replace(folder / name)
        fault("media.after_rename")
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    return name


def _temporary(run_dir: RunDir, folder: Path, ending: str) -> Path:
    # Not the run's own: one that was discarded must not come back.
    run_dir.media.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    return temporary(folder / f"new.{ending}")


def _write_new(path: Path, parts: Iterable[Part]) -> None:
    # By itself: an interrupt between a loop and the end of its `with` passes a `try` around both.
    with path.open("xb", buffering=0) as file:
        for part in parts:
            _write_all(file, part)


def _write_all(file: IO[bytes], part: Part) -> None:
    left = memoryview(part).cast("B")
    while left:
        left = left[file.write(left) :]
