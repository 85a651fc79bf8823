"""Whatever is written is read again, and whatever happens to the bytes, exactly the rest is."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbtrack._errors import NewerFormatError
from nbtrack.store.backlog import BACKLOG_BYTES, Backlog, up_to
from nbtrack.store.frames import HEADER_SIZE, frame, read_header, scan
from nbtrack.store.layout import SegmentName
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
from nbtrack.store.tail import SegmentTail
from tests.journals import (
    KINDS,
    frame_bounds,
    new_journal,
    new_run_dir,
    only_segment,
    read_journal,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(max_size=20)
VALUE = st.one_of(
    st.floats(),
    st.integers(-(2**63), 2**64 - 1),
    st.booleans(),
    st.none(),
    TEXT,
    st.binary(max_size=60),
)
DATA = st.dictionaries(TEXT, st.recursive(VALUE, lambda v: st.dictionaries(TEXT, v), max_leaves=4))
FAILURE = st.builds(
    Failure,
    type=TEXT,
    message=TEXT,
    traceback=TEXT,
    cell=st.none() | TEXT,
    line=st.none() | st.integers(1, 10**6),
)
RECORD: st.SearchStrategy[Record] = st.one_of(
    st.builds(Row, INT64, INT64, INT64, INT64, DATA),
    st.builds(Sample, INT64, INT64, st.dictionaries(TEXT, st.floats(), max_size=5)),
    st.builds(Change, INT64, INT64, INT64, st.just("config"), TEXT, DATA),
    st.builds(Beat, INT64, INT64),
    st.builds(CellError, INT64, INT64, INT64, st.none() | TEXT, st.none() | INT64, TEXT, FAILURE),
    st.builds(
        AttemptStart,
        *[INT64] * 4,
        st.none() | TEXT,
        st.none() | INT64,
        st.none() | TEXT,
        st.lists(TEXT, max_size=3),
        TEXT,
        DATA,
    ),
    st.builds(
        AttemptEnd,
        *[INT64] * 3,
        st.sampled_from(["finished", "failed", "interrupted", "moved"]),
        st.none() | FAILURE,
        st.floats(allow_nan=False),
        st.floats(allow_nan=False),
    ),
)
# Bytes that frames are made of come up more often than chance would have it.
NASTY = st.binary(max_size=40) | st.lists(
    st.sampled_from([b"\xc1", b"\x00", b"\x96\x00", b"\xc1\x05\x00\x00", b"NBTJ"]), max_size=12
).map(b"".join)


def shown(records: list[Any]) -> list[str]:
    return [repr(record) for record in records]  # NaN is not equal to itself


class Segment:
    """Records in a segment, and what is read when its bytes are others."""

    def __init__(self, folder: str, records: list[Record], *, ended: bool) -> None:
        self.run_dir = new_run_dir(Path(folder) / "store")
        journal = new_journal(self.run_dir, journal="write")
        journal.open()
        for record in records:
            journal.append(record)
        self.name, path = only_segment(self.run_dir)
        if ended:
            journal.close()
        self.data = path.read_bytes()
        self.bounds = frame_bounds(self.data)
        self.copy = Path(folder) / path.name

    def read(self, data: bytes) -> SegmentTail:
        self.copy.write_bytes(data)
        return SegmentTail(self.copy, self.name)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(RECORD, max_size=30), kind=st.sampled_from(KINDS), ended=st.booleans())
def test_what_is_written_is_read(records: list[Record], kind: Any, ended: bool) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run_dir = new_run_dir(Path(folder) / "store")
        journal = new_journal(run_dir, journal=kind)
        for record in records:
            journal.append(record)
        if ended:
            journal.close()
        found, damage = read_journal(run_dir)
        journal.close()
    assert shown([record for _, record in found]) == shown(records)
    assert damage == []


@settings(max_examples=200, deadline=None)
@given(
    records=st.lists(RECORD, min_size=1, max_size=12),
    ended=st.booleans(),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=4),
    zeros=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.3)), max_size=2),
    cut=st.none() | st.floats(0, 1),
    behind=st.sampled_from([b"", bytes(3000)]) | NASTY,
)
def test_exactly_the_intact_records_are_read(
    records: list[Record],
    ended: bool,
    flips: list[tuple[float, int]],
    zeros: list[tuple[float, float]],
    cut: float | None,
    behind: bytes,
) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        segment = Segment(folder, records, ended=ended)
        size = len(segment.data)
        data = bytearray(segment.data)
        for place, flip in flips:
            data[int(place * size)] ^= flip
        for place, part in zeros:
            start = int(place * size)
            stretch = range(start, min(size, start + int(part * size)))
            data[start : stretch.stop] = bytes(len(stretch))
        if cut is not None:
            del data[int(cut * size) :]
        else:
            data += behind
        tail = segment.read(bytes(data))
        found = tail.read()
    intact = [bytes(data[a:b]) == segment.data[a:b] for a, b in segment.bounds]
    expected = [record for record, whole in zip(records, intact, strict=False) if whole]
    assert shown(found) == shown(expected)
    header_meant = len(segment.data[:HEADER_SIZE].rstrip(b"\0"))
    header_intact = data[:header_meant] == segment.data[:header_meant]
    assert (tail.info is not None) == header_intact
    assert tail.ended == (ended and intact[-1])
    # Damaged frames in a row are one stretch; behind the last intact one there is no telling.
    stretches: list[tuple[int, int]] = []
    for (start, end), whole in zip(segment.bounds, intact, strict=True):
        if whole:
            continue
        if stretches and stretches[-1][1] == start:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    last = max(
        (b for (_, b), whole in zip(segment.bounds, intact, strict=True) if whole), default=0
    )
    told = [(d.offset, d.offset + d.length) for d in tail.damage if d.offset]
    assert told == [stretch for stretch in stretches if stretch[0] < last]
    assert any(d.offset == 0 for d in tail.damage) == (not header_intact)


@settings(max_examples=100, deadline=None)
@given(
    records=st.lists(RECORD, min_size=1, max_size=12),
    order=st.lists(st.integers(0, 11), max_size=20),
    between=st.sampled_from([b"", b"\xc1", bytes(20), b"\xc1\xff\xff\xff"]),
)
def test_frames_in_any_order_and_number_are_read_as_they_stand(
    records: list[Record], order: list[int], between: bytes
) -> None:
    """Nothing of ours moves or copies frames; a reader gives what is there, and no row else."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        segment = Segment(folder, records, ended=False)
        places = [place for place in order if place < len(records)]
        frames = [segment.data[slice(*segment.bounds[place])] for place in places]
        data = segment.data[:HEADER_SIZE] + b"".join(between + frame for frame in frames)
        found = segment.read(data).read()
    assert shown(found) == shown([records[place] for place in places])


