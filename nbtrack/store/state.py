"""Running, finished, failed or crashed: a pure function of what is on disk about a run's end.

1. The owner closed the run: its verdict.
2. The owner is alive: *running*; but *failed* while no attempt is open and some cell's latest try
   failed.
3. The owner is dead: *crashed* if a tracked cell was open; else the attempts' verdict.
4. The owner's process cannot be looked up from here: as if alive, saying when it was last seen.

Only the owner counts: a recorder that died, or a worker that lives on, changes nothing.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from .._process import Liveness
from .death import Death, Job, amount, cause
from .schema import AttemptState, Closing, Failure, MemoryAlert, RunState


class AttemptFacts(NamedTuple):
    """What the state needs to know of one attempt; ``crashed`` if an earlier owner died in it."""

    n: int
    cell: str
    label: str
    state: AttemptState
    failure: Failure | None


class Evidence(NamedTuple):
    """What is on disk about a run's end, and whether its owner lives.

    Attributes:
        owner: The owner's process; ``dead`` also where the recorder saw it die.
        closing: The latest owner's closing record.
        attempts: In the order in which they began. An attempt without an end is ``running``.
        cell_errors: Errors of cells that are not tracked.
        fail_on: Which cell errors fail the run.
        death: How the owner died, as far as that is known.
        job: The batch job or pod that it ran in.
        memory_alert: The memory limit was reached, and no tracked cell has begun since.
        last_seen: Seconds since the last record of the owner or its recorder.
        where: The owner's host, in words, for an owner elsewhere.
    """

    owner: Liveness
    closing: Closing | None = None
    attempts: tuple[AttemptFacts, ...] = ()
    cell_errors: tuple[Failure, ...] = ()
    fail_on: Literal["tracked", "any", "never"] = "tracked"
    death: Death | None = None
    job: Job | None = None
    memory_alert: MemoryAlert | None = None
    last_seen: float | None = None
    where: str = ""


class Verdict(NamedTuple):
    """A state with its reason in words and, where there is one, the exception."""

    state: RunState
    reason: str
    failure: Failure | None = None


def state(evidence: Evidence) -> Verdict:
    """The state of a run."""
    if evidence.closing is not None:
        closing = evidence.closing
        return Verdict(closing.state, closing.reason, closing.failure)
    open_attempt = next((a for a in evidence.attempts if a.state == "running"), None)
    if evidence.owner == "dead":
        return _dead(evidence, open_attempt)
    if open_attempt is None:
        failed = first_failure(evidence)
        if failed is not None:
            return failed
    if evidence.owner == "elsewhere":
        seen = "" if evidence.last_seen is None else f", last seen {ago(evidence.last_seen)} ago"
        return Verdict("running", f"on {evidence.where or 'another host'}{seen}")
    alert = evidence.memory_alert
    short = f"; {memory_words(alert)}" if alert is not None else ""
    if open_attempt is not None:
        return Verdict("running", f"{cell_words(open_attempt.label)} is running{short}")
    return Verdict("running", f"waiting for the next cell{short}")


def cell_words(label: str) -> str:
    """Where something happened: in a cell, which has a number, or in a script, which has a name."""
    return f"cell {label}" if label.startswith("[") else label


def memory_words(alert: MemoryAlert) -> str:
    """That memory got short, and what was done about it."""
    done = ", and the cell was interrupted" if alert.action == "interrupt" else ""
    return f"memory reached {amount(alert.used, alert.limit)}{done}"


def first_failure(evidence: Evidence) -> Verdict | None:
    """*failed*, if the latest try of any cell failed, with the first such failure."""
    if evidence.fail_on == "never":
        return None
    for attempt in latest_tries(evidence.attempts):
        if attempt.state == "failed":
            raised = f" raised {attempt.failure.type}" if attempt.failure else " failed"
            return Verdict("failed", f"{cell_words(attempt.label)}{raised}", attempt.failure)
        if attempt.state == "crashed":
            return Verdict("failed", f"{cell_words(attempt.label)} was cut off")
    if evidence.fail_on == "any" and evidence.cell_errors:
        failure = evidence.cell_errors[-1]
        return Verdict("failed", f"cell {failure.cell or ''} raised {failure.type}", failure)
    return None


def latest_tries(attempts: tuple[AttemptFacts, ...]) -> list[AttemptFacts]:
    """Each cell's latest try, in the order of the cells' first tries."""
    latest: dict[str, AttemptFacts] = {}
    for attempt in attempts:
        latest[attempt.cell] = attempt
    return list(latest.values())


def _dead(evidence: Evidence, open_attempt: AttemptFacts | None) -> Verdict:
    death = evidence.death or Death()
    why = cause(death, evidence.job).words
    if open_attempt is not None:
        where = f"died in {cell_words(open_attempt.label)}"
        line = death.line_in(open_attempt.label)
        if line is not None:
            where += f", line {line}"
        return Verdict("crashed", f"{where}: {why}")
    failed = first_failure(evidence)
    if failed is not None:
        return failed
    return Verdict("finished", f"died while idle: {why}")


def ago(seconds: float) -> str:
    """A time that has passed, in one unit."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
