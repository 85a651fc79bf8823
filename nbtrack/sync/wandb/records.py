"""What a ``.wandb`` file holds: a log of records in LevelDB's framing, as wandb writes it.

wandb has no reader of its own that Python could call, and does not say when a disk was full.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_FILE_HEADER = 7
_BLOCK = 1 << 15
_FRAME = struct.Struct("<IHB")  # checksum, length, kind
_FULL, _FIRST, _LAST = 1, 2, 4


def records(path: Path) -> Iterator[bytes]:
    """The records that are whole, in order, up to the first one that is not.

    Raises:
        OSError: The file cannot be read.
    """
    pending = b""
    with path.open("rb") as file:
        file.seek(_FILE_HEADER)
        while True:
            left = _BLOCK - file.tell() % _BLOCK
            if left < _FRAME.size:
                file.seek(left, 1)
            head = file.read(_FRAME.size)
            if len(head) < _FRAME.size:
                return
            _, length, kind = _FRAME.unpack(head)
            part = file.read(length)
            if len(part) < length or not _FULL <= kind <= _LAST:
                return
            pending = part if kind in (_FULL, _FIRST) else pending + part
            if kind in (_FULL, _LAST):
                yield pending
