"""Steps: counted up, given in any order, shared by rows; and what is no step, key or row."""

from __future__ import annotations

import collections
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbtrack
from nbtrack import InvalidDataError, InvalidKeyError, InvalidStepError
from nbtrack._attempts import CellInfo
from nbtrack._run import Run
from nbtrack.store.layout import RunDir
from tests.journals import new_run, read_rows, view

FIRST, LAST = -(2**63), 2**63 - 1


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = new_run(tmp_path / "store")
    yield made
    if not made.finished:
        made.finish()


def steps(run: Run) -> list[tuple[int, int]]:
    """(attempt, step) of every row, in the order in which they were logged."""
    rows, damage = read_rows(RunDir(run.path))
    assert not damage
    return [(row.attempt, row.step) for row in rows]


def loose(run: Run) -> list[int]:
    """The steps of the rows, none of which belongs to an attempt."""
    found = steps(run)
    assert {attempt for attempt, _ in found} <= {0}
    return [step for _, step in found]


def test_steps_count_from_zero(run: Run) -> None:
    assert run.step == 0
    for expected in range(5):
        assert run.step == expected
        run.log({"loss": 1})
    assert loose(run) == [0, 1, 2, 3, 4]


def test_commit_false_shares_the_step_with_the_next_row(run: Run) -> None:
    run.log({"a": 1}, commit=False)
    run.log({"b": 1}, commit=False)
    assert run.step == 0
    run.log({"c": 1})
    run.log({"d": 1})
    assert loose(run) == [0, 0, 0, 1]
    run.finish()
    wide = view(run).history("a", "b", "c", "d").to_pylist()
    assert [list(row.values())[1:] for row in wide] == [
        [0, 1, 1, 1, None],
        [1, None, None, None, 1],
    ]


def test_a_given_step_moves_the_count_on_and_never_back(run: Run) -> None:
    run.log({"a": 1}, step=10)
    run.log({"a": 2})
    run.log({"a": 3}, step=4)
    run.log({"a": 4})
    run.log({"a": 5}, step=-7)
    run.log({"a": 6}, step=12)
    run.log({"a": 7})
    assert loose(run) == [10, 11, 4, 12, -7, 12, 13]


def test_a_given_step_with_commit_false(run: Run) -> None:
    run.log({"a": 1}, step=5, commit=False)
    assert run.step == 5
    run.log({"b": 1})
    run.log({"c": 1}, step=3, commit=False)
    assert run.step == 6
    run.log({"d": 1}, step=6, commit=False)
    assert run.step == 6
    run.log({"e": 1})
    assert loose(run) == [5, 5, 3, 6, 6]


def test_rows_out_of_order_and_twice_are_all_kept(run: Run) -> None:
    order = [5, 3, 3, -2, 10**15, 0, LAST, FIRST, 4, LAST]
    for value, step in enumerate(order):
        run.log({"loss": value}, step=step)
    assert loose(run) == order
    run.finish()
    table = view(run).history("loss").to_pylist()
    assert sorted((row["step"], row["value"]) for row in table) == sorted(
        (step, float(value)) for value, step in enumerate(order)
    )
    assert [row["step"] for row in table] == sorted(order)


def test_behind_the_last_step_rows_share_it(run: Run) -> None:
    run.log({"a": 1}, step=LAST)
    run.log({"a": 2})
    run.log({"a": 3})
    assert loose(run) == [LAST] * 3


def test_an_empty_row_is_none_and_takes_its_step(run: Run) -> None:
    run.log({})
    run.log({}, step=5)
    run.log({"a": 1})
    assert loose(run) == [6]


@pytest.mark.parametrize(
    "step",
    [
        *(kind(3) for kind in (numpy.int8, numpy.int32, numpy.int64, numpy.uint8, numpy.uint64)),
        numpy.array(3),
    ],
    ids=repr,
)
def test_integers_of_others_are_steps(step: Any, run: Run) -> None:
    run.log({"a": 1}, step=step)
    run.log({"a": 2})
    assert loose(run) == [3, 4]


@pytest.mark.parametrize("step", [FIRST, LAST, numpy.int64(LAST), numpy.uint64(LAST)], ids=repr)
def test_the_ends_of_64_bits_are_steps(step: Any, run: Run) -> None:
    run.log({"a": 1}, step=step)
    assert loose(run) == [int(step)]


def test_every_attempt_counts_for_itself(run: Run) -> None:
    cell = CellInfo(cell_id="a", execution_count=1)
    run.log({"x": 1})
    run.log({"x": 1})
    run.begin_attempt(cell)
    assert (run.attempt, run.step) == (1, 0)
    run.log({"x": 1})
    run.log({"x": 1}, step=7)
    run.end_attempt("finished", None)
    assert (run.attempt, run.step) == (0, 2), "between cells the count goes on where it was"
    run.log({"x": 1})
    run.begin_attempt(cell)
    assert (run.attempt, run.step) == (2, 0)
    run.log({"x": 1})
    run.end_attempt("failed", None)
    run.log({"x": 1})
    assert steps(run) == [(0, 0), (0, 1), (1, 0), (1, 7), (0, 2), (2, 0), (0, 3)]
    run.finish()
    assert [(a.n, a.cell_try, a.rows) for a in view(run).attempts] == [(1, 1, 2), (2, 2, 1)]


