"""What recovery and readers of sums do not read: rows by the million that wait to be sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbtrack._process import this_process
from nbtrack.recorder.recover import recover
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import Store
from nbtrack.store.reader import read, snapshot
from nbtrack.store.schema import Row, Sample, WriterInfo
from nbtrack.store.tail import SegmentTail
from tests.journals import new_journal, new_run_dir, settings, view


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


def test_a_container_that_is_gone_is_given_up_when_somebody_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run_dir = new_run_dir(store.path)
    there = msgspec.structs.replace(this_process(), pid_ns=1)
    long_ago = now() - 600_000_000
    infos = (
        WriterInfo(run=run_dir.id, writer="o1", role="owner", process=there, opened=long_ago),
        WriterInfo(run=run_dir.id, writer="r1", role="recorder", process=there, opened=long_ago),
    )
    journal, recorder = (Journal(run_dir, info, settings(store.path)) for info in infos)
    journal.append(Row(journal.next_seq(), long_ago, 0, 0, {"loss": 0.5}))
    recorder.append(Sample(recorder.next_seq(), long_ago, {"cpu.percent": 1.0}))
    assert view(run_dir).reason.endswith("last seen 10 min ago")
    assert recover(store) == []
    assert recover(store, silent=1200) == []
    (done,) = recover(store, silent=300)
    assert done.silent == pytest.approx(600, abs=60)
    assert (done.rows, done.sealed, done.problem) == (1, 0, None)
    assert (view(run_dir).state, view(run_dir).reason) == (
        "finished",
        "died while idle: cause unknown",
    )
    assert recover(store, silent=300) == []
    # It lived all the same: what it writes is read, and its own word on its end counts.
    journal.append(Row(journal.next_seq(), now(), 0, 1, {"loss": 0.25}))
    assert view(run_dir).rows == 2
    journal.close()
    recorder.close()
