"""One segment file, as a reader sees it while it may still grow."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from .._process import liveness
from .frames import FRAME_HEADER_SIZE, HEADER_SIZE, Gap, Scan, read_header, salt_of, scan
from .layout import RunDir, SegmentName
from .schema import Record, Role, SegmentEnd, WriterInfo, decode_record

_PIECE = 256 * 1024
_NOT_A_RECORD = (msgspec.DecodeError, ValueError, TypeError, RecursionError)


class Damage(NamedTuple):
    """Where a file does not hold what was written to it."""

    path: Path
    offset: int
    length: int

    def __str__(self) -> str:
        return f"{self.path}: {self.length} damaged bytes at offset {self.offset}"


def is_written_by(run_dir: RunDir, role: Role) -> bool:
    """Whether a living process in this role has a segment of the run; only the headers are read.

    Raises:
        NewerFormatError: A newer nbtrack wrote one.
        OSError: One cannot be read.
    """
    for name in run_dir.segments():
        path = run_dir.segment(name)
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            writer = read_header(file.read(HEADER_SIZE), str(path))
            if writer is not None and writer.role == role and liveness(writer.process) != "dead":
                return True
    return False


class SegmentTail:
    """Follows one segment.

    Reads with ``read``, never through a mapping: a segment is cut to its length when it is closed,
    and a mapping of the part cut off would kill the reader.

    Attributes:
        info: Who writes it; None while the header is unreadable.
        ended: The writer closed the segment and everything in it has been read.
        damage: What was damaged so far; the records around it were read.
    """

    def __init__(self, path: Path, name: SegmentName) -> None:
        self.path = path
        self.name = name
        self.info: WriterInfo | None = None
        self.ended = False
        self.damage: list[Damage] = []
        self._salt = salt_of(name.writer)
        self._position = HEADER_SIZE

    def read(self) -> list[Record]:
        """The records that came since the last call; see :meth:`batches`."""
        return [record for batch in self.batches() for record in batch]

    def batches(self, *, thorough: bool = True) -> Iterator[list[Record]]:
        """The records that came since the last call, in batches of bounded size.

        ``thorough=False`` takes a long run of zeros for the end, as somebody may who will come
        back in half a second; else every byte of the file is looked at.

        Raises:
            FileNotFoundError: The segment was sealed and unlinked.
            NewerFormatError: A newer nbtrack wrote it.
        """
        with self.path.open("rb", buffering=0) as file:
            fd = file.fileno()
            if self.info is None:
                self._read_header(fd)
            while True:
                found = self._scan(fd, thorough)
                if found.gaps:
                    # A reader that runs beside the writer can see a later frame before an
                    # earlier one; what is still missing at a second look is damage.
                    found = self._scan(fd, thorough)
                if found.end == self._position:
                    return
                self.damage += (Damage(self.path, *gap) for gap in found.gaps)
                start, self._position = self._position, found.end
                yield self._decode(found, start)

    def _read_header(self, fd: int) -> None:
        head = os.pread(fd, HEADER_SIZE, 0)
        self.info = read_header(head, str(self.path))
        damaged = [item for item in self.damage if item.offset]
        if self.info is None:
            damaged.insert(0, Damage(self.path, 0, len(head)))
        self.damage = damaged

    def _scan(self, fd: int, thorough: bool) -> Scan:
        """The frames of the next piece of the file; of more of it while there are none."""
        start = self._position
        size = _PIECE
        while True:
            data = os.pread(fd, size, start)
            found = scan(data, 0, self._salt)
            last = len(data) < size or not (thorough or data.strip(b"\0"))
            if found.payloads or last:
                gaps = [Gap(start + gap.offset, gap.length) for gap in found.gaps]
                return Scan(found.payloads, start + found.end, gaps)
            size *= 4

    def _decode(self, found: Scan, start: int) -> list[Record]:
        try:
            records = [decode_record(payload) for payload in found.payloads]
        except _NOT_A_RECORD:
            records = self._decode_around(found, start)
        kept = [record for record in records if type(record) is not SegmentEnd]
        self.ended = self.ended or len(kept) < len(records)
        return kept

    def _decode_around(self, found: Scan, start: int) -> list[Record]:
        """What can be decoded of intact frames of which one holds no record."""
        records: list[Record] = []
        gaps = dict(found.gaps)
        for payload in found.payloads:
            start += gaps.get(start, 0)
            length = FRAME_HEADER_SIZE + len(payload)
            try:
                records.append(decode_record(payload))
            except _NOT_A_RECORD:
                self.damage.append(Damage(self.path, start, length))
            start += length
        return records
