"""What rows add up to: summaries and extremes, wherever the rows lie."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import nbtrack
from nbtrack._attempts import CellInfo
from nbtrack.store import parquet, query, reader
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir
from nbtrack.store.merge import merge
from nbtrack.store.schema import Change, Row
from nbtrack.store.seal import seal_run
from tests.journals import new_journal, new_run, new_run_dir, view

KEYS = ("loss", "acc")
NUMBERS = st.one_of(
    st.floats(-1e6, 1e6),
    st.integers(-5, 5),
    st.booleans(),
    st.sampled_from([math.nan, math.inf, -0.0]),
)
VALUES = st.one_of(NUMBERS, st.none(), st.text(max_size=3))
LOGGED = st.lists(
    st.tuples(
        st.integers(0, 2),  # attempt
        st.integers(-3, 10),  # step
        st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2),
        st.sampled_from(["go on", "next segment", "seal", "merge"]),
    ),
    max_size=25,
)
EVERY = ["min", "max", "mean", "best", "last", "first"]


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(logged=LOGGED)
def test_summaries_are_those_of_plain_python_wherever_the_rows_lie(
    tmp_path: Path, logged: list[tuple[int, int, dict[str, Any], str]]
) -> None:
    run_dir = new_run_dir(Path(tempfile.mkdtemp(dir=tmp_path)))
    journal = new_journal(run_dir)
    journal.open()
    value = {"summary": EVERY, "goal": "maximize"}
    journal.append(Change(journal.next_seq(), now(), 0, "metric", "*", value))
    for attempt, step, data, then in logged:
        journal.append(Row(journal.next_seq(), now(), attempt, step, data))
        if then != "go on":
            journal.close()
            if then != "next segment":
                seal_run(run_dir)
            if then == "merge":
                merge(run_dir)
            journal = new_journal(run_dir)
            journal.open()
    found = view(run_dir)
    rows = [(attempt, step, data) for attempt, step, data, _ in logged]
    by_attempt = {n: [row for row in rows if row[0] == n] for n in (1, 2)}
    assert_equal(found.summary, expected(rows))
    assert {attempt.n for attempt in found.attempts} == {
        n for n, some in by_attempt.items() if some
    }
    for one in found.attempts:
        assert_equal(one.summary, expected(by_attempt[one.n]))
    for key in KEYS:
        places = extremes(rows, key)
        aggregates = found.aggregates(key)
        if aggregates is not None:
            got = [
                None if one is None else (one.attempt, one.step)
                for one in (aggregates.min, aggregates.max)
            ]
            assert got == places
    journal.close()


def numbers(rows: list[tuple[int, int, dict[str, Any]]], key: str) -> list[tuple[float, int, int]]:
    return [
        (float(data[key]), attempt, step)
        for attempt, step, data in rows
        if isinstance(data.get(key), float | int) and not math.isnan(data[key])
    ]


def expected(rows: list[tuple[int, int, dict[str, Any]]]) -> dict[str, Any]:
    """The summary, by the book."""
    found: dict[str, Any] = {}
    for key in KEYS:
        having = sorted((row for row in rows if key in row[2]), key=lambda row: row[0])
        if not having:
            continue
        last, first = having[-1][2][key], having[0][2][key]
        some = [value for value, _, _ in numbers(rows, key)]
        if not some:
            found[key] = last
            continue
        found[key] = {
            "min": min(some),
            "max": max(some),
            "mean": sum(some) / len(some),
            "best": max(some),
            **({"last": last} if last is not None else {}),
            **({"first": first} if first is not None else {}),
        }
    return found


def extremes(rows: list[tuple[int, int, dict[str, Any]]], key: str) -> list[tuple[int, int] | None]:
    some = numbers(rows, key)
    if not some:
        return [None, None]
    return [
        min((attempt, step) for value, attempt, step in some if value == wanted)
        for wanted in (min(some)[0], max(some)[0])
    ]


def assert_equal(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        if not isinstance(value, dict):
            assert same(found[key], value)
            continue
        assert found[key].keys() == value.keys()
        for name, number in value.items():
            assert same(found[key][name], number), (key, name)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(
            one, other, rel_tol=1e-9, abs_tol=1e-9
        )
    return bool(one == other)


def test_sets_that_were_sealed_without_the_numbers_are_counted(tmp_path: Path) -> None:
    """As those of an older nbtrack, whose digests hold three elements for each attempt."""
    run = new_run(tmp_path / "store")
    run.define_metric("*", summary=EVERY, goal="minimize")
    for step, value in enumerate((3.0, 1.0, math.nan, 1.0, 2.0)):
        run.log({"loss": value, "text": "a"}, step=10 - step)
    run.finish()
    wanted, of_loss = view(run).summary, view(run).aggregates("loss")
    run_dir = RunDir(run.path)
    assert seal_run(run_dir)
    (name,) = run_dir.sealed_sets()
    path = run_dir.sealed_table(name, "changes")
    entries = query.metadata([path])[str(path)]
    short = {n: entry[:3] for n, entry in json.loads(entries["nbtrack.digest"]).items()}
    kept = {key: value for key, value in entries.items() if key.startswith("nbtrack.")}
    source = query.Source("changes", (path,), ())
    stream = query.fetch(source, "SELECT * FROM rows")
    parquet.write("changes", stream, path, {**kept, "nbtrack.digest": json.dumps(short)})
    assert not reader.read_metadata([path])[1].complete
    assert (view(run).summary, view(run).aggregates("loss")) == (wanted, of_loss)
    assert of_loss is not None
    assert of_loss.min is not None
    assert (of_loss.min.value, of_loss.min.step, of_loss.count) == (1.0, 7, 4)
    assert merge(run_dir)
    merged = run_dir.merged_table(reader.select(run_dir).sealed_names[0], "changes")
    assert reader.read_metadata([merged])[1].complete
    assert (view(run).summary, view(run).aggregates("loss")) == (wanted, of_loss)


def test_the_extremes_name_their_attempts(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.define_metric("acc", goal="maximize")
    for values in ((1, 5, 2), (0, 5), (3,)):
        run.begin_attempt(CellInfo(cell_id="a", execution_count=1, source=""))
        for value in values:
            run.log({"acc": value})
    run.finish()
    found = view(run).aggregates("acc")
    assert found == nbtrack.Aggregates(
        count=6,
        mean=16 / 6,
        min=nbtrack.Extreme(value=0, attempt=2, step=0),
        max=nbtrack.Extreme(value=5, attempt=1, step=1),
        first=nbtrack.Extreme(value=1, attempt=1, step=0),
        last=nbtrack.Extreme(value=3, attempt=3, step=0),
        best=nbtrack.Extreme(value=5, attempt=1, step=1),
    )
    assert view(run).aggregates("nothing") is None