def test_an_armed_cell_becomes_an_attempt_with_its_first_row(run: Run) -> None:
    cell = CellInfo(cell_id="a", execution_count=1)
    run.log({"x": 1})
    run.arm(cell, threading.get_ident())
    opened = [run.open_attempt]
    run.log({"x": 1})
    run.log({"x": 1})
    assert [*opened, run.open_attempt] == [None, 1]
    run.end_attempt("finished", None)
    run.arm(cell, threading.get_ident())
    run.disarm(cell)
    run.log({"x": 1})
    assert steps(run) == [(0, 0), (1, 0), (1, 1), (0, 1)]


def test_another_thread_does_not_open_an_armed_cell(run: Run) -> None:
    run.arm(CellInfo(cell_id="a", execution_count=1), threading.get_ident())
    thread = threading.Thread(target=run.log, args=({"x": 1},))
    thread.start()
    thread.join()
    run.log({"x": 1})
    assert steps(run) == [(0, 0), (1, 0)]


rows = st.lists(
    st.tuples(st.none() | st.integers(-3, 9) | st.sampled_from([FIRST, LAST]), st.booleans()),
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(rows)
def test_the_next_step_is_above_all_that_were_committed(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int | None, bool]]
) -> None:
    run = new_run(tmp_path_factory.mktemp("run") / "store")
    expected = []
    following = 0
    for step, commit in rows:
        run.log({"x": 1}, step=step, commit=commit)
        used = following if step is None else step
        expected.append(used)
        following = min(LAST, max(following, used + 1 if commit else used))
        assert run.step == following
    assert loose(run) == expected
    run.finish()


# -- what cannot be used ---------------------------------------------------------------------


def refused(run: Run, error: type[nbtrack.NbtrackError], message: str, *args: Any) -> str:
    """``log(*args)`` is refused and leaves no trace: not a row, not a step."""
    run.log({"i": 0}, step=41)
    with pytest.raises(error, match=message) as caught:
        run.log(*args)
    assert isinstance(caught.value, nbtrack.UsageError)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TypeError)
    assert run.step == 42
    run.log({"i": 1})
    assert loose(run) == [41, 42]
    return str(caught.value)


@pytest.mark.parametrize(
    "step",
    [
        1.0,
        1.5,
        "1",
        "",
        b"1",
        {"epoch": 1},
        [],
        (1,),
        True,
        False,
        numpy.float64(1),
        numpy.bool_(True),
        numpy.array([1, 2]),
        numpy.array([1]),
        Fraction(1),
        2**63,
        -(2**63) - 1,
        numpy.uint64(2**63),
        object(),
        int,
    ],
    ids=lambda step: f"{type(step).__name__}-{step!r:.12}",
)
def test_what_is_no_step(step: Any, run: Run) -> None:
    text = refused(run, InvalidStepError, r"^step=.* is not an integer of 64 bits", {"a": 1}, step)
    assert "Nothing of this row was recorded" in text


def test_the_step_that_is_wrong_is_shown_in_brief(run: Run) -> None:
    with pytest.raises(InvalidStepError) as caught:
        run.log({"a": 1}, step=["x" * 10_000])  # type: ignore[arg-type]
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "key", [1, None, 1.5, b"loss", ("a", "b"), True, numpy.int64(1), object], ids=repr
)
@pytest.mark.parametrize("kind", [dict, collections.OrderedDict, collections.UserDict])
def test_what_is_no_key(kind: Any, key: Any, run: Run) -> None:
    data = kind({"before": 1, key: 2, "after": 3})
    message = r"^log to run [\w-]+: the key .* of data is of type \w+, not a string"
    text = refused(run, InvalidKeyError, message, data)
    assert repr(key) in text
    assert "Nothing of this row was recorded" in text


@pytest.mark.parametrize(
    "data",
    [None, 0.5, "loss", b"loss", ["loss"], [("loss", 1)], {"loss"}, numpy.ones(3), object(), dict],
    ids=lambda data: f"{type(data).__name__}-{data!r:.12}",
)
def test_what_is_no_row(data: Any, run: Run) -> None:
    message = r"^log to run [\w-]+: data=.* is a \w+, not a mapping"
    text = refused(run, InvalidDataError, message, data)
    assert 'log({"loss": 0.1})' in text


def test_a_row_that_is_refused_does_not_track_the_cell(run: Run) -> None:
    run.arm(CellInfo(cell_id="a", execution_count=1), threading.get_ident())
    with pytest.raises(InvalidStepError):
        run.log({"a": 1}, step="x")  # type: ignore[arg-type]
    with pytest.raises(InvalidDataError):
        run.log(3)  # type: ignore[arg-type]
    assert run.open_attempt is None
    assert run.is_empty
