"""The log by lines: numbered over the whole of it, paged, searched, by cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtrack import UsageError
from nbtrack.server.api.run import Logs, LogsQuery
from nbtrack.server.kept import Kept
from nbtrack.server.logs import Log, page, read_log
from nbtrack.store.layout import RunDir
from nbtrack.store.view import RunView
from tests.server.sessions import Session, record_digits


def ask(run_dir: RunDir, **asked: object) -> Logs:
    return page(read_log(run_dir), LogsQuery(**asked))  # type: ignore[arg-type]  # by the tests


@pytest.mark.parametrize("merged", [False, True])
def test_the_lines_in_the_order_in_which_they_were_seen(tmp_path: Path, merged: bool) -> None:
    session = record_digits(tmp_path / ".nbtrack", merged=merged)
    found = ask(session.run_dir)
    seen = [(one.number, one.cell, one.label, one.stream, one.text) for one in found.lines]
    assert seen == [
        (1, 1, "[1]", "stdout", "\x1b[32mloading\x1b[0m"),
        (2, None, None, "stderr", "between the cells"),
        (3, 2, "[2]", "stdout", "epoch 49"),
        (4, 2, "[2]", "stderr", "a warning"),
        (5, 2, "[2]", "stderr", "Traceback (most recent call last):"),
        (6, 2, "[2]", "stderr", "\x1b[31mValueError\x1b[0m: no such digit"),
        (7, 3, "[3]", "result", "Out[3]: 'done'"),
    ]  # fmt: skip
    assert (found.total, found.matched) == (7, 7)
    times = [line.time for line in found.lines]
    assert times == sorted(times)
    # It is the text of `nbtrack logs`, without its headlines.
    text = RunView(session.run_dir).log()
    at = -1
    for line in found.lines:
        at = text.index(line.text, at + 1)


def test_pages_searches_and_cells(tmp_path: Path) -> None:
    session = Session(tmp_path / ".nbtrack")
    for n in (1, 2):
        cell = session.cell(n)
        session.show(cell, "".join(f"line {at} of İstanbul {n}\n" for at in range(500)))
        session.end(cell)
    session.close(merged=True)
    run_dir = session.run_dir
    last = ask(run_dir, limit=10)
    assert [line.number for line in last.lines] == list(range(991, 1001))
    before = ask(run_dir, limit=10, before=991)
    assert [line.number for line in before.lines] == list(range(981, 991))
    assert ask(run_dir, limit=10, before=1).lines == []
    found = ask(run_dir, search="LINE 7 ", limit=10)
    assert [line.number for line in found.lines] == [8, 508]
    assert (found.total, found.matched) == (1000, 2)
    found = ask(run_dir, search="line 49", cell=2, limit=3)
    assert [line.text for line in found.lines] == [
        f"line {n} of İstanbul 2" for n in (497, 498, 499)
    ]
    assert found.matched == 11
    earlier = ask(run_dir, search="line 49", cell=2, limit=3, before=found.lines[0].number)
    assert [line.number for line in earlier.lines] == [995, 996, 997]
    assert ask(run_dir, cell=1, limit=1).lines[0].number == 500
    assert ask(run_dir, search=".*").matched == 0
    assert ask(run_dir, cell=77).lines == []


@pytest.mark.parametrize(
    "asked", [{"limit": 0}, {"limit": 5001}, {"limit": -1}, {"search": "a" * 1001}]
)
def test_more_than_is_given(tmp_path: Path, asked: dict[str, object]) -> None:
    session = Session(tmp_path / ".nbtrack")
    with pytest.raises(UsageError):
        ask(session.run_dir, **asked)


def test_an_empty_log(tmp_path: Path) -> None:
    found = ask(Session(tmp_path / ".nbtrack").run_dir, search="a", cell=1, before=3)
    assert (found.lines, found.total, found.matched) == ([], 0, 0)


def test_a_log_is_read_once_and_again_when_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("nbtrack.server.kept.time.monotonic", lambda: clock[0])
    read: list[str] = []

    def make(run_dir: RunDir) -> Log:
        read.append(run_dir.id)
        return read_log(run_dir)

    kept: Kept[Log] = Kept(make, lambda log: log.size, 1)
    session = Session(tmp_path / ".nbtrack")
    cell = session.cell(1)
    session.show(cell, "one\n")
    assert kept.get(session.run_dir).page(LogsQuery()).total == 1
    session.show(cell, "two\n")
    assert kept.get(session.run_dir).page(LogsQuery()).total == 1, "not all the time"
    clock[0] += 10
    assert kept.get(session.run_dir).page(LogsQuery()).total == 2
    assert len(read) == 2
    session.close(merged=True)
    for _ in range(3):
        clock[0] += 10
        assert kept.get(session.run_dir).page(LogsQuery()).total == 2
    assert len(read) == 3, "what has ended stays as it is"
    # There is room for one: the other is forgotten.
    other = Session(tmp_path / "other" / ".nbtrack", "two")
    kept.get(other.run_dir)
    kept.get(session.run_dir)
    assert read[3:] == ["two", "one"]
