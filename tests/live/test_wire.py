"""Messages to viewers: put together again, they are the frame that was published."""

from __future__ import annotations

import math
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.live.card import Update
from nbtrack.live.frame import SYSTEM, LiveFrame, PackedFrame, unpack
from nbtrack.live.wire import WIRE_VERSION, Seen, encode, read_frame, seen
from nbtrack.store.layout import RunDir, Store
from tests.live.cards import make_card


class Viewer:
    """A page, as far as its series go."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, int, str], list[float]] = {}
        self.number: int | None = None

    def take(self, message: bytes) -> Update:
        (length,) = struct.unpack_from("<I", message)
        assert (4 + length) % 8 == 0, "numbers are aligned"
        update = msgspec.json.decode(message[4 : 4 + length], type=Update)
        assert update.base in (None, self.number)
        if update.base is None:
            self.series.clear()
        at = 4 + length
        for part in update.parts:
            count = 4 * part.buckets
            points = list(struct.unpack_from(f"<{count}d", message, at))
            at += 8 * count
            series = self.series.setdefault((part.kind, part.attempt, part.key), [])
            series[4 * part.start :] = points
        assert at == len(message)
        self.number = update.number
        return update


def packed(frame: LiveFrame, number: int) -> PackedFrame:
    return unpack(frame.to_bytes(number, make_card()))


def held_by(frame: LiveFrame) -> dict[tuple[str, int, str], list[float]]:
    kinds = {key: list(one.points) for key, one in frame.series.items()}
    found = {
        ("system" if n == SYSTEM else "metric", n, key): points
        for (n, key), points in kinds.items()
    }
    return found | {("clock", n, ""): list(one.points) for n, one in frame.clocks.items()}


steps = st.lists(
    st.tuples(
        st.integers(-1, 2),
        st.integers(-5, 2000),
        st.dictionaries(st.sampled_from("abc"), st.floats(allow_nan=False), max_size=3),
    ),
    max_size=40,
)


@given(st.lists(steps, min_size=1, max_size=5), st.sampled_from([4, 500]))
def test_differences_add_up_to_the_frame(batches: list[Any], room: int) -> None:
    frame, viewer = LiveFrame(), Viewer()
    frame._max_buckets = room
    base: Seen | None = None
    for number, batch in enumerate(batches):
        for attempt, step, values in batch:
            frame.add(attempt, step, values.items())
            frame.add_time(max(attempt, 0), step, 1e15 + step)
        now = packed(frame, number)
        viewer.take(encode(now, base))
        assert viewer.series == held_by(frame)
        base = seen(now)


def test_a_difference_is_small() -> None:
    frame = LiveFrame()
    for step in range(400):
        frame.add(1, step, [(f"m{n}", step) for n in range(40)])
    first = packed(frame, 1)
    frame.add(1, 400, [("m0", 1.0)])
    second = packed(frame, 2)
    assert len(encode(second)) > 500_000
    assert len(encode(second, seen(first))) < 2_000


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_cannot_hold_is_null(value: float) -> None:
    frame = LiveFrame()
    frame.add(1, 0, [("loss", value)])
    (part,) = Viewer().take(encode(packed(frame, 1))).parts
    assert part.last_y is None
    assert part.nans == (value != value)


def test_the_version_is_sent() -> None:
    update = Viewer().take(encode(packed(LiveFrame(), 3), kernel="busy"))
    assert (update.wire, update.number, update.kernel) == (WIRE_VERSION, 3, "busy")


def test_a_frame_without_a_card_is_no_message() -> None:
    with pytest.raises(ValueError, match="card"):
        encode(unpack(LiveFrame().to_bytes()))


def test_what_cannot_be_read_is_nothing(tmp_path: Any) -> None:
    run_dir: RunDir = Store(tmp_path).create_run("one")
    assert read_frame(run_dir) is None
    run_dir.live.write_bytes(b"nonsense")
    assert read_frame(run_dir) is None
