"""The picture of an attempt: whole, small, and with everything in it that a person asks first."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack.live import words
from nbtrack.live.card import ErrorCard
from nbtrack.live.chosen import best, charts, most_telling
from nbtrack.live.curves import Curves, Plot
from nbtrack.live.drawing import MAX_BYTES, draw
from nbtrack.live.frame import SYSTEM, LiveFrame, Series
from nbtrack.store.position import Progress
from tests.live.cards import SECOND, make_attempt, make_card

SVG = "{http://www.w3.org/2000/svg}"


def frame_of(keys: list[str], attempts: int = 1, rows: int = 200) -> LiveFrame:
    frame = LiveFrame()
    for attempt in range(1, attempts + 1):
        for step in range(rows):
            values = [(key, math.exp(-step / 50) + at + attempt) for at, key in enumerate(keys)]
            frame.add(attempt, step, values)
    return frame


def texts(svg: str) -> str:
    return "\n".join("".join(one.itertext()) for one in ET.fromstring(svg).iter(f"{SVG}text"))


def paths(svg: str, kind: str) -> list[str]:
    return [
        one.attrib["d"] for one in ET.fromstring(svg).iter(f"{SVG}path") if one.get("class") == kind
    ]


def test_what_a_person_asks_first() -> None:
    frame = frame_of(["train/loss", "val/loss", "accuracy"])
    card = make_card(name="calm-fox-2")
    drawn = draw(card, make_attempt(config={"lr": "0.1"}), frame)
    shown = texts(drawn.svg)
    for part in ("finished", "calm-fox-2 · attempt 1", "after 50 s", "lr=0.1", "loss", "accuracy"):
        assert part in shown
    assert len(paths(drawn.svg, "l0")) == 2, "loss and accuracy"
    assert len(paths(drawn.svg, "l1")) == 1, "val/loss beside train/loss"
    assert drawn.text.startswith("calm-fox-2 · attempt 1: finished after 50 s")
    assert "val/loss" in drawn.text


def test_the_tries_before_are_grey() -> None:
    frame = frame_of(["loss"], attempts=3)
    attempts = [make_attempt(1), make_attempt(2, cell="another"), make_attempt(3)]
    drawn = draw(make_card(attempts=attempts), attempts[-1], frame)
    assert len(paths(drawn.svg, "o")) == 1, "that of the same cell"
    assert len(paths(drawn.svg, "l0")) == 1


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("running", "running"),
        ("failed", "ValueError: no"),
        ("crashed", "died in cell [1]"),
        ("interrupted", "interrupted"),
    ],
)
def test_every_state_says_what_it_is(state: Any, word: str) -> None:
    error = ErrorCard(
        type="ValueError", message="no", traceback="", cell="[1]", cell_id=None, line=3, attempt=1
    )
    attempt = make_attempt(state=state, ended=None if state == "running" else 150 * SECOND)
    card = make_card(attempts=[attempt], error=error, reason="died in cell [1]: killed")
    drawn = draw(card, attempt, frame_of(["loss"]))
    assert word in texts(drawn.svg)
    assert word in drawn.text


def test_how_far_a_loop_is() -> None:
    attempt = make_attempt(state="running", ended=None)
    progress = Progress(label="epoch", done=25, total=100, seconds=3.0, rate=2.0)
    drawn = draw(make_card(attempts=[attempt], progress=progress), attempt, LiveFrame())
    assert "epoch 25 of 100 · 25%" in texts(drawn.svg)
    assert "no metrics yet" in texts(drawn.svg)


def test_memory_and_gpu_are_thin_strips() -> None:
    frame = frame_of(["loss"])
    for second in range(100, 150):
        values = {
            "memory.process.bytes": 2.0**30,
            "gpu.0.utilization.percent": 70.0,
            "gpu.0.memory.used.bytes": 2.0**33,
            "gpu.0.memory.total.bytes": 2.0**34,
        }
        frame.add(SYSTEM, second * SECOND, values.items())
    shown = draw(make_card(memory_limit=4 << 30), make_attempt(), frame).svg
    assert "RAM 1 of 4 GiB" in texts(shown)
    assert "GPU 70 %" in texts(shown)
    assert "GPU 8 of 16 GiB" in texts(shown)
    assert len(paths(shown, "a")) == 3


def test_very_much_stays_small() -> None:
    frame = frame_of(
        [f"{a}/m{n}" for n in range(60) for a in ("x", "y", "z")], attempts=6, rows=900
    )
    attempts = [make_attempt(n) for n in range(1, 7)]
    drawn = draw(make_card(attempts=attempts), attempts[-1], frame)
    assert len(drawn.svg.encode()) <= MAX_BYTES
    assert "and 52 more metrics" in texts(drawn.svg)


names = st.text(max_size=30)


@settings(max_examples=60, deadline=None)
@given(names, names, names, st.lists(st.floats(), max_size=12), st.integers(0, 3))
def test_whatever_it_is_called_it_is_a_picture(
    name: str, key: str, message: str, values: list[float], repeats: int
) -> None:
    frame = LiveFrame()
    for step, value in enumerate(values * (1 + repeats)):
        frame.add(1, step, [(key, value), (f"a/{key}", -value)])
    attempt = make_attempt(name=name, state="failed", config={key: message})
    error = ErrorCard(
        type=name, message=message, traceback="", cell="[1]", cell_id=None, line=1, attempt=1
    )
    drawn = draw(make_card(name=name, attempts=[attempt], error=error), attempt, frame)
    root = ET.fromstring(drawn.svg)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        "svg",
        "title",
        "style",
        "rect",
        "circle",
        "path",
        "text",
        "tspan",
    }
    for path in root.iter(f"{SVG}path"):
        assert "nan" not in path.attrib["d"]
        assert "inf" not in path.attrib["d"]


def series(*values: float) -> Series:
    one = Series()
    for step, value in enumerate(values):
        one.add(float(step), value, 500)
    return one


class TestCurves:
    plot = Plot(0, 0, 100, 50)

    def test_values_far_apart_are_on_a_logarithmic_axis(self) -> None:
        assert Curves([series(1e-4, 1.0, 100.0)], []).is_log
        assert not Curves([series(1.0, 100.0)], []).is_log
        assert not Curves([series(-1e-4, 1.0, 100.0)], []).is_log

    def test_a_gap_stays_a_gap(self) -> None:
        curves = Curves([series(1.0, 2.0, math.nan, 3.0)], [])
        assert curves.path(curves.lines[0], self.plot, 100).count("M") == 2

    def test_no_spike_is_lost(self) -> None:
        values = [0.0] * 1000
        values[637] = 10.0
        curves = Curves([series(*values)], [])
        path = curves.path(curves.lines[0], self.plot, 20)
        assert " 0" in path.replace("L", " "), "it reaches the top"
        assert len(path) < 600

    def test_a_curve_that_does_not_move_is_in_the_middle(self) -> None:
        curves = Curves([series(2.0, 2.0)], [])
        assert curves.path(curves.lines[0], self.plot, 10) == "M0 25h.1L100 25"


class TestChosen:
    def test_what_a_person_looks_at_first(self) -> None:
        frame = {key: series(1.0, 2.0, 3.0) for key in ("epoch", "x", "val/loss", "train/loss")}
        frame["still"] = series(1.0, 1.0, 1.0)
        titles = [chart.title for chart in most_telling(frame)]
        assert titles == ["loss", "x", "epoch", "still"]

    def test_a_key_alone_keeps_its_name(self) -> None:
        assert [chart.title for chart in charts(["a/b", "c", "x/y", "z/y"])] == ["a/b", "c", "y"]

    def test_more_of_one_kind_than_can_be_told_apart_are_drawn_each_by_itself(self) -> None:
        keys = [f"layer{n}/norm" for n in range(9)]
        assert [chart.title for chart in charts(keys)] == keys
        assert [len(chart.keys) for chart in charts(keys[1:])] == [8]

    def test_best_is_least_or_most(self) -> None:
        assert best("val/loss", series(3.0, 1.0, math.nan, 2.0)) == 1.0
        assert best("accuracy", series(0.1, math.inf, 0.9)) == 0.9
        assert best("accuracy", series(math.nan)) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.123456, "0.1235"),
        (12345.0, "12.35k"),
        (2.5e6, "2.5M"),
        (1.23e-7, "1.23e-07"),
        (math.nan, "NaN"),
        (-math.inf, "-∞"),
    ],
)
def test_numbers_at_a_glance(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (59.6, "1 min 0 s"), (42, "42 s"), (3700, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_durations_at_a_glance(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text
