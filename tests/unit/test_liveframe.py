"""Downsampling loses no extreme, keeps the order, and stays bounded."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.live.frame import MAX_BUCKETS, MAX_SERIES, LiveFrame, Series

anything = st.floats(allow_nan=True, allow_infinity=True)
capacities = st.integers(1, 12).map(lambda n: 2 * n)


def series_of(values: list[float], max_buckets: int = MAX_BUCKETS) -> Series:
    series = Series()
    for x, y in enumerate(values):
        series.add(float(x), y, max_buckets)
    return series


def buckets(series: Series) -> list[tuple[float, float, float, float]]:
    points = series.points
    return [
        (points[i], points[i + 1], points[i + 2], points[i + 3]) for i in range(0, len(points), 4)
    ]


@given(st.lists(anything, max_size=200), capacities)
def test_each_bucket_has_the_extremes_of_its_rows(values: list[float], capacity: int) -> None:
    series = series_of(values, capacity)
    width = series.width
    assert len(buckets(series)) == math.ceil(len(values) / width) <= capacity
    for at, (x0, y0, x1, y1) in enumerate(buckets(series)):
        part = values[at * width : (at + 1) * width]
        numbers = [y for y in part if not math.isnan(y)]
        if not numbers:
            assert math.isnan(y0)
            assert math.isnan(y1)
            continue
        assert {y0, y1} == {min(numbers), max(numbers)}
        assert at * width <= x0 <= x1 < at * width + len(part)
        assert values[int(x0)] == y0
        assert values[int(x1)] == y1


@given(st.lists(anything, min_size=1, max_size=300), capacities)
def test_the_order_is_kept(values: list[float], capacity: int) -> None:
    points = series_of(values, capacity).points
    assert all(before <= after for before, after in pairwise(points[::2]))


@given(st.lists(anything, min_size=1, max_size=100))
def test_nothing_is_lost_while_there_is_room(values: list[float]) -> None:
    series = series_of(values)
    assert series.width == 1
    for (x0, y0, x1, y1), (x, y) in zip(buckets(series), enumerate(values), strict=True):
        assert x0 == x1 == x
        assert (y0 == y1 == y) or (math.isnan(y0) and math.isnan(y1) and math.isnan(y))


@given(st.lists(anything, min_size=1, max_size=100), capacities)
def test_what_is_counted(values: list[float], capacity: int) -> None:
    series = series_of(values, capacity)
    assert series.count == len(values)
    assert series.nans == sum(map(math.isnan, values))
    x, y = series.last
    assert x == len(values) - 1
    assert y == values[-1] or (math.isnan(y) and math.isnan(values[-1]))


def test_one_spike_in_a_long_series_is_kept() -> None:
    values = [0.0] * 100_000
    values[77_777] = 1.0
    series = series_of(values)
    assert len(buckets(series)) <= MAX_BUCKETS
    assert max(series.points[1::2]) == 1.0
    spike = series.points.index(1.0, 1)
    assert series.points[spike - 1] == 77_777


def test_steps_that_go_back_stay_in_the_order_in_which_they_came() -> None:
    series = Series()
    for step in (5, 6, 7, 0, 1, 2):
        series.add(float(step), float(step), MAX_BUCKETS)
    assert list(series.points[::4]) == [5, 6, 7, 0, 1, 2]


rows = st.lists(
    st.tuples(
        st.integers(-1, 2),
        st.integers(-(2**40), 2**40),
        st.dictionaries(st.text(max_size=3), anything, max_size=4),
    ),
    max_size=60,
)


def frame_of(data: list[tuple[int, int, dict[str, float]]]) -> LiveFrame:
    frame = LiveFrame()
    for attempt, x, values in data:
        frame.add(attempt, x, values.items())
    return frame


@given(rows, rows)
def test_a_frame_read_back_goes_on_as_if_nothing_had_happened(
    before: list[tuple[int, int, dict[str, float]]],
    after: list[tuple[int, int, dict[str, float]]],
) -> None:
    frame = frame_of(before)
    frame.cursor["o1"] = 7
    again = LiveFrame.from_bytes(frame.to_bytes())
    for attempt, x, values in after:
        frame.add(attempt, x, values.items())
        again.add(attempt, x, values.items())
    assert again.cursor == {"o1": 7}
    assert again.to_bytes() == frame.to_bytes()


def test_very_many_keys_are_bounded_and_counted() -> None:
    frame = LiveFrame()
    for step in range(300):
        frame.add(1, step, ((f"key{n}", float(step)) for n in range(MAX_SERIES + 10)))
    assert len(frame.series) == MAX_SERIES
    assert frame.left_out == 10
    assert sum(len(series.points) for series in frame.series.values()) <= 4 * 200_000
    assert len(frame.to_bytes()) < 8 << 20
    for series in frame.series.values():
        assert series.count == 300
        assert min(series.points[1::2]) == 0.0
        assert max(series.points[1::2]) == 299.0


def test_long_series_shrink_when_others_come() -> None:
    frame = LiveFrame()
    for step in range(MAX_BUCKETS):
        frame.add(1, step, ((f"long{n}", float(step)) for n in range(300)))
    for n in range(200):
        frame.add(1, 0, [(f"short{n}", 0.0)])
    long = frame.series[1, "long0"]
    assert len(buckets(long)) <= MAX_BUCKETS // 2
    assert (min(long.points[1::2]), max(long.points[1::2])) == (0.0, MAX_BUCKETS - 1.0)


def test_changed_tells_whether_there_is_something_to_publish() -> None:
    frame = LiveFrame()
    told = [frame.changed]
    frame.add(1, 0, [("loss", 1.0)])
    told.append(frame.changed)
    frame.to_bytes()
    told.append(frame.changed)
    assert told == [False, True, False]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x95\x63\x80\x00\x00\x90"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="live frame"):
        LiveFrame.from_bytes(data)
