"""A segment that was cut, torn, zeroed or overwritten: exactly the intact records are read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nbtrack._errors import NewerFormatError
from nbtrack.store.frames import HEADER_SIZE, frame
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir, SegmentName
from nbtrack.store.schema import (
    AttemptEnd,
    AttemptStart,
    Beat,
    CellError,
    Change,
    Failure,
    Record,
    Row,
    Sample,
    encode_record,
)
from nbtrack.store.seal import seal_run
from nbtrack.store.tail import Damage, SegmentTail
from tests.journals import (
    append_rows,
    frame_bounds,
    logged,
    new_journal,
    new_run_dir,
    only_segment,
    read_journal,
    read_rows,
)

FAILURE = Failure(type="ValueError", message="nö", traceback="Traceback…", cell="[3]", line=2)
# One of each kind, and payloads that hold the mark of a frame.
RECORDS: list[Record] = [
    Row(1, 10, 0, 0, {"loss": 0.5}),
    AttemptStart(2, 11, 1, 1, "cell", 3, "fit", ["a"], "x = 1", {"lr": 0.1}),
    Row(3, 12, 1, 0, {"loss": float("nan"), "n": 2**64 - 1, "t": "text", "none": None}),
    Row(4, 13, 1, 1, {"bytes": bytes([0xC1] * 40)}),
    Sample(5, 14, {"cpu.percent": 1.5}),
    Change(6, 15, 1, "config", "lr", [0.1, {"a": None}]),
    Beat(7, 16),
    CellError(8, 17, 1, None, None, "1/0", FAILURE),
    Row(9, 18, 1, -5, {"nested": {"a": {"b": 1}}}),
    AttemptEnd(10, 19, 1, "failed", FAILURE, 1.5, 0.5),
    Row(11, 20, 0, 2**62, {"i": -(2**63)}),
]


class Written:
    """A segment with :data:`RECORDS` in it, and copies of it with other bytes."""

    def __init__(self, folder: Path, *, ended: bool) -> None:
        self.run_dir = new_run_dir(folder / "store")
        journal = new_journal(self.run_dir, journal="mmap")
        for record in RECORDS:
            journal.append(record)
        if ended:
            journal.close()
        self.name, self.path = only_segment(self.run_dir)
        self.data = self.path.read_bytes()
        self.bounds = frame_bounds(self.data)
        self._copy = folder / self.path.name

    def read(self, data: bytes) -> tuple[list[Any], SegmentTail]:
        self._copy.write_bytes(data)
        tail = SegmentTail(self._copy, self.name)
        records = [shown(record) for record in tail.read()]
        again = SegmentTail(self._copy, self.name)
        in_batches = [shown(record) for batch in again.batches() for record in batch]
        assert in_batches == records
        return records, tail

    def damage(self, *stretches: tuple[int, int]) -> list[Damage]:
        return [Damage(self._copy, offset, length) for offset, length in stretches]


def shown(record: Record) -> str:
    return repr(record)  # NaN is not equal to itself


EXPECTED = [shown(record) for record in RECORDS]


@pytest.fixture(params=[True, False], ids=["ended", "open"])
def written(tmp_path: Path, request: pytest.FixtureRequest) -> Written:
    return Written(tmp_path, ended=request.param)


def test_intact_segment_is_read_whole(written: Written) -> None:
    records, tail = written.read(written.data)
    assert records == EXPECTED
    assert tail.damage == []
    assert tail.info is not None
    assert tail.info.writer == written.name.writer


def test_cut_at_every_byte_leaves_the_frames_before(written: Written) -> None:
    last = written.bounds[-1][1]
    for length in range(last + 1):
        whole = sum(end <= length for _, end in written.bounds)
        records, tail = written.read(written.data[:length])
        assert records == EXPECTED[:whole], length
        # A torn tail is "not yet", or the end: only a header can be missing.
        short = length < HEADER_SIZE and tail.info is None
        assert tail.damage == (written.damage((0, length)) if short else []), length
        assert tail.ended == (whole > len(RECORDS)), length


@pytest.mark.parametrize("flip", [0xFF, 0x01, 0x80])
def test_flip_of_every_byte_of_every_frame_loses_that_frame_alone(
    written: Written, flip: int
) -> None:
    ended = len(written.bounds) > len(RECORDS)
    for at, (start, end) in enumerate(written.bounds):
        intact = EXPECTED[:at] + EXPECTED[at + 1 :]
        for offset in range(start, end):
            data = bytearray(written.data)
            data[offset] ^= flip
            records, tail = written.read(bytes(data))
            assert records == intact, offset
            # Behind the last frame nothing tells damage from a frame not written yet.
            last = at == len(written.bounds) - 1
            assert tail.damage == ([] if last else written.damage((start, end - start))), offset
            assert tail.ended == (ended and not last), offset


@pytest.mark.parametrize("flip", [0xFF, 0x01])
def test_flip_of_every_byte_of_the_header_loses_no_record(written: Written, flip: int) -> None:
    body = written.data[:HEADER_SIZE].rstrip(b"\0")
    for offset in range(HEADER_SIZE):
        data = bytearray(written.data)
        data[offset] ^= flip
        records, tail = written.read(bytes(data))
        assert records == EXPECTED, offset
        meant = offset < len(body)
        assert tail.damage == (written.damage((0, HEADER_SIZE)) if meant else []), offset
        assert (tail.info is None) == meant, offset


def test_every_stretch_of_frames_zeroed(written: Written) -> None:
    bounds = written.bounds[: len(RECORDS)]
    for first in range(len(bounds)):
        for last in range(first, len(bounds) - 1):
            data = bytearray(written.data)
            start, end = bounds[first][0], bounds[last][1]
            data[start:end] = bytes(end - start)
            records, tail = written.read(bytes(data))
            assert records == EXPECTED[:first] + EXPECTED[last + 1 :], (first, last)
            assert tail.damage == written.damage((start, end - start)), (first, last)


def test_two_damaged_frames_are_two_stretches(written: Written) -> None:
    data = bytearray(written.data)
    (a, a_end), (b, b_end) = written.bounds[1], written.bounds[6]
    data[a] ^= 1
    data[b + 9] ^= 1
    records, tail = written.read(bytes(data))
    assert records == [record for at, record in enumerate(EXPECTED) if at not in (1, 6)]
    assert tail.damage == written.damage((a, a_end - a), (b, b_end - b))
    assert str(tail.damage[0]) == f"{tail.path}: {a_end - a} damaged bytes at offset {a}"


@pytest.mark.parametrize("length", [600 << 10, 3 << 20])
def test_a_long_stretch_of_zeros_hides_nothing_behind_it(tmp_path: Path, length: int) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir, journal="write")
    count = length // 16
    append_rows(journal, range(count))
    journal.close()
    name = max(run_dir.segments(), key=lambda name: run_dir.segment(name).stat().st_size)
    path = run_dir.segment(name)
    data = bytearray(path.read_bytes())
    bounds = frame_bounds(bytes(data))
    inside = [(a, b) for a, b in bounds[:-1] if b > 2000 and a < 2000 + length]
    start, end = inside[0][0], inside[-1][1]
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    rows, damage = read_rows(run_dir)
    assert len(rows) == count - len(inside)
    assert damage == [Damage(path, start, end - start)]


def test_a_frame_larger_than_what_is_read_at_once(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir)
    values = ["a" * 300_000, 1, "b" * 3_000_000, 2, "c" * 16_000_000, 3]
    append_rows(journal, values)
    journal.close()
    assert logged(run_dir) == values


def test_damage_inside_a_large_frame_takes_only_that(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir)
    append_rows(journal, [0, os.urandom(3_000_000), 2])
    journal.close()
    name = run_dir.segments()[-1]
    path = run_dir.segment(name)
    data = bytearray(path.read_bytes())
    start, end = max(frame_bounds(bytes(data)), key=lambda bound: bound[1] - bound[0])
    data[(start + end) // 2] ^= 1
    path.write_bytes(data)
    rows, damage = read_rows(run_dir)
    assert [row.data["i"] for row in rows] == [0, 2]
    assert damage == [Damage(path, start, end - start)]


def test_an_intact_frame_that_is_no_record_is_damage_where_it_lies(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir)
    append_rows(journal, range(3))
    strange = [
        encode_record([99, 1, 2]),
        encode_record({"a": 1}),
        encode_record([0, 1, 2, 3, 4, 5]),
    ]
    for payload in strange:
        journal.put_slowly(frame(payload, journal.salt))
        append_rows(journal, range(3))
    _, path = only_segment(run_dir)
    bounds = frame_bounds(path.read_bytes())
    rows, damage = read_rows(run_dir)
    assert [row.data["i"] for row in rows] == [0, 1, 2] * 4
    assert [(d.path, d.offset, d.length) for d in damage] == [
        (path, bounds[at][0], bounds[at][1] - bounds[at][0]) for at in (3, 7, 11)
    ]


def test_frames_of_another_writer_inside_a_payload_are_not_read(tmp_path: Path) -> None:
    other = new_run_dir(tmp_path / "store", "other")
    journal = new_journal(other)
    append_rows(journal, range(20))
    journal.close()
    foreign = other.segment(other.segments()[0]).read_bytes()
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir)
    append_rows(journal, [0, foreign, 2])
    journal.close()
    _, path = only_segment(run_dir)
    data = bytearray(path.read_bytes())
    start, end = frame_bounds(bytes(data))[1]
    data[start + 8] ^= 1
    path.write_bytes(data)
    rows, damage = read_rows(run_dir)
    assert [row.data["i"] for row in rows] == [0, 2]
    assert damage == [Damage(path, start, end - start)]


@pytest.mark.parametrize("thorough", [True, False])
def test_follows_a_segment_as_it_grows(tmp_path: Path, thorough: bool) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir)
    seen: list[int] = []
    journal.open()
    name, path = only_segment(run_dir)
    tail = SegmentTail(path, name)
    for i in range(200):
        append_rows(journal, [i])
        if i % 3 == 0:
            for batch in tail.batches(thorough=thorough):
                seen += (record.data["i"] for record in batch if isinstance(record, Row))
            assert seen == list(range(i + 1))
            assert not tail.ended
    journal.close()
    seen += (record.data["i"] for record in tail.read() if isinstance(record, Row))
    assert seen == list(range(200))
    assert tail.ended
    assert tail.read() == []
    assert tail.damage == []


def test_a_torn_frame_is_read_once_it_is_whole(tmp_path: Path) -> None:
    written = Written(tmp_path, ended=True)
    path = written._copy
    start, end = written.bounds[4]
    path.write_bytes(written.data[: start + 5])
    tail = SegmentTail(path, written.name)
    assert [shown(record) for record in tail.read()] == EXPECTED[:4]
    assert tail.read() == []
    path.write_bytes(written.data[:end])
    assert [shown(record) for record in tail.read()] == EXPECTED[4:5]
    path.write_bytes(written.data)
    assert [shown(record) for record in tail.read()] == EXPECTED[5:]
    assert tail.damage == []


def test_a_header_that_is_there_later_is_no_damage(tmp_path: Path) -> None:
    written = Written(tmp_path, ended=True)
    path = written._copy
    path.write_bytes(written.data[:100])
    tail = SegmentTail(path, written.name)
    assert tail.read() == []
    assert tail.damage == written.damage((0, 100))
    path.write_bytes(written.data)
    assert [shown(record) for record in tail.read()] == EXPECTED
    assert tail.damage == []
    assert tail.info is not None


def test_a_vanished_segment_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SegmentTail(tmp_path / "o123-000001.seg", SegmentName("o123", 1)).read()


def test_an_intact_header_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    written = Written(tmp_path, ended=True)
    written.path.write_bytes(with_version(written.data, 99))
    with pytest.raises(NewerFormatError, match=r"format 99; this nbtrack reads up to 2") as caught:
        read_journal(written.run_dir)
    assert caught.value.path == str(written.path)
    with pytest.raises(NewerFormatError):
        seal_run(written.run_dir)
    assert written.path.exists()


def test_damaged_segments_are_not_sealed_away(tmp_path: Path) -> None:
    written = Written(tmp_path, ended=True)
    data = bytearray(written.data)
    data[written.bounds[0][0]] ^= 1
    written.path.write_bytes(data)
    assert seal_run(written.run_dir) == []
    assert written.path.read_bytes() == bytes(data)
    assert RunDir(written.run_dir.path).sealed_sets() == []


def with_version(data: bytes, version: int) -> bytes:
    """The segment as a newer nbtrack might write it, its CRC intact."""
    import struct
    from zlib import crc32

    _, _, length, _ = struct.unpack_from("<4sHHI", data)
    body = data[12 : 12 + length]
    return struct.pack("<4sHHI", b"NBTJ", version, length, crc32(body, version)) + data[12:]


def test_times_are_microseconds() -> None:
    import time

    assert abs(now() - time.time_ns() // 1000) < 10_000_000
