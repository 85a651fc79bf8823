"""Running, finished, failed or crashed: every rule of ``state()``, case by case and in general."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack._process import Liveness
from nbtrack.store.death import Death
from nbtrack.store.schema import AttemptState, Closing, Failure, RunState
from nbtrack.store.state import (
    AttemptFacts,
    Evidence,
    Verdict,
    first_failure,
    latest_tries,
    state,
)

ERROR = Failure(type="ValueError", message="m", traceback="t", cell="[3]", line=1)
OTHER = Failure(type="KeyError", message="k", traceback="t", cell="[9]", line=2)
CLOSED_WELL = Closing(state="finished", reason="kernel shut down")
CLOSED_BADLY = Closing(state="failed", reason="the script exited with code 3", failure=OTHER)


def tries(*attempts: str) -> tuple[AttemptFacts, ...]:
    """Attempts as ``cell:state``, in order; the number in brackets is that of the attempt."""
    facts = []
    for n, text in enumerate(attempts, 1):
        cell, _, how = text.partition(":")
        failure = ERROR if how == "failed" else None
        facts.append(AttemptFacts(n, cell, f"[{n}]", how, failure))  # type: ignore[arg-type]
    return tuple(facts)


class Case(NamedTuple):
    attempts: tuple[AttemptFacts, ...]
    expected: tuple[RunState, str]
    more: dict[str, Any] = {}  # noqa: RUF012 - never changed


FAILED: tuple[RunState, str] = ("failed", "cell [1] raised ValueError")
WAITING: tuple[RunState, str] = ("running", "waiting for the next cell")
IDLE: tuple[RunState, str] = ("finished", "died while idle: cause unknown")

# What every row of the page "How runs end" comes down to.
CASES: dict[str, Case] = {
    # 1. the owner closed the run
    "closed well": Case((), ("finished", "kernel shut down"), {"closing": CLOSED_WELL}),
    "closed badly": Case((), ("failed", CLOSED_BADLY.reason), {"closing": CLOSED_BADLY}),
    "closed well, a cell failed all the same": Case(
        tries("a:failed"), ("finished", "kernel shut down"), {"closing": CLOSED_WELL}
    ),
    "closed well, an attempt has no end": Case(
        tries("a:running"),
        ("finished", "kernel shut down"),
        {"closing": CLOSED_WELL, "owner": "dead", "death": Death(signal=9)},
    ),
    "closed badly, elsewhere": Case(
        tries("a:finished"),
        ("failed", CLOSED_BADLY.reason),
        {"closing": CLOSED_BADLY, "owner": "elsewhere"},
    ),
    # 2. the owner is alive
    "nothing yet": Case((), WAITING),
    "a cell is running": Case(tries("a:running"), ("running", "cell [1] is running")),
    "a cell has finished": Case(tries("a:finished"), WAITING),
    "a cell has failed": Case(tries("a:failed"), FAILED),
    "the failed cell runs again": Case(
        tries("a:failed", "a:running"), ("running", "cell [2] is running")
    ),
    "another cell runs after a failure": Case(
        tries("a:failed", "b:running"), ("running", "cell [2] is running")
    ),
    "the failed cell was run again and ended": Case(tries("a:failed", "a:finished"), WAITING),
    "the good cell was run again and failed": Case(
        tries("a:finished", "a:failed"), ("failed", "cell [2] raised ValueError")
    ),
    "another cell ended well after a failure": Case(tries("a:failed", "b:finished"), FAILED),
    "the first of two failed cells is named": Case(tries("a:failed", "b:failed"), FAILED),
    "the first of two failed cells was mended": Case(
        tries("a:failed", "b:failed", "a:finished"), ("failed", "cell [2] raised ValueError")
    ),
    "cells are named in the order of their first tries": Case(
        tries("a:finished", "b:failed", "a:failed"), ("failed", "cell [3] raised ValueError")
    ),
    "interrupted": Case(tries("a:interrupted"), WAITING),
    "interrupted after a failure": Case(tries("a:failed", "a:interrupted"), WAITING),
    "an earlier owner died in a cell": Case(tries("a:crashed"), ("failed", "cell [1] was cut off")),
    "the cell in which an earlier owner died was run again": Case(
        tries("a:crashed", "a:finished"), WAITING
    ),
    # 3. the owner is dead
    "dead with nothing": Case((), IDLE, {"owner": "dead"}),
    "dead between cells": Case(tries("a:finished"), IDLE, {"owner": "dead"}),
    "dead between cells, by a signal": Case(
        tries("a:finished"),
        ("finished", "died while idle: killed by SIGKILL, sender unknown"),
        {"owner": "dead", "death": Death(signal=9)},
    ),
    "dead after an interrupted cell": Case(tries("a:interrupted"), IDLE, {"owner": "dead"}),
    "dead after a failed cell": Case(tries("a:failed"), FAILED, {"owner": "dead"}),
    "dead after a failed cell that was mended": Case(
        tries("a:failed", "a:finished"), IDLE, {"owner": "dead"}
    ),
    "dead in a cell": Case(
        tries("a:running"),
        ("crashed", "died in cell [1]: cause unknown"),
        {"owner": "dead"},
    ),
    "killed in a cell": Case(
        tries("a:running"),
        ("crashed", "died in cell [1]: killed by SIGKILL, sender unknown"),
        {"owner": "dead", "death": Death(signal=9)},
    ),
    "killed in a cell after another failed": Case(
        tries("a:failed", "b:running"),
        ("crashed", "died in cell [2]: cause unknown"),
        {"owner": "dead"},
    ),
    "dead, and an earlier owner died in a cell": Case(
        tries("a:crashed", "b:finished"),
        ("failed", "cell [1] was cut off"),
        {"owner": "dead"},
    ),
    # 4. the owner cannot be looked up
    "elsewhere": Case((), ("running", "on another host"), {"owner": "elsewhere"}),
    "elsewhere, the host is known": Case(
        (), ("running", "on node7"), {"owner": "elsewhere", "where": "node7"}
    ),
    "elsewhere, seconds ago": Case(
        tries("a:running"),
        ("running", "on node7, last seen 119 s ago"),
        {"owner": "elsewhere", "where": "node7", "last_seen": 119.4},
    ),
    "elsewhere, minutes ago": Case(
        tries("a:finished"),
        ("running", "on node7, last seen 2 min ago"),
        {"owner": "elsewhere", "where": "node7", "last_seen": 120.0},
    ),
    "elsewhere, hours ago": Case(
        (),
        ("running", "on node7, last seen 2 h ago"),
        {"owner": "elsewhere", "where": "node7", "last_seen": 7200.0},
    ),
    "elsewhere, a cell failed": Case(tries("a:failed"), FAILED, {"owner": "elsewhere"}),
    "elsewhere, another cell runs": Case(
        tries("a:failed", "b:running"),
        ("running", "on node7"),
        {"owner": "elsewhere", "where": "node7"},
    ),
    # errors of cells that are not tracked
    "an untracked cell raised": Case((), WAITING, {"cell_errors": (OTHER,)}),
    "an untracked cell raised, and any counts": Case(
        tries("a:finished"),
        ("failed", "cell [9] raised KeyError"),
        {"cell_errors": (ERROR, OTHER), "fail_on": "any"},
    ),
    "a tracked cell goes before untracked ones": Case(
        tries("a:failed"), FAILED, {"cell_errors": (OTHER,), "fail_on": "any"}
    ),
    "any counts, and nothing raised": Case(tries("a:finished"), WAITING, {"fail_on": "any"}),
    "any counts, dead": Case(
        (),
        ("failed", "cell [9] raised KeyError"),
        {"cell_errors": (OTHER,), "fail_on": "any", "owner": "dead"},
    ),
    "any counts, a cell is running": Case(
        tries("a:running"),
        ("running", "cell [1] is running"),
        {"cell_errors": (OTHER,), "fail_on": "any"},
    ),
    "never, a tracked cell failed": Case(tries("a:failed"), WAITING, {"fail_on": "never"}),
    "never, an untracked cell raised": Case(
        (), WAITING, {"cell_errors": (OTHER,), "fail_on": "never"}
    ),
    "never, dead after a failure": Case(
        tries("a:failed"), IDLE, {"fail_on": "never", "owner": "dead"}
    ),
    "never, dead in a cell": Case(
        tries("a:running"),
        ("crashed", "died in cell [1]: cause unknown"),
        {"fail_on": "never", "owner": "dead"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    attempts, expected, more = CASES[name]
    verdict = state(Evidence(**{"owner": "alive", "attempts": attempts, **more}))
    assert (verdict.state, verdict.reason) == expected


def test_the_exception_is_that_of_the_cell_that_is_named() -> None:
    first, second = tries("a:failed", "b:failed")
    mine = second._replace(failure=OTHER)
    assert state(Evidence("alive", attempts=(first, mine))).failure is ERROR
    mended = (first, mine, *tries("a:finished"))
    assert state(Evidence("alive", attempts=mended)).failure is OTHER
    assert state(Evidence("alive", closing=CLOSED_BADLY, attempts=(first,))).failure is OTHER
    assert state(Evidence("dead", attempts=(first, *tries("b:running")))).failure is None


def test_a_failed_attempt_without_an_exception_is_named_all_the_same() -> None:
    bare = AttemptFacts(1, "a", "train.py", "failed", None)
    expected = Verdict("failed", "train.py failed", None)
    assert state(Evidence("alive", attempts=(bare,))) == expected


def test_an_error_without_a_cell_is_told() -> None:
    error = Failure(type="OSError", message="", traceback="")
    verdict = state(Evidence("alive", cell_errors=(error,), fail_on="any"))
    assert verdict == Verdict("failed", "cell  raised OSError", error)


# -- in general ------------------------------------------------------------------------------

FailOn = Literal["tracked", "any", "never"]

failures = st.builds(
    Failure,
    type=st.sampled_from(["ValueError", "OSError"]),
    message=st.just(""),
    traceback=st.just(""),
    cell=st.none() | st.sampled_from(["[1]", "train.py"]),
)
attempts = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from(get_args(AttemptState)), st.none() | failures
    ),
    max_size=6,
).map(
    lambda found: tuple(
        AttemptFacts(n, cell, f"[{n}]", how, failure)
        for n, (cell, how, failure) in enumerate(found, 1)
    )
)
evidences = st.builds(
    Evidence,
    owner=st.sampled_from(get_args(Liveness)),
    closing=st.none()
    | st.builds(
        Closing,
        state=st.sampled_from(["finished", "failed"]),
        reason=st.text(),
        failure=st.none() | failures,
    ),
    attempts=attempts,
    cell_errors=st.lists(failures, max_size=3).map(tuple),
    fail_on=st.sampled_from(get_args(FailOn)),
    death=st.none() | st.builds(Death, signal=st.none() | st.integers(1, 200)),
    last_seen=st.none() | st.floats(0, 1e9),
    where=st.text(),
)


def ended(evidence: Evidence) -> Evidence:
    return evidence._replace(closing=None)


@given(evidences)
def test_every_evidence_has_a_state_and_a_reason(evidence: Evidence) -> None:
    verdict = state(evidence)
    assert verdict.state in get_args(RunState)
    assert evidence.closing is not None or verdict.reason
    assert state(evidence) == verdict


@given(evidences)
def test_a_closed_run_is_what_its_owner_said(evidence: Evidence) -> None:
    if evidence.closing is not None:
        closing = evidence.closing
        assert state(evidence) == Verdict(closing.state, closing.reason, closing.failure)


@given(evidences)
def test_what_an_owner_says_and_does_tells_its_state(evidence: Evidence) -> None:
    evidence = ended(evidence)
    is_open = any(attempt.state == "running" for attempt in evidence.attempts)
    found = state(evidence).state
    if evidence.owner == "dead":
        assert (found == "crashed") == is_open
        assert found != "running"
    else:
        assert found in ("running", "failed")
        assert not is_open or found == "running"


@given(evidences)
def test_who_cannot_be_looked_up_is_as_if_alive(evidence: Evidence) -> None:
    evidence = ended(evidence)
    alive = state(evidence._replace(owner="alive"))
    elsewhere = state(evidence._replace(owner="elsewhere"))
    assert (elsewhere.state, elsewhere.failure) == (alive.state, alive.failure)


@given(evidences)
def test_death_age_and_host_change_words_alone(evidence: Evidence) -> None:
    plain = evidence._replace(death=None, last_seen=None, where="")
    assert state(plain).state == state(evidence).state


@given(evidences)
def test_the_latest_try_of_each_cell_decides(evidence: Evidence) -> None:
    evidence = ended(evidence)
    latest = {attempt.cell: attempt for attempt in evidence.attempts}
    assert {attempt.cell: attempt for attempt in latest_tries(evidence.attempts)} == latest
    only = tuple(a for a in latest_tries(evidence.attempts))
    shorter = evidence._replace(attempts=only)
    if all(a.state != "running" or a is latest[a.cell] for a in evidence.attempts):
        assert state(shorter).state == state(evidence).state


@given(evidences, st.sampled_from(get_args(Liveness)))
def test_to_run_every_failed_cell_again_mends_the_run(evidence: Evidence, owner: Liveness) -> None:
    again = tuple(
        attempt._replace(n=n, state="finished", failure=None)
        for n, attempt in enumerate(latest_tries(evidence.attempts), len(evidence.attempts) + 1)
    )
    done = tuple(a for a in evidence.attempts if a.state != "running")
    mended = evidence._replace(
        owner=owner, closing=None, attempts=done + again, cell_errors=(), fail_on="tracked"
    )
    assert state(mended).state == ("finished" if owner == "dead" else "running")


@given(evidences)
def test_what_fails_a_run(evidence: Evidence) -> None:
    tracked = first_failure(evidence._replace(fail_on="tracked"))
    any_cell = first_failure(evidence._replace(fail_on="any"))
    assert first_failure(evidence._replace(fail_on="never")) is None
    bad = {a.cell for a in latest_tries(evidence.attempts) if a.state in ("failed", "crashed")}
    assert (tracked is not None) == bool(bad)
    assert (any_cell is not None) == bool(bad or evidence.cell_errors)
    # The cells that a person watches go before those that merely raised.
    assert tracked is None or any_cell == tracked
    never = state(ended(evidence)._replace(fail_on="never"))
    assert never.state != "failed"
    assert state(ended(evidence)._replace(fail_on="tracked", cell_errors=())) == state(
        ended(evidence)._replace(fail_on="tracked")
    )
