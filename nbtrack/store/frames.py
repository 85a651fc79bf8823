"""The bytes of a segment file.

A segment is a header of :data:`HEADER_SIZE` bytes, then frames, then zeros.

- Header: ``NBTJ``, format version (u16), length (u16) and CRC-32 (u32) of a JSON
  :class:`~nbtrack.store.schema.WriterInfo`, that JSON, zeros. The CRC covers the version.
- Frame: ``0xC1`` (a byte that msgpack never uses), payload length (u24), CRC-32 (u32), payload,
  all little-endian. The CRC starts from a salt, the CRC-32 of the writer's name, so that bytes of
  another writer's journal inside a payload are never taken for a frame.

A frame is whole or it is nothing: the reader tells "not written yet" and "torn by a kill" (nothing
valid follows) from damage in the middle (a valid frame follows), and reads on behind damage.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple
from zlib import crc32

import msgspec

from .._decoding import from_json
from .._errors import InvalidDataError, NewerFormatError
from .schema import FORMAT_VERSION, WriterInfo

MAGIC = b"NBTJ"
HEADER_SIZE = 1024
FRAME_HEADER_SIZE = 8
MAX_PAYLOAD = (1 << 24) - 1
MARK = 0xC1

pack_frame_header = struct.Struct("<II").pack
_unpack_frame_header = struct.Struct("<II").unpack_from
_HEADER = struct.Struct("<4sHHI")
# How a frame with a record in it begins: every record is a msgpack array of up to 15 elements, the
# first of which, its kind, is small. Behind damage this spares most of the CRCs over megabytes.
_LIKE_A_FRAME = re.compile(rb"\xc1.{7}[\x90-\x9f][\x00-\x1f]", re.DOTALL)


class Gap(NamedTuple):
    """Bytes of a file that are not what was written."""

    offset: int
    length: int


class Scan(NamedTuple):
    """What a stretch of frames holds.

    Attributes:
        payloads: The intact payloads, in order.
        end: Where the next frame will begin.
        gaps: Damage between intact frames.
    """

    payloads: list[memoryview]
    end: int
    gaps: list[Gap]


def salt_of(writer: str) -> int:
    """Where the CRC of a writer's frames starts."""
    return crc32(writer.encode())


# Above this zlib gives up the GIL, and getting it back from a busy thread takes milliseconds.
CRC_PIECE = 5 << 10


def checksum(payload: bytes, salt: int) -> int:
    """CRC-32 of a payload, started from ``salt``, without ever giving up the GIL."""
    for at in range(0, len(payload), CRC_PIECE):
        salt = crc32(payload[at : at + CRC_PIECE], salt)
    return salt


def frame(payload: bytes, salt: int) -> bytes:
    """``payload`` as it stands in a segment.

    Raises:
        InvalidDataError: It is larger than 16 MiB.
    """
    if len(payload) > MAX_PAYLOAD:
        raise InvalidDataError(
            f"a record of {len(payload) / 2**20:.1f} MiB; a record holds up to 16 MiB",
            hint="Nothing of it was recorded.",
        )
    return pack_frame_header(len(payload) << 8 | MARK, checksum(payload, salt)) + payload


def header(info: WriterInfo) -> bytes:
    """The first :data:`HEADER_SIZE` bytes of a segment."""
    body = msgspec.json.encode(info)
    crc = crc32(body, FORMAT_VERSION)
    packed = _HEADER.pack(MAGIC, FORMAT_VERSION, len(body), crc) + body
    if len(packed) > HEADER_SIZE:
        raise ValueError(f"a segment header of {len(packed)} bytes does not fit {HEADER_SIZE}")
    return packed.ljust(HEADER_SIZE, b"\0")


def read_header(data: bytes, path: str) -> WriterInfo | None:
    """Who wrote the segment that begins with ``data``; None where the header is damaged.

    Raises:
        NewerFormatError: The segment is intact and of a format newer than this nbtrack's.
    """
    if len(data) < _HEADER.size:
        return None
    magic, version, length, crc = _HEADER.unpack_from(data)
    body = data[_HEADER.size : _HEADER.size + length]
    if magic != MAGIC or len(body) != length or crc32(body, version) != crc:
        return None
    if version > FORMAT_VERSION:
        raise newer_format(path, version)
    try:
        return from_json(body, WriterInfo)
    except msgspec.DecodeError:
        return None


def newer_format(path: str, version: int) -> NewerFormatError:
    """The error for a file of a format that this nbtrack does not know yet."""
    return NewerFormatError(
        f"written in format {version}; this nbtrack reads up to {FORMAT_VERSION}",
        path=path,
        operation="read the run",
        hint="Upgrade nbtrack to read it.",
    )


def scan(data: bytes, start: int, salt: int) -> Scan:
    """Every intact frame of ``data`` from ``start`` on."""
    view = memoryview(data)
    size = len(data)
    payloads: list[memoryview] = []
    gaps: list[Gap] = []
    position = start
    while True:
        # The same as _frame_end, written out: this loop runs once for every row ever read.
        body = position + FRAME_HEADER_SIZE
        if body <= size:
            word, crc = _unpack_frame_header(data, position)
            end = body + (word >> 8)
            if word & 0xFF == MARK and end <= size:
                payload = view[body:end]
                if crc32(payload, salt) == crc:
                    payloads.append(payload)
                    position = end
                    continue
        following = _next_frame(data, view, position + 1, salt)
        if following is None:
            return Scan(payloads, position, gaps)
        gaps.append(Gap(position, following - position))
        position = following


def _frame_end(data: bytes, view: memoryview, position: int, salt: int) -> int:
    """The end of the frame at ``position``; 0 if none is there."""
    if len(data) - position < FRAME_HEADER_SIZE:
        return 0
    word, crc = _unpack_frame_header(data, position)
    end: int = position + FRAME_HEADER_SIZE + (word >> 8)
    if word & 0xFF != MARK or end > len(data):
        return 0
    return end if crc32(view[position + FRAME_HEADER_SIZE : end], salt) == crc else 0


def _next_frame(data: bytes, view: memoryview, position: int, salt: int) -> int | None:
    while True:
        found = _LIKE_A_FRAME.search(data, position)
        if found is None:
            return None
        position = found.start()
        if _frame_end(data, view, position, salt):
            return position
        position += 1
