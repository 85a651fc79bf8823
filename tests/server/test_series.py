"""Curves are the extremes of buckets of equally many rows, whatever part one looks at."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import msgspec
import numpy
import pytest

from nbtrack import UsageError
from nbtrack.server.api.series import SeriesHead, SeriesOf, SeriesPart, SeriesRequest
from nbtrack.server.series import curves
from nbtrack.server.stores import Stores, UnknownStoreError
from nbtrack.store.schema import Row
from nbtrack.store.seal import seal_run
from tests.server.sessions import SECOND, Session

KINDS = ("journal", "sealed", "merged", "mixed")
ROWS = 1_000


class Logged:
    """A run with two attempts, and all that it holds.

    Attributes:
        rows: attempt, step, time, key and value of each row.
    """

    def __init__(self, store: Path, kind: str) -> None:
        generator = random.Random(3)
        self.session = session = Session(store)
        self.rows: list[tuple[int, int, int, str, float]] = []
        for at in range(ROWS):
            attempt = 1 + at // 700
            # Steps go back now and then, and some come twice.
            step = at if at % 97 else at // 2
            data: dict[str, Any] = {"loss": generator.gauss(0, 1)}
            if at % 3 == 0:
                data["acc"] = float("nan") if at % 5 == 0 else float(generator.randrange(100))
            if at % 11 == 0:
                data["word"] = "no number"
            seq, time = session.at()
            session.add(Row(seq, time, attempt, step, data))
            for key, value in data.items():
                if key != "word":
                    self.rows.append((attempt, step, time, key, value))
            if at % 50 == 0:
                session.sample({"cpu.percent": float(at)})
            if at == ROWS // 2 and kind == "mixed":
                session.go_on_elsewhere()
        if kind != "journal" and kind != "mixed":
            session.close(merged=kind == "merged")
        if kind == "sealed":
            seal_run(session.run_dir)

    def of(self, attempt: int, key: str) -> numpy.ndarray[Any, Any]:
        """step, time, value of one series, in the order in which it was logged."""
        return numpy.array([(s, t, v) for a, s, t, k, v in self.rows if (a, k) == (attempt, key)])


def expected(x: Any, y: Any, buckets: int) -> list[tuple[float, float, float, float]]:
    """The plain computation."""
    order = numpy.argsort(x, kind="stable")
    x, y = x[order], y[order]
    buckets = min(buckets, len(x))
    found = []
    for bucket in range(buckets):
        rows = [n for n in range(len(x)) if n * buckets // len(x) == bucket]
        real = [n for n in rows if y[n] == y[n]] or rows[:1]
        low, high = min(real, key=lambda n: y[n]), max(real, key=lambda n: y[n])
        a, b = sorted((low, high))
        found.append((x[a], y[a], x[b], y[b]))
    return found


def ask(
    session: Session, *series: SeriesOf, **rest: Any
) -> list[tuple[SeriesPart, list[tuple[float, ...]]]]:
    request = SeriesRequest(store=session.key, series=list(series), **rest)
    answer = curves(Stores(), request)
    length = int.from_bytes(answer[:4], "little")
    assert (4 + length) % 8 == 0
    head = msgspec.convert(json.loads(answer[4 : 4 + length]), SeriesHead)
    points = numpy.frombuffer(answer[4 + length :], "<f8").reshape(-1, 4)
    assert len(points) == sum(part.buckets for part in head.parts)
    ends = list(itertools.accumulate(part.buckets for part in head.parts))
    return [
        (part, [tuple(row) for row in points[end - part.buckets : end]])
        for part, end in zip(head.parts, ends, strict=True)
    ]


def one(session: Session, key: str, attempt: int | None = 1, **rest: Any) -> Any:
    ((part, points),) = ask(session, SeriesOf(run="one", key=key, attempt=attempt), **rest)
    return part, points


@pytest.fixture(params=KINDS)
def logged(request: pytest.FixtureRequest, tmp_path: Path) -> Logged:
    return Logged(tmp_path / ".nbtrack", request.param)


def same(found: Any, wanted: Any) -> None:
    numpy.testing.assert_array_equal(numpy.array(found), numpy.array(wanted))


@pytest.mark.parametrize("buckets", [1, 2, 7, 100, 5000])
@pytest.mark.parametrize("key", ["loss", "acc"])
def test_over_the_step(logged: Logged, key: str, buckets: int) -> None:
    rows = logged.of(1, key)
    part, points = one(logged.session, key, buckets=buckets)
    same(points, expected(rows[:, 0], rows[:, 2], buckets))
    assert (part.index, part.attempt, part.count) == (0, 1, len(rows))


@pytest.mark.parametrize(("start", "end"), [(10.5, 400), (None, 33), (650.0, None), (1e300, None)])
def test_a_part_of_it(logged: Logged, start: float | None, end: float | None) -> None:
    rows = logged.of(1, "loss")
    inside = (rows[:, 0] >= (start or -1)) & (rows[:, 0] <= (end or 1e9))
    part, points = one(logged.session, "loss", start=start, end=end, buckets=20)
    assert part.count == inside.sum()
    if part.count:
        same(points, expected(rows[inside, 0], rows[inside, 2], 20))


def test_over_the_time(logged: Logged) -> None:
    rows = logged.of(2, "loss")
    _, points = one(logged.session, "loss", 2, x="time", buckets=30)
    same(points, expected(rows[:, 1], rows[:, 2], 30))


def test_over_the_time_since_the_attempt_began(logged: Logged) -> None:
    first = min(time for attempt, _, time, _, _ in logged.rows if attempt == 2)
    rows = logged.of(2, "acc")
    x = (rows[:, 1] - first) / 1e6
    inside = (x >= 5) & (x <= 200)
    _, points = one(logged.session, "acc", 2, x="relative", start=5.0, end=200.0, buckets=30)
    same(points, expected(x[inside], rows[inside, 2], 30))
    assert x[0] > 0, "the attempt began with another metric"


def test_over_another_metric(logged: Logged) -> None:
    at = {}
    for step, _, value in logged.of(1, "acc"):
        if numpy.isfinite(value):
            at[step] = value
    rows = numpy.array([(at[step], v) for step, _, v in logged.of(1, "loss") if step in at])
    part, points = one(logged.session, "loss", x="acc", buckets=10)
    assert part.count == len(rows)
    found = numpy.array(points)
    # Of equal x the order does not tell: the extremes of all do.
    assert found[:, [1, 3]].min() == rows[:, 1].min()
    assert found[:, [1, 3]].max() == rows[:, 1].max()
    assert (found[:, 0] <= found[:, 2]).all()
    pairs = {tuple(row) for row in rows}
    assert all({(a, b), (c, d)} <= pairs for a, b, c, d in points)


def test_several_at_once_and_what_there_is_not(logged: Logged) -> None:
    asked = [
        SeriesOf(run="one", key="loss"),
        SeriesOf(run="nobody", key="loss"),
        SeriesOf(run="one", key="never"),
        SeriesOf(run="one", key="acc", attempt=1),
        SeriesOf(run="one", key="loss", attempt=1),
        SeriesOf(run="one", key="cpu.percent", kind="system"),
        SeriesOf(run="one", key="loss", attempt=1),
        SeriesOf(run="../one", key="loss"),
    ]
    found = ask(logged.session, *asked, buckets=9)
    assert [(part.index, part.attempt) for part, _ in found] == [
        (0, 2), (3, 1), (4, 1), (5, -1), (6, 1),
    ]  # fmt: skip
    rows = logged.of(1, "loss")
    same(found[2][1], expected(rows[:, 0], rows[:, 2], 9))
    assert found[2][1] == found[4][1]


def test_samples_are_over_the_time(logged: Logged) -> None:
    series = SeriesOf(run="one", key="cpu.percent", kind="system")
    ((part, points),) = ask(logged.session, series, buckets=1000)
    assert part.count == part.buckets == ROWS / 50
    assert [point[1] for point in points] == [float(at) for at in range(0, ROWS, 50)]
    first, last = points[3][0], points[5][0]
    assert last - first == 2 * 51 * SECOND
    ((part, points),) = ask(logged.session, series, x="time", start=first, end=last, buckets=9)
    assert [point[1] for point in points] == [150.0, 200.0, 250.0]


@pytest.mark.parametrize(
    "rest",
    [{"buckets": 0}, {"buckets": 5001}, {"series": [SeriesOf(run="one", key="loss")] * 501}],
)
def test_more_than_is_given(tmp_path: Path, rest: dict[str, Any]) -> None:
    session = Session(tmp_path / ".nbtrack")
    with pytest.raises(UsageError):
        curves(Stores(), SeriesRequest(**{"store": session.key, "series": [], **rest}))
    with pytest.raises(UnknownStoreError):
        curves(Stores(), SeriesRequest(store="0" * 16, series=[]))
