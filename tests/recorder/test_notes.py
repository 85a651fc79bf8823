"""The recorder's log: bounded, and never in the way."""

from __future__ import annotations

from pathlib import Path

from nbtrack.recorder.notes import note


def test_lines_with_their_time(tmp_path: Path) -> None:
    log = tmp_path / "log"
    note(log, "first\n")
    note(log, "second")
    lines = log.read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["first", "second"]
    assert all(line[4] == "-" and line[19] == "Z" for line in lines)


def test_the_log_stays_small_and_keeps_the_newest(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for number in range(2_000):
        note(log, f"{number} {'x' * 100}")
        assert log.stat().st_size <= 64 * 1024
    numbers = [int(line.split()[1]) for line in log.read_text().splitlines()]
    assert numbers == list(range(numbers[0], 2_000))
    assert len(numbers) > 200


def test_one_huge_line_is_cut(tmp_path: Path) -> None:
    note(tmp_path / "log", "x" * 10_000_000)
    assert (tmp_path / "log").stat().st_size <= 64 * 1024


def test_no_place_to_write_is_no_error(tmp_path: Path) -> None:
    note(tmp_path / "missing" / "log", "text")
    note(tmp_path, "text")
