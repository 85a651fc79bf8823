"""A loop that counts itself, and the text that it writes where nobody looks."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from nbtrack import _current, _progress, progress
from nbtrack._progress import describe, outermost


class Shown:
    """A host in which a live view shows how far loops are."""

    shows_progress = True


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_current, "_host", Shown())


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def screen(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> Screen:
    stream = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", stream)
    return stream


@pytest.mark.usefixtures("seen")
class TestCounting:
    def test_everything_comes_through(self) -> None:
        counted = progress([3, 1, 2])
        assert list(counted) == [3, 1, 2]
        assert (counted.done, counted.total, len(counted)) == (3, 3, 3)

    def test_nothing_is_nothing(self) -> None:
        counted = progress(list[int]())
        assert list(counted) == []
        assert counted.done == 0

    def test_an_item_is_done_when_the_next_one_is_asked_for(self) -> None:
        counted = progress("abc")
        assert [counted.done for _ in counted] == [0, 1, 2]

    def test_what_has_no_length_has_no_total(self) -> None:
        counted = progress(iter("abc"))
        assert counted.total is None
        with pytest.raises(TypeError):
            len(counted)
        assert progress(iter("abc"), total=3).total == 3

    def test_a_loop_that_is_left_early_is_over(self) -> None:
        for item in (counted := progress("abc")):
            if item == "b":
                break
        del item
        assert outermost() is None
        assert counted.done == 1

    def test_an_error_ends_it(self) -> None:
        with pytest.raises(ZeroDivisionError):
            _ = [1 / item for item in progress([1, 0])]
        assert outermost() is None

    def test_the_loop_around_the_others_is_shown(self) -> None:
        labels = []
        for _ in progress(range(2), label="epoch"):
            for _ in progress(range(2), label="batch"):
                looked = outermost()
                assert looked is not None
                labels.append((looked.label, looked.done))
        assert labels == [("epoch", 0), ("epoch", 0), ("epoch", 1), ("epoch", 1)]
        assert outermost() is None

    def test_a_loop_that_an_error_left_is_no_progress_of_later_cells(self) -> None:
        left = iter(progress(range(3), label="left"))
        next(left)
        assert (before := outermost()) is not None
        assert before.label == "left"
        _progress.begin_cell()
        assert outermost() is None
        for _ in progress(range(1), label="next"):
            assert (now := outermost()) is not None
            assert now.label == "next"
        next(left)  # it goes on after all, in a thread perhaps
        assert (again := outermost()) is not None
        assert again.done == 1

    def test_by_hand(self) -> None:
        with progress(total=10, label="files") as bar:
            bar.update()
            bar.update(3)
            looked = outermost()
            assert looked is not None
            assert (looked.done, looked.total, looked.closed) == (4, 10, False)
        assert bar.look().closed
        with pytest.raises(TypeError, match="iterate"):
            list(bar)

    def test_the_rate_is_that_of_late(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = 100.0
        monkeypatch.setattr("time.monotonic", lambda: clock)
        with progress(total=100) as bar:
            bar.update(0)
            clock += 10
            bar.update(10)
            first = bar.look().rate
            clock += 1
            bar.update(10)
            second = bar.look().rate
        assert first == 1.0
        assert second is not None
        assert 1.0 < second < 10.0


class TestText:
    def test_a_terminal_has_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = screen(monkeypatch, terminal=True)
        assert list(progress(range(1000), label="epoch")) == list(range(1000))
        text = stream.getvalue()
        assert text.count("\n") == 1
        assert text.startswith("\repoch    0%")
        last = text.rsplit("\r", 1)[1]
        assert "100%" in last
        assert "1000/1000" in last

    def test_a_file_has_few_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = screen(monkeypatch, terminal=False)
        for _ in progress(range(100_000)):
            pass
        assert stream.getvalue().count("\n") == 1
        assert "\r" not in stream.getvalue()

    def test_a_slow_loop_is_shown_as_it_goes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = 100.0
        monkeypatch.setattr("time.monotonic", lambda: clock)
        stream = screen(monkeypatch, terminal=False)
        for _ in progress(range(6), label="epoch"):
            clock += 11
        lines = stream.getvalue().splitlines()
        assert len(lines) == 6
        assert "2/6" in lines[1]
        assert "44s left" in lines[1]

    def test_a_rate_that_falls_is_looked_at_soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = 100.0
        monkeypatch.setattr("time.monotonic", lambda: clock)
        stream = screen(monkeypatch, terminal=True)

        def items() -> Iterator[int]:
            nonlocal clock
            for n in range(2000):
                clock += 0.0001 if n < 1000 else 0.05
                yield n

        for _ in progress(items()):
            pass
        assert stream.getvalue().count("\r") > 200

    def test_nothing_is_printed_where_nothing_is_to_be(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream = screen(monkeypatch, terminal=True)
        monkeypatch.setenv("NBTRACK_QUIET", "1")
        assert len(list(progress(range(10)))) == 10
        assert stream.getvalue() == ""

    def test_a_stream_that_is_closed_stops_no_loop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = screen(monkeypatch, terminal=True)
        stream.close()
        assert len(list(progress(range(10)))) == 10

    def test_without_a_total(self) -> None:
        looked = progress(label="rows")
        looked.update(7)
        assert describe(looked.look()).startswith("rows  7  in 0s")
        looked.close()
        assert outermost() is None


def test_nothing_is_left_open() -> None:
    assert _progress._open == []
