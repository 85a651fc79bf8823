"""What ``define_metric()`` makes of summaries, histories and charts."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nbtrack.store import reader
from nbtrack.store.digest import Digest
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
        n for n, some in by_attempt.items() if any(data for *_, data in some)
    }
    for attempt in found.attempts:
        assert_equal(attempt.summary, expected(by_attempt[attempt.n]))
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
