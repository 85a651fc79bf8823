"""Messages to viewers, the same over every transport.

A message is the length of its head as little-endian uint32, the head (an :class:`Update` as JSON,
padded with spaces so that what follows is aligned to 8 bytes), and the points of its parts as
little-endian float64. Light enough for a kernel: what is passed on is never taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from ..store.layout import RunDir
from .card import Part, Update
from .frame import BUCKET_BYTES, SYSTEM, PackedFrame, PackedSeries, unpack

WIRE_VERSION = 1
_ALIGNMENT = 8
_LENGTH = 4

Kind = Literal["metric", "clock", "system"]


class Seen(msgspec.Struct, frozen=True):
    """What a viewer holds: a state's number, and the width, count and buckets of each series."""

    number: int
    series: dict[tuple[Kind, int, str], tuple[int, int, int]]


def read_frame(run_dir: RunDir) -> PackedFrame | None:
    """The state that the recorder published last; None if there is none that can be read."""
    try:
        return unpack(run_dir.live.read_bytes())
    except (OSError, ValueError):
        return None


def seen(frame: PackedFrame) -> Seen:
    """What a viewer holds who has got ``frame``."""
    return Seen(
        frame.number,
        {
            (kind, one.attempt, one.key): (one.width, one.count, one.buckets)
            for kind, one in _all(frame)
        },
    )


def encode(frame: PackedFrame, base: Seen | None = None, kernel: str | None = None) -> bytes:
    """A message that brings a viewer who holds ``base`` to ``frame``.

    Raises:
        ValueError: The frame has no card.
    """
    if frame.card is None:
        raise ValueError("the frame was published without a card")
    parts: list[Part] = []
    points: list[bytes] = []
    for kind, one in _all(frame):
        start = _start(one, base.series.get((kind, one.attempt, one.key)) if base else None)
        if start is None:
            continue
        points.append(one.points[start * BUCKET_BYTES :])
        parts.append(
            Part(
                kind=kind,
                attempt=one.attempt,
                key=one.key,
                count=one.count,
                nans=one.nans,
                last_x=one.last_x,
                last_y=one.last_y,
                start=start,
                buckets=one.buckets - start,
            )
        )
    update = Update(
        wire=WIRE_VERSION,
        number=frame.number,
        base=base.number if base else None,
        kernel=kernel,
        card=frame.card,
        parts=parts,
    )
    return message(msgspec.json.encode(update), points)


def message(head: bytes, points: Iterable[bytes]) -> bytes:
    """A head in JSON and the points of its parts as one message."""
    head += b" " * (-(_LENGTH + len(head)) % _ALIGNMENT)
    return b"".join([len(head).to_bytes(_LENGTH, "little"), head, *points])


def _all(frame: PackedFrame) -> Iterator[tuple[Kind, PackedSeries]]:
    for one in frame.series:
        yield ("system" if one.attempt == SYSTEM else "metric"), one
    for one in frame.clocks:
        yield "clock", one


def _start(one: PackedSeries, known: tuple[int, int, int] | None) -> int | None:
    """The bucket from which on a viewer needs the series; None if nothing is new.

    Buckets are only ever added, and the last one grows, until neighbours merge and all are wider.
    """
    if known is None:
        return 0
    width, count, buckets = known
    if (one.width, one.count) == (width, count):
        return None
    return max(0, buckets - 1) if one.width == width and one.buckets >= buckets else 0
