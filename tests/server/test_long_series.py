"""A series too long to be held is drawn from bins of it, and no extreme goes missing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy
import pytest

from nbtrack import UsageError
from nbtrack.store import bins, pyramid, query, series
from nbtrack.store.bins import Stretch
from nbtrack.store.layout import PYRAMID
from nbtrack.store.query import Source
from nbtrack.store.schema import Row
from nbtrack.store.seal import seal_run
from tests.server.sessions import Session
from tests.server.test_series import one

KINDS = ("journal", "sealed", "merged", "mixed")
ROWS = 6_000
HELD = 400


class Long:
    """A run with one long attempt; steps go back now and then, come twice, and start below zero."""

    def __init__(self, store: Path, kind: str) -> None:
        dice = random.Random(5)
        self.kind = kind
        self.session = session = Session(store)
        found: list[tuple[int, int, float]] = []
        for at in range(ROWS):
            step = (at if at % 97 else at // 2) - 50
            value = float("nan") if at % 31 == 0 else dice.gauss(0, 1)
            seq, time = session.at()
            data: dict[str, Any] = {"loss": value, "epoch": at // 100}
            if at % 500 == 0:
                data["rare"] = float(at)
            session.add(Row(seq, time, 1, step, data))
            found.append((step, time, value))
            if at == ROWS * 2 // 3 and kind == "mixed":
                session.go_on_elsewhere()

        self.rows = numpy.array(found)
        if kind in ("sealed", "merged"):
            session.close(merged=kind == "merged")
        if kind == "sealed":
            seal_run(session.run_dir)

    @property
    def kept(self) -> list[Path]:
        """Where the bins of merged rows are."""
        return list(self.session.run_dir.merged.glob(f"*.{PYRAMID}.parquet"))


@pytest.fixture(params=KINDS)
def long(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Long:
    monkeypatch.setattr(series, "_ROWS", HELD)
    monkeypatch.setattr(pyramid, "LONG", HELD)
    monkeypatch.setattr(pyramid, "_BINS", 1_000)
    monkeypatch.setattr(pyramid, "_ROWS_A_BIN", 4)
    found = Long(tmp_path / ".nbtrack", request.param)
    assert len(found.kept) == (request.param in ("merged", "mixed"))
    return found


def check(found: Any, x: Any, y: Any, buckets: int, slack: float) -> None:
    """Points are rows, in the order of what is across, and near each place there are its extremes.

    Args:
        slack: How far a bucket may be wrong, in rows.
    """
    part, points = found
    assert part.count == len(x)
    assert 0.9 * buckets <= len(points) <= buckets
    array = numpy.array(points)
    assert (array[:, 0] <= array[:, 2]).all()
    rows = set(zip(x.tolist(), y.tolist(), strict=True))
    assert {(a, b) for a, b, _, _ in points} | {(c, d) for _, _, c, d in points} <= rows
    real = y == y
    lows, highs = array[:, [1, 3]].min(axis=1), array[:, [1, 3]].max(axis=1)
    assert (lows.min(), highs.max()) == (y[real].min(), y[real].max())
    order = numpy.argsort(x, kind="stable")
    y = y[order]
    for bucket in range(len(points)):
        begin, end = (len(y) * (bucket + n) // buckets for n in (0, 1))
        surely = y[int(begin + slack) : int(end - slack)]
        surely = surely[surely == surely]
        if len(surely):
            assert lows[bucket] <= surely.min()
            assert highs[bucket] >= surely.max()


@pytest.mark.parametrize("buckets", [1, 10, 50])
def test_over_the_step(long: Long, buckets: int) -> None:
    found = one(long.session, "loss", buckets=buckets)
    check(found, long.rows[:, 0], long.rows[:, 2], buckets, ROWS / buckets / 8 + 8)


def test_over_the_time(long: Long) -> None:
    found = one(long.session, "loss", x="time", buckets=30)
    check(found, long.rows[:, 1], long.rows[:, 2], 30, ROWS / 30 / 8 + 8)


def test_over_the_time_since_the_attempt_began(long: Long) -> None:
    found = one(long.session, "loss", x="relative", buckets=30)
    since = (long.rows[:, 1] - long.rows[0, 1]) / 1e6
    check(found, since, long.rows[:, 2], 30, ROWS / 30 / 8 + 8)


@pytest.mark.parametrize(("start", "end"), [(-30.5, 5_000), (None, 3_333), (1_001.0, None)])
def test_a_part_has_exactly_its_rows(long: Long, start: float | None, end: float | None) -> None:
    x, y = long.rows[:, 0], long.rows[:, 2]
    inside = (x >= (-1e9 if start is None else start)) & (x <= (1e9 if end is None else end))
    found = one(long.session, "loss", start=start, end=end, buckets=20)
    check(found, x[inside], y[inside], 20, ROWS / 20 / 8 + 8)


def test_a_small_part_and_a_rare_metric_are_shown_row_by_row(long: Long) -> None:
    part, points = one(long.session, "loss", start=100, end=150, buckets=1_000)
    assert part.count == len(points) == ((long.rows[:, 0] >= 100) & (long.rows[:, 0] <= 150)).sum()
    part, points = one(long.session, "rare", buckets=1_000)
    assert part.count == len(points) == ROWS // 500


@pytest.mark.parametrize("long", ["merged", "mixed"], indirect=True)
def test_kept_bins_spare_the_rows_and_change_nothing(
    long: Long, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[tuple[str, ...], int, int]] = []
    real = bins.binned

    def spied(source: Source, wanted: Stretch, *rest: Any) -> Any:
        asked.append((tuple(path.parent.name for path in source.files), wanted.first, wanted.last))
        return real(source, wanted, *rest)

    monkeypatch.setattr(bins, "binned", spied)
    with_kept = one(long.session, "loss", start=0, end=5_000, buckets=20)
    assert all(last - first < 50 for files, first, last in asked if "merged" in files)
    for path in long.kept:
        path.unlink()
    without = one(long.session, "loss", start=0, end=5_000, buckets=20)
    assert with_kept[0].count == without[0].count
    ends = []
    for _, points in (with_kept, without):
        values = numpy.array(points)[:, [1, 3]]
        ends.append((values.min(), values.max()))
    assert ends[0] == ends[1]


def test_too_many_for_another_metric_to_be_across(
    long: Long, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one(long.session, "loss", x="epoch", buckets=10)[0].count > 0
    monkeypatch.setattr(series, "_MOST_JOINED", ROWS - 1)
    with pytest.raises(UsageError, match="draw it over the step or the time"):
        one(long.session, "loss", x="epoch", buckets=10)


def test_what_is_kept_is_small_beside_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyramid, "LONG", HELD)
    found = Long(tmp_path / ".nbtrack", "merged")
    (path,) = found.kept
    (count,) = (
        query.fetch(
            Source(PYRAMID, (path,), ()), "SELECT count(*) AS n FROM rows WHERE key = 'loss'"
        )
        .column("n")
        .to_pylist()
    )
    assert 2 <= count <= 2 * 2 * (ROWS // 512 + 1)
