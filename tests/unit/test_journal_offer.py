"""A record that is kept at once or not at all: what a person saw must not wait for a disk."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from nbtrack.store import segment as segment_module
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Console, Row
from tests.journals import KINDS, Kind, logged, new_journal, new_run_dir, read_journal


def consoles(run_dir: RunDir) -> list[int]:
    records, damage = read_journal(run_dir)
    assert not damage
    return [record.row for _, record in records if isinstance(record, Console)]


def record(made: Journal, i: int, pad: int = 10) -> Console:
    return Console(made.next_seq(), now(), 0, "stdout", i, 0, "x" * pad)


@pytest.mark.parametrize("journal", KINDS)
def test_over_many_segments(tmp_path: Path, journal: Kind) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir, journal=journal)
    assert all(made.offer(record(made, i, 1000)) for i in range(3000))
    made.close()
    assert not made.offer(record(made, 0))
    assert len(run_dir.segments()) > 3
    assert len(consoles(run_dir)) == 3000


@pytest.mark.parametrize("journal", KINDS)
def test_on_a_full_disk(tmp_path: Path, journal: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir, journal=journal)
    made.open()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segment_module, "QuietFile", full)
    kept = 0
    while made.offer(record(made, kept, 1000)):
        kept += 1
    assert not made.offer(record(made, kept, 1000))
    monkeypatch.undo()
    assert made.offer(record(made, kept, 1000))
    made.close()
    assert made.dropped == 0
    assert len(consoles(run_dir)) == kept + 1


def test_at_the_quota(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir, journal_quota=1 << 20, overflow="drop")
    kept = 0
    while made.offer(record(made, kept, 10_000)):
        kept += 1
        made._quota.measure()
    assert 50 < kept < 150
    made.close()


def test_beside_rows_of_other_threads(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    made = new_journal(run_dir)
    kept: list[bool] = []

    def rows() -> None:
        for i in range(5000):
            made.append(Row(made.next_seq(), now(), 0, i, {"i": i, "pad": "x" * 100}))

    threads = [threading.Thread(target=rows) for _ in range(3)]
    for thread in threads:
        thread.start()
    kept += [made.offer(record(made, i, 100)) for i in range(5000)]
    for thread in threads:
        thread.join()
    made.close()
    assert sorted(logged(run_dir)) == sorted([*range(5000)] * 3)
    assert len(consoles(run_dir)) == sum(kept)
