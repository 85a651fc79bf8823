"""Every series of a run at a size that can be drawn, kept up to date row by row.

A series is cut into at most 500 buckets of equally many rows. A bucket keeps its smallest and its
largest point, in the order in which they came, so the series can be drawn as it stands and no
spike is lost. When the buckets are used up, neighbours merge and a bucket covers twice the rows.

Who writes: the recorder, to ``live.bin``. Who reads: viewers, through :mod:`nbtrack.live.wire`.
The frame is derived and may be deleted: what counts is in the journal and the sealed files.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable

import msgspec

from .card import Card

VERSION = 2
SYSTEM = -1
MAX_BUCKETS = 500
MAX_SERIES = 2_000

# x and y of the earlier and of the later of a bucket's two points.
_WIDTH = 4
BUCKET_BYTES = 8 * _WIDTH
# Bounds the memory of a run with very many keys: beyond 400 series each gets fewer buckets.
_ALL_BUCKETS = 200_000
_LITTLE_ENDIAN = sys.byteorder == "little"


class Series:
    """One key of one attempt.

    Attributes:
        count: Values so far, NaN included.
        nans: How many of them were NaN.
        width: Values in each full bucket.
        points: x0, y0, x1, y1 of each bucket: its extremes in the order in which they came. NaN
            is there only where a bucket has nothing else.
        last: x and y of the newest value.
    """

    __slots__ = ("_filled", "count", "last", "nans", "points", "width")

    def __init__(self) -> None:
        self.count = 0
        self.nans = 0
        self.width = 1
        self.points = array("d")
        self.last = (0.0, 0.0)
        self._filled = 0

    def add(self, x: float, y: float, max_buckets: int) -> None:
        """Append a value. ``max_buckets`` is even."""
        self.count += 1
        self.last = (x, y)
        points = self.points
        if y != y:
            self.nans += 1
        if self._filled == self.width or not points:
            if len(points) >= max_buckets * _WIDTH:
                self.shrink(max_buckets)
                points = self.points
            if self._filled == self.width or not points:
                points.extend((x, y, x, y))
                self._filled = 1
                return
        self._filled += 1
        y0, y1 = points[-3], points[-1]
        low, high = (y0, y1) if y0 <= y1 else (y1, y0)
        if low <= y <= high or y != y:
            return
        if low != low:
            points[-4:] = array("d", (x, y, x, y))
        elif (y < low) == (y0 <= y1):
            # The extreme that stays is the later one of the two.
            points[-4:] = array("d", (points[-2], y1, x, y))
        else:
            points[-2:] = array("d", (x, y))

    def shrink(self, max_buckets: int) -> None:
        """Merge neighbours until there is room for one bucket more."""
        while len(self.points) >= max_buckets * _WIDTH:
            points = self.points
            merged = array("d")
            even = len(points) // (2 * _WIDTH) * (2 * _WIDTH)
            for start in range(0, even, 2 * _WIDTH):
                merged.extend(_extremes(points[start : start + 2 * _WIDTH]))
            if even < len(points):
                merged.extend(points[even:])
            else:
                self._filled += self.width
            self.points = merged
            self.width *= 2

    @property
    def buckets(self) -> int:
        return len(self.points) // _WIDTH


def buckets_for(series: int) -> int:
    """How many buckets each of so many series may have; even."""
    buckets = MAX_BUCKETS
    while series * buckets > _ALL_BUCKETS:
        buckets = buckets // 4 * 2
    return buckets


class LiveFrame:
    """The series of one run.

    Attributes:
        series: By attempt (:data:`SYSTEM` for samples of the machine) and key. x is the step, for
            samples the time in microseconds since 1970.
        clocks: By attempt, that time as y over the step: when each row was.
        cursor: For each writer, the sequence number of the newest record that was counted.
        left_out: Series that are not kept because there are too many; counted up to 2,000.
        changed: Something was added since :meth:`to_bytes`.
    """

    def __init__(self) -> None:
        self.series: dict[tuple[int, str], Series] = {}
        self.clocks: dict[int, Series] = {}
        self.cursor: dict[str, int] = {}
        self.changed = False
        self.left_out = 0
        self._left_out: set[tuple[int, str]] = set()
        self._max_buckets = MAX_BUCKETS

    def add(self, attempt: int, x: float, values: Iterable[tuple[str, float]]) -> None:
        """Add the values of one row."""
        series = self.series
        x = float(x)
        room = self._max_buckets
        for key, y in values:
            one = series.get((attempt, key))
            if one is None:
                one = self._new_series(attempt, key)
                if one is None:
                    continue
                room = self._max_buckets
            one.add(x, y, room)
        self.changed = True

    def add_time(self, attempt: int, x: float, time: float) -> None:
        """Add when a row was."""
        clock = self.clocks.get(attempt)
        if clock is None:
            if len(self.clocks) >= MAX_SERIES:
                return
            clock = self.clocks[attempt] = Series()
        clock.add(float(x), float(time), self._max_buckets)

    def _new_series(self, attempt: int, key: str) -> Series | None:
        if len(self.series) >= MAX_SERIES:
            if len(self._left_out) < MAX_SERIES and (attempt, key) not in self._left_out:
                self._left_out.add((attempt, key))
                self.left_out += 1
            return None
        one = self.series[attempt, key] = Series()
        room = buckets_for(len(self.series))
        if room < self._max_buckets:
            self._max_buckets = room
            for other in self.series.values():
                other.shrink(self._max_buckets + 1)
        return one

    def to_bytes(self, number: int = 0, card: Card | None = None) -> bytes:
        """The frame as msgpack; see :class:`PackedFrame`."""
        self.changed = False
        return msgspec.msgpack.encode(
            PackedFrame(
                VERSION,
                number,
                self.cursor,
                self.left_out,
                self._max_buckets,
                [_packed(attempt, key, one) for (attempt, key), one in self.series.items()],
                [_packed(attempt, "", one) for attempt, one in self.clocks.items()],
                card,
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> LiveFrame:
        """The frame that :meth:`to_bytes` wrote.

        Raises:
            ValueError: The bytes are not a frame of this version.
        """
        return cls.from_packed(unpack(data))

    @classmethod
    def from_packed(cls, packed: PackedFrame) -> LiveFrame:
        """The same, of what :func:`unpack` gave.

        Raises:
            ValueError: A series is not whole.
        """
        frame = cls()
        frame.cursor = packed.cursor
        frame.left_out = packed.left_out
        frame._max_buckets = packed.max_buckets
        for one in packed.series:
            frame.series[one.attempt, one.key] = _unpack(one)
        for one in packed.clocks:
            frame.clocks[one.attempt] = _unpack(one)
        return frame


class PackedSeries(msgspec.Struct, array_like=True):
    """A series as the file holds it; ``points`` are little-endian float64."""

    attempt: int
    key: str
    count: int
    nans: int
    width: int
    filled: int
    last_x: float
    last_y: float
    points: bytes

    @property
    def buckets(self) -> int:
        """How many there are."""
        return len(self.points) // BUCKET_BYTES


class PackedFrame(msgspec.Struct, array_like=True):
    """The whole file: one msgpack array. ``number`` rises from one state of a run to the next."""

    version: int
    number: int
    cursor: dict[str, int]
    left_out: int
    max_buckets: int
    series: list[PackedSeries]
    clocks: list[PackedSeries]
    card: Card | None


def unpack(data: bytes) -> PackedFrame:
    """What :meth:`LiveFrame.to_bytes` made, its series left as they are.

    Raises:
        ValueError: The bytes are not a frame of this version.
    """
    try:
        packed = _decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a live frame: {error}") from None
    if packed.version != VERSION:
        raise ValueError(f"a live frame of version {packed.version}, not {VERSION}")
    return packed


_decode = msgspec.msgpack.Decoder(PackedFrame).decode


def _extremes(points: array[float]) -> tuple[float, float, float, float]:
    """The smallest and the largest of several points, in the order in which they came."""
    low = high = 0
    for i in range(2, len(points), 2):
        y = points[i + 1]
        if y < points[low + 1] or points[low + 1] != points[low + 1]:
            low = i
        if y > points[high + 1] or points[high + 1] != points[high + 1]:
            high = i
    first, second = sorted((low, high))
    return points[first], points[first + 1], points[second], points[second + 1]


def _packed(attempt: int, key: str, series: Series) -> PackedSeries:
    points = series.points
    if not _LITTLE_ENDIAN:
        points = array("d", points)
        points.byteswap()
    counts = series.count, series.nans, series.width, series._filled
    return PackedSeries(attempt, key, *counts, *series.last, points.tobytes())


def _unpack(packed: PackedSeries) -> Series:
    series = Series()
    if len(packed.points) % BUCKET_BYTES:
        raise ValueError(f"the live frame's series {packed.key!r} has a part of a bucket")
    series.points.frombytes(packed.points)
    if not _LITTLE_ENDIAN:
        series.points.byteswap()
    series.count, series.nans, series.width = packed.count, packed.nans, packed.width
    series.last = (packed.last_x, packed.last_y)
    series._filled = packed.filled
    return series
