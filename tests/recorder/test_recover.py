"""What recovery and readers of sums do not read: rows by the million that wait to be sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbtrack.recorder.recover import recover
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import Store
from nbtrack.store.reader import read, snapshot
from nbtrack.store.schema import Row, Sample
from nbtrack.store.tail import SegmentTail
from tests.journals import new_journal, new_run_dir


def write(journal: Journal, rows: int) -> None:
    for step in range(rows):
        journal.append(Row(journal.next_seq(), now(), 1, step, {"loss": 0.5 * step}))


def test_a_run_that_is_being_recorded_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(tail: SegmentTail, **how: Any) -> Any:
        raise AssertionError(f"{tail.path} is read")

    run_dir = new_run_dir(tmp_path / "store")
    owner, recorder = (new_journal(run_dir, role=role) for role in ("owner", "recorder"))
    write(owner, 3)
    recorder.append(Sample(recorder.next_seq(), now(), {"cpu.percent": 1.0}))
    monkeypatch.setattr(SegmentTail, "batches", refuse)
    assert recover(Store(tmp_path / "store"), quick=True) == []
    recorder.close()
    for name in run_dir.segments():
        if name.writer == recorder.info.writer:
            run_dir.segment(name).unlink()
    with pytest.raises(AssertionError, match="is read"):
        recover(Store(tmp_path / "store"), quick=True)
    owner.close()


def test_what_a_run_adds_up_to_is_known_without_keeping_its_rows(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path / "store")
    journal = new_journal(run_dir)
    write(journal, 5)
    taken = snapshot(run_dir)
    assert (taken.fold.rows, taken.fold.summary) == (5, {"loss": 2.0})
    assert "metrics" not in taken.unsealed.batches
    with pytest.raises(AssertionError):
        taken.source("metrics")
    whole = read(run_dir, lambda taken: taken)
    assert sum(batch.num_rows for batch in whole.unsealed.batches["metrics"]) == 5
    assert whole.fold.summary == taken.fold.summary
    journal.close()