@settings(max_examples=20, deadline=None)
@given(records=st.lists(RECORD, min_size=1, max_size=4))
def test_a_file_cut_at_every_byte_gives_every_whole_frame(records: list[Record]) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        segment = Segment(folder, records, ended=False)
        end = segment.bounds[-1][1]
        for size in range(HEADER_SIZE, end + 1, max(1, (end - HEADER_SIZE) // 200)):
            tail = segment.read(segment.data[:size])
            whole = sum(stop <= size for _, stop in segment.bounds)
            assert shown(tail.read()) == shown(records[:whole])
            assert tail.damage == [], "a torn end is no damage yet"
            assert not tail.ended


@settings(max_examples=150, deadline=None)
@given(data=NASTY, head=st.booleans(), records=st.lists(RECORD, max_size=3))
@example(data=b"", head=False, records=[])
def test_no_bytes_bring_a_reader_down(data: bytes, head: bool, records: list[Record]) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        segment = Segment(folder, records, ended=True)
        tail = segment.read((segment.data[:HEADER_SIZE] if head else b"") + data)
        try:
            found = tail.read()
        except NewerFormatError:
            return
    assert all(type(record) in (Row, Change, Sample, Beat) for record in found)


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(st.tuples(NASTY, RECORD), max_size=8),
    behind=NASTY,
    salt=st.integers(0, 2**32 - 1),
    start=st.integers(0, 10),
)
def test_frames_are_found_between_whatever_else_there_is(
    parts: list[tuple[bytes, Record]], behind: bytes, salt: int, start: int
) -> None:
    data = bytes(start)
    expected: list[bytes] = []
    gaps: list[tuple[int, int]] = []
    for junk, record in parts:
        if junk:
            gaps.append((len(data), len(junk)))
        payload = encode_record(record)
        expected.append(payload)
        data += junk + frame(payload, salt)
    end = len(data)
    found = scan(data + behind, start, salt)
    assert [bytes(payload) for payload in found.payloads] == expected
    assert [tuple(gap) for gap in found.gaps] == gaps
    assert found.end == end
    wrong = scan(data + behind, start, salt ^ 1)
    assert wrong.payloads == []


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=100) | NASTY.map(lambda b: b"NBTJ\x01\x00" + b))
def test_a_header_is_intact_or_none(data: bytes) -> None:
    assert read_header(data, "x") is None


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(0, BACKLOG_BYTES // 3), st.booleans()),
            st.tuples(st.just("write"), st.integers(1, BACKLOG_BYTES), st.booleans()),
            st.tuples(st.just("drop"), st.just(0), st.just(False)),
        ),
        max_size=30,
    )
)
def test_what_waits_is_bounded_and_leaves_in_order(steps: list[tuple[str, int, bool]]) -> None:
    backlog = Backlog()
    vital: list[bytes] = []
    rows: list[bytes] = []
    for step, size, droppable in steps:
        if step == "add":
            data = bytes(size)
            fits = not droppable or sum(map(len, rows)) + size <= BACKLOG_BYTES
            assert backlog.add(data, droppable=droppable) == fits
            if fits:
                (rows if droppable else vital).append(data)
        elif step == "write":
            written = up_to(size, backlog.frames)
            assert bool(written) == bool(backlog)
            assert sum(map(len, written)) <= size or len(written) == 1
            backlog.remove(written)
            if droppable:
                backlog.remove(written)  # an interrupt makes it come twice
            first = len(vital)
            del vital[: len(written)]
            del rows[: max(0, len(written) - first)]
        else:
            assert backlog.drop_rows() == len(rows)
            rows.clear()
        assert [id(data) for data in backlog.frames] == [id(data) for data in [*vital, *rows]]


def test_segment_names_sort_by_writer_and_number() -> None:
    names = [SegmentName("o1", 10), SegmentName("o1", 9), SegmentName("a2", 11)]
    assert sorted(names) == [names[2], names[1], names[0]]
    assert str(names[1]) == "o1-000009"
