"""What is in a segment that is not sealed yet, for another place.

A segment is sealed when it is full, which takes hours where a row comes a minute. So it goes along
as far as it is written, and is replaced with each sync: the frames that are whole, behind its
header, which is what a reader of a journal expects.
"""

from __future__ import annotations

import time

import msgspec

from .._errors import NbtrackError
from .._process import liveness
from .frames import HEADER_SIZE, read_header, salt_of, scan
from .layout import RunDir, SegmentName
from .schema import SegmentEnd, decode_record
from .segment import FIRST_SIZE, LARGEST_SIZE

# One that is full this soon is sealed then: a copy of it would only lie about.
_SOON_SECONDS = 30.0


def written(run_dir: RunDir, name: SegmentName) -> bytes:
    """What a segment holds now; nothing if it has no records, or is full and sealed soon.

    Raises:
        FileNotFoundError: It was sealed since the look.
    """
    path, salt = run_dir.segment(name), salt_of(name.writer)
    data = path.read_bytes()
    found = scan(data, HEADER_SIZE, salt)
    if found.gaps:
        # Beside the writer a later frame may be seen before an earlier one.
        data = path.read_bytes()
        found = scan(data, HEADER_SIZE, salt)
    if not found.payloads or _is_full_soon(data[: found.end], found.payloads):
        return b""
    return data[: found.end]


def _is_full_soon(content: bytes, payloads: list[memoryview]) -> bool:
    size = len(content)
    if size < FIRST_SIZE:
        return False
    try:
        writer = read_header(content, "")
        first, last = decode_record(payloads[0]), decode_record(payloads[-1])
    except (NbtrackError, msgspec.DecodeError, ValueError, TypeError):
        return False
    if writer is None or liveness(writer.process) != "alive" or isinstance(last, SegmentEnd):
        return False
    took = max(0.0, time.time() - first.time / 1e6)
    return (LARGEST_SIZE - size) * took < _SOON_SECONDS * size
