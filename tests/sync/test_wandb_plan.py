"""Which runs of W&B a run becomes, and the rows that they get. wandb itself is not needed here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbtrack._options import RunOptions
from nbtrack._start import start_run
from nbtrack.store import reader
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import (
    AttemptEnd,
    AttemptStart,
    Change,
    Outcome,
    Row,
)
from nbtrack.store.seal import seal_run
from nbtrack.store.step_rows import Extent, StepRow, extents, step_rows
from nbtrack.store.view import RunView
from nbtrack.sync.wandb.plan import Target, targets
from nbtrack.sync.wandb.told import Told
from tests.journals import new_journal, new_run, new_run_dir, settings


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    return new_run_dir(tmp_path / "store", "one")


def begin(journal: Journal, attempt: int, **more: Any) -> None:
    given = {"name": None, "tags": [], "config": {}, "cell_id": "c", **more}
    journal.append(
        AttemptStart(
            seq=journal.next_seq(),
            time=now(),
            attempt=attempt,
            cell_try=attempt,
            execution_count=attempt,
            source="log()",
            **given,
        )
    )


def log(journal: Journal, attempt: int, steps: range, **values: Any) -> None:
    for step in steps:
        data = {"i": float(step), **values}
        journal.append(Row(journal.next_seq(), now(), attempt, step, data))


def end(journal: Journal, attempt: int, outcome: Outcome = "finished") -> None:
    journal.append(AttemptEnd(journal.next_seq(), now(), attempt, outcome, None, 1.0, 1.0))


def change(journal: Journal, attempt: int, kind: Any, key: str, value: Any) -> None:
    journal.append(Change(journal.next_seq(), now(), attempt, kind, key, value))


def close(journal: Journal) -> None:
    change(journal, 0, "closed", "", {"state": "finished", "reason": "", "failure": None})
    journal.close()


def plan(run_dir: RunDir, told: Told | None = None) -> list[Target]:
    taken = reader.snapshot(run_dir)
    logged = reader.read(run_dir, extents)
    return targets(RunView(run_dir), taken.fold, logged, told or Told())


def test_one_attempt_is_one_run(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", "one")
    run.log({"loss": 1})
    run.config["rate"] = 0.1
    run.summary["best"] = 3
    run.finish()
    (target,) = plan(RunDir(run.path))
    assert (target.id, target.name, target.group, target.whole) == ("one", run.name, None, True)
    assert target.config["rate"] == 0.1
    assert target.config["nbtrack"]["run"] == "one"
    assert target.summary == {"loss": 1.0, "best": 3}
    assert target.exit_code == 0
    assert abs(target.started - RunView(RunDir(run.path)).started_at.timestamp() * 1e6) < 2


def test_a_run_without_rows_is_a_run_there_too(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store", "one")
    run.config["rate"] = 0.1
    run.finish()
    (target,) = plan(RunDir(run.path))
    assert target.whole
    assert target.config["rate"] == 0.1


def test_attempts_that_begin_anew_are_a_group(run_dir: RunDir) -> None:
    journal = new_journal(run_dir)
    begin(journal, 1, config={"rate": 1})
    change(journal, 1, "config", "rate", 2)
    log(journal, 1, range(5), only=1.0)
    end(journal, 1, "interrupted")
    begin(journal, 2, config={"rate": 2}, name="wide", tags=["b"])
    end(journal, 2, "failed")
    begin(journal, 3, config={"rate": 2})
    log(journal, 3, range(3))
    change(journal, 3, "summary", "i", 99)
    change(journal, 3, "summary", "by hand", 7)
    end(journal, 3, "failed")
    log(journal, 0, range(2))
    close(journal)
    told = Told()
    between, first, third = plan(run_dir, told)
    assert told.lines() == ["attempts that logged nothing: 2"]
    assert [t.id for t in (between, first, third)] == ["one-0", "one-1", "one-3"]
    assert [t.name for t in (between, first, third)] == ["one between cells", "one 1", "one 3"]
    assert {t.group for t in (between, first, third)} == {"one"}
    assert [t.attempts for t in (between, first, third)] == [[0], [1], [3]]
    assert [t.last for t in (between, first, third)] == [False, False, True]
    assert [t.exit_code for t in (between, first, third)] == [0, 255, 1]
    assert (first.config["rate"], third.config["rate"]) == (2, 2)
    assert first.config["nbtrack"]["attempt"] == 1
    assert first.summary == {"i": 4.0, "only": 1.0}
    assert third.summary == {"i": 99, "by hand": 7}
    assert len(third.stretches) == 1


@pytest.mark.parametrize(("begins", "ids"), [(5, ["one"]), (4, ["one-1", "one-2"])])
def test_what_goes_on_behind_the_steps_before_is_the_same_run(
    run_dir: RunDir, begins: int, ids: list[str]
) -> None:
    """A script that was resumed, and one that began anew."""
    first = new_journal(run_dir)
    begin(first, 1)
    log(first, 1, range(5))
    first.close()
    second = new_journal(run_dir)
    begin(second, 2)
    log(second, 2, range(begins, 9))
    end(second, 2)
    close(second)
    found = plan(run_dir)
    assert [target.id for target in found] == ids
    assert [n for target in found for n in target.attempts if n] == [1, 2]


def test_later_cells_of_one_kernel_are_not_joined(run_dir: RunDir) -> None:
    journal = new_journal(run_dir)
    for attempt in (1, 2):
        begin(journal, attempt)
        log(journal, attempt, range(10 * attempt, 10 * attempt + 3))
        end(journal, attempt)
    close(journal)
    assert [target.id for target in plan(run_dir)] == ["one-1", "one-2"]


def test_what_wandb_refuses_is_told(tmp_path: Path) -> None:
    store = tmp_path / "store"
    options = RunOptions(
        id="one",
        project="team/digits #1?",
        tags=["a", "t" * 65, "a"],
        config={"_wandb": 1, "rate": float("nan")},
    )
    run = start_run(options, settings(store), cwd=tmp_path)
    run.log({"loss": 1})
    run.finish()
    told = Told()
    (target,) = plan(RunDir(run.path), told)
    assert target.project == "team-digits -1-"
    assert target.tags == ["a"]
    assert "_wandb" not in target.config
    said = "\n".join(told.lines())
    assert "'team/digits #1?': there it is 'team-digits -1-'" in said
    assert "64 characters" in said
    assert "'_wandb'" in said


def test_ids_are_no_longer_than_they_may_be(tmp_path: Path) -> None:
    found = set()
    for id in ("a" * 64, "a" * 63 + "b"):
        journal = new_journal(run_dir := new_run_dir(tmp_path / "store", id))
        for attempt in (1, 2):
            begin(journal, attempt)
            log(journal, attempt, range(2))
        close(journal)
        found |= {target.id for target in plan(run_dir)}
    assert len(found) == 4
    assert max(map(len, found)) <= 64


def test_a_row_a_step_in_order(run_dir: RunDir) -> None:
    journal = new_journal(run_dir)
    times: dict[int, int] = {}
    for step, data in (
        (3, {"loss": 1.0, "text": "a"}),
        (1, {"loss": 0.5}),
        (3, {"loss": 2.0, "other": True}),
        (1, {"big": 2**60 + 1, "huge": 2**64 - 1, "none": None, "nested": {"x": 1}}),
    ):
        times[step] = now()
        journal.append(Row(journal.next_seq(), times[step], 1, step, data))
    journal.append(Row(journal.next_seq(), now(), 2, -4, {"loss": float("nan")}))
    close(journal)

    def check() -> None:
        assert list(step_rows(run_dir, 1)) == [
            StepRow(
                1,
                times[1],
                {"loss": 0.5, "big": 2**60 + 1, "huge": 2**64 - 1, "none": None, "nested/x": 1.0},
            ),
            StepRow(3, times[3], {"loss": 2.0, "text": "a", "other": 1.0}),
        ]
        (row,) = step_rows(run_dir, 2)
        assert row.values["loss"] != row.values["loss"]
        assert list(step_rows(run_dir, 3)) == []
        assert reader.read(run_dir, extents) == {1: Extent(1, 3), 2: Extent(-4, -4)}

    check()
    seal_run(run_dir)
    check()
