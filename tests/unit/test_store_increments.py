"""What somebody who has a part of a run's rows does not have yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nbtrack.store import increments, reader
from nbtrack.store.increments import Mark, Other, Place, Value
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Row, Sample
from nbtrack.store.seal import seal_run
from tests.journals import new_journal, new_run, new_run_dir


def rest(
    run_dir: RunDir, marks: Mapping[Place, Mark], most: int, *attempts: int
) -> tuple[list[Value], bool]:
    return reader.read(
        run_dir,
        lambda taken: increments.rest(taken, "metrics", marks, attempts or (0,), most),
    )


def sound(run_dir: RunDir, marks: Mapping[Place, Mark]) -> dict[Place, Mark]:
    return reader.read(run_dir, lambda taken: increments.sound(taken, "metrics", marks))


def test_some_at_a_time_in_whole_rows(tmp_path: Path) -> None:
    """Of sealed rows and of others."""
    run = new_run(tmp_path, "one")
    for step in range(10):
        run.log({"a": step, "b": step * 2.0, "text": "word"})
        if step == 4:
            seal_run(RunDir(run.path))
    run.finish()
    run_dir = RunDir(run.path)
    marks: dict[Place, Mark] = {}
    seen: list[tuple[int, str, float]] = []
    more = True
    while more:
        values, more = rest(run_dir, marks, 5)
        assert len(values) == 4
        seen += ((value.step, value.key, value.value) for value in values)
        place = values[-1].attempt, values[-1].writer
        marks[place] = Mark(values[-1].seq, len(seen))
        assert sound(run_dir, marks) == marks
        if len(seen) == 20:
            break
    assert sorted(seen) == sorted(
        (step, key, value) for step in range(10) for key, value in (("a", step), ("b", step * 2.0))
    )
    assert rest(run_dir, marks, 5) == ([], False)
    # A row that is more than that comes whole; other attempts do not.
    values, more = rest(run_dir, {}, 1)
    assert (len(values), more) == (2, True)
    assert rest(run_dir, {}, 5, 1) == ([], False)


def test_a_row_that_was_written_after_a_later_one(tmp_path: Path) -> None:
    """Of two threads the later number may be written first: who was there between starts again."""
    run_dir = new_run_dir(tmp_path)
    journal = new_journal(run_dir)
    early, late = journal.next_seq(), journal.next_seq()
    journal.append(Row(late, 5, 0, 1, {"a": 1.0}))
    (value,), _ = rest(run_dir, {}, 10)
    marks = {(0, value.writer): Mark(value.seq, 1)}
    assert sound(run_dir, marks) == marks
    journal.append(Row(early, 4, 0, 0, {"a": 0.0}))
    assert sound(run_dir, marks) == {}
    assert [one.seq for one in rest(run_dir, {}, 10)[0]] == [early, late]
    journal.close()


def test_what_no_float_holds(tmp_path: Path) -> None:
    run = new_run(tmp_path, "one")
    run.log({"a": "text", "b": 2**60 + 1, "c": float("inf"), "d": float("nan"), "e": 1})
    run.log({"a": None, "c": float("-inf")})
    found = reader.read(RunDir(run.path), increments.count_other)
    assert found == Other(texts=2, rounded=1, infinite=2)
    assert {value.key for value in rest(RunDir(run.path), {}, 10)[0]} == {"b", "c", "d", "e"}
    run.finish()


def test_samples(tmp_path: Path) -> None:
    run_dir = new_run_dir(tmp_path)
    journal = new_journal(run_dir, role="recorder")
    for second in (0, 1, 3):
        journal.append(Sample(journal.next_seq(), 10_000_000 + second * 1_000_000, {"cpu": 1.0}))
    values, more = reader.read(run_dir, lambda taken: increments.rest(taken, "system", {}, [0], 10))
    assert [(value.attempt, value.step) for value in values] == [(0, 0), (0, 1), (0, 3)]
    assert not more
    journal.close()
