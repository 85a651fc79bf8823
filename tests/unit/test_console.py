"""Console text on its way into the journal: rewritten rows, limits, and what is lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from nbtrack import _console
from nbtrack._attempts import CellInfo
from nbtrack._console import ConsoleWriter
from nbtrack._screen import RowChange
from tests.consoles import put_together

MIB = 1 << 20


class Records:
    """Takes what a writer records."""

    def __init__(self) -> None:
        self.all: list[tuple[CellInfo | None, str, RowChange, int]] = []
        self.refuses = False

    def __call__(
        self, cell: CellInfo | None, stream: str, row: int, start: int, text: str, lost: int
    ) -> bool:
        if not self.refuses:
            self.all.append((cell, stream, RowChange(row, start, text), lost))
        return not self.refuses

    def text(self, cell: CellInfo | None, stream: str = "stdout") -> str:
        return put_together(c for k, s, c, _ in self.all if (k, s) == (cell, stream))

    @property
    def lost(self) -> int:
        return sum(lost for *_, lost in self.all)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test moves."""
    time = [1000.0]
    monkeypatch.setattr("nbtrack._console.time.monotonic", lambda: time[0])
    return time


def test_text_is_recorded_as_it_comes() -> None:
    records, cell = Records(), CellInfo(cell_id="c")
    writer = ConsoleWriter(records, MIB)
    assert not writer.write(cell, "stdout", "one\n")
    assert not writer.write(cell, "stderr", "two")
    assert not writer.write(None, "stdout", "between\n")
    assert [change.text for _, _, change, _ in records.all] == ["one\n", "two", "between\n"]


def test_a_progress_bar_is_recorded_once_a_second_and_at_its_end(clock: list[float]) -> None:
    records, cell = Records(), CellInfo(cell_id="c")
    writer = ConsoleWriter(records, MIB)
    for percent in range(100):
        clock[0] += 0.1
        writer.write(cell, "stderr", f"\r{percent}%")
    assert 10 <= len(records.all) <= 13
    assert records.text(cell, "stderr") != "99%"
    writer.end(cell)
    assert records.text(cell, "stderr") == "99%"
    writer.write(cell, "stderr", "\r100%")  # came after its cell had ended
    assert records.text(cell, "stderr") == "100%"


def test_a_row_that_waits_is_recorded_when_it_is_due(clock: list[float]) -> None:
    records, cell = Records(), CellInfo(cell_id="c")
    writer = ConsoleWriter(records, MIB)
    writer.write(cell, "stderr", "\r1%")
    assert writer.write(cell, "stderr", "\r2%")
    assert writer.flush()
    assert records.text(cell, "stderr") == "1%"
    clock[0] += _console.REWRITE_SECONDS
    assert not writer.flush()
    assert records.text(cell, "stderr") == "2%"


@pytest.mark.parametrize("at_once", [1, 1000, 200_000])
def test_of_too_much_the_start_and_the_end_are_kept_and_the_loss_is_counted(at_once: int) -> None:
    records, cell = Records(), CellInfo(cell_id="c")
    writer = ConsoleWriter(records, MIB)
    lines = [f"line {n}\n" for n in range(200_000)]
    for at in range(0, len(lines), at_once):
        writer.write(cell, "stdout", "".join(lines[at : at + at_once]))
    writer.end(cell)
    text = "".join(lines)
    recorded = sum(len(change.text) for _, _, change, _ in records.all)
    assert recorded < MIB / 8 + 100_000
    assert recorded + records.lost == len(text)
    rows = records.text(cell).split("\n")
    assert rows[:100] == text.split("\n")[:100]
    assert rows[-1000:] == text.split("\n")[-1000:]
    assert len(rows) == 200_001  # what is kept stands in the rows where it stood


def test_one_flooding_cell_leaves_room_for_the_others() -> None:
    records = Records()
    writer = ConsoleWriter(records, MIB)
    flood, calm = CellInfo(cell_id="a"), CellInfo(cell_id="b")
    for _ in range(100):
        writer.write(flood, "stdout", "x" * 99_999 + "\n")
    writer.end(flood)
    writer.write(calm, "stdout", "calm\n")
    assert records.text(calm) == "calm\n"


def test_a_run_has_a_limit_however_many_cells_it_has() -> None:
    records = Records()
    writer = ConsoleWriter(records, MIB)
    cells = [CellInfo(cell_id=str(n)) for n in range(50)]
    for cell in cells:
        writer.write(cell, "stdout", "y" * 100_000 + "\n")
        writer.write(cell, "stdout", "the end")
        writer.end(cell)
    recorded = sum(len(change.text) for _, _, change, _ in records.all)
    assert recorded < MIB + 50 * 70_000
    assert recorded + records.lost == 50 * 100_008
    assert all(records.text(cell).endswith("the end") for cell in cells)


def test_the_loss_is_told_while_it_happens(clock: list[float]) -> None:
    records = Records()
    writer = ConsoleWriter(records, MIB)
    for _ in range(100):
        clock[0] += 1
        writer.write(None, "stdout", "z" * 50_000 + "\n")
    assert records.lost > 100 * 50_000 - MIB  # without an end: a kill may come


def test_what_the_journal_does_not_take_counts_as_lost() -> None:
    records, cell = Records(), CellInfo(cell_id="c")
    writer = ConsoleWriter(records, MIB)
    records.refuses = True
    writer.write(cell, "stdout", "12345\n")
    records.refuses = False
    writer.write(cell, "stdout", "next\n")
    assert records.lost == 6
    assert records.all[-1][2] == RowChange(1, 0, "next\n")


def test_threads_may_write_at_once() -> None:
    records, cell = Records(), CellInfo(cell_id="c")
    writer = ConsoleWriter(records, 64 * MIB)

    def write(name: int) -> None:
        for n in range(500):
            writer.write(cell, "stdout", f"{name}:{n}\n")

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted(f"{name}:{n}" for name in range(4) for n in range(500))
    assert sorted(records.text(cell).split()) == expected


def test_cells_of_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_console, "_MAX_CHANNELS", 8)
    records = Records()
    writer = ConsoleWriter(records, MIB)
    cells = [CellInfo(cell_id=str(n)) for n in range(100)]
    for cell in cells:
        writer.write(cell, "stderr", "\r1%")
        writer.write(cell, "stderr", "\r2%")
    channels: Any = writer._channels
    assert len(channels) == 8
    writer.close()
    assert all(records.text(cell, "stderr") == "2%" for cell in cells)
