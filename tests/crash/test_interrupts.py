"""An exception raised at every line of ``log()`` and of everything of the library that it calls.

Every acknowledged row is read exactly once, the interrupted one at most once, nothing is damaged,
and the run goes on.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack._errors import NbtrackWarning, RunFinishedError
from nbtrack._run import Run
from nbtrack._timeline import live_runs
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Change
from tests.crash.interrupts import Events, count_events, interrupt, places
from tests.crash.scenarios import (
    CELL,
    SCENARIOS,
    DirectoryGoneLonger,
    FirstRowAfterAnotherRun,
    PlainRow,
    Scenario,
    SegmentChange,
    check,
    check_rows,
)
from tests.journals import (
    KINDS,
    MAPPED_FIRST,
    Kind,
    logged,
    new_run,
    read_journal,
    view,
)

# Between the last line of a with statement and its end, only the file's own end closes it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in.*_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)


def interrupt_everywhere(
    make: Callable[[type[Scenario], Kind], Scenario],
    kind: type[Scenario],
    journal: Kind,
    events: Events,
    stride: int,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NbtrackWarning)
        scenario = make(kind, journal)
        count = count_events(scenario.action, events)
        scenario.rows.append(scenario.value)
        scenario.value = "none"
        check(scenario, "uninterrupted")
        assert count > 5
        for at in places(count, stride):
            scenario = make(kind, journal)
            where = interrupt(scenario.action, events, at)
            if where is None:
                scenario.rows.append(scenario.value)
                scenario.value = "none"
            check(scenario, where or "not interrupted")


@pytest.mark.parametrize("journal", MAPPED_FIRST)
@pytest.mark.parametrize("kind", SCENARIOS)
def test_log_at_every_line(
    make: Callable[[type[Scenario], Kind], Scenario], kind: type[Scenario], journal: Kind
) -> None:
    interrupt_everywhere(make, kind, journal, "line", 1)


@pytest.mark.parametrize("journal", MAPPED_FIRST)
@pytest.mark.parametrize("kind", SCENARIOS)
def test_log_at_many_instructions(
    make: Callable[[type[Scenario], Kind], Scenario], kind: type[Scenario], journal: Kind
) -> None:
    interrupt_everywhere(make, kind, journal, "opcode", 29)


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("journal", KINDS)
@pytest.mark.parametrize("kind", SCENARIOS)
def test_log_at_every_instruction(
    make: Callable[[type[Scenario], Kind], Scenario], kind: type[Scenario], journal: Kind
) -> None:
    interrupt_everywhere(make, kind, journal, "opcode", 1)


class Backlog(DirectoryGoneLonger):
    """Rows wait in memory, and there is room again when the run ends."""

    def prepare(self) -> None:
        super().prepare()
        self.mend()


@pytest.mark.parametrize("journal", MAPPED_FIRST)
@pytest.mark.parametrize("kind", [PlainRow, SegmentChange, FirstRowAfterAnotherRun, Backlog])
def test_finish_at_every_line(
    make: Callable[[type[Scenario], Kind], Scenario], kind: type[Scenario], journal: Kind
) -> None:
    scenario = make(kind, journal)
    count = count_events(scenario.run.finish, "line")
    assert scenario.run.finished
    for at in range(count):
        scenario = make(kind, journal)
        run = scenario.run
        where = interrupt(run.finish, "line", at)
        if not run.finished:
            scenario.acknowledge("after")
        # What the end of the script or of the kernel does; a person may call finish() again.
        if at % 2:
            run.close("the script ended")
        else:
            run.finish()
        assert run.finished, where
        run.finish()
        with pytest.raises(RunFinishedError):
            run.log({"i": "too late"})
        assert run not in live_runs(), where
        check_rows(scenario, where or "not interrupted")
        for run_dir in scenario.directories():
            closings = [
                record.value["state"]
                for _, record in read_journal(run_dir)[0]
                if isinstance(record, Change) and record.kind == "closed"
            ]
            assert set(closings) == {"finished"}, where


@pytest.mark.parametrize("journal", KINDS)
@pytest.mark.parametrize("events", ["line", "opcode"])
def test_attempts_of_an_interrupted_cell(tmp_path: Path, journal: Kind, events: Events) -> None:
    """Whatever is cut off in a cell's first log(), the cell ends and the run reads right."""
    stride = 1 if events == "line" else 17

    def prepared(folder: Path) -> Run:
        run = new_run(folder / "store", "run", journal=journal)
        run.arm(CELL, threading.get_ident())
        return run

    def action(run: Run) -> Callable[[], None]:
        return lambda: run.log({"i": 0})

    first = prepared(tmp_path / "count")
    count = count_events(action(first), events)
    first.close("")
    for at in places(count, stride):
        run = prepared(tmp_path / str(at))
        where = interrupt(action(run), events, at)
        run.end_attempt("interrupted", None)
        run.disarm(CELL)
        run.begin_attempt(CELL)
        run.log({"i": 1})
        run.end_attempt("finished", None)
        running = view(run)
        assert running.state == "running", where
        assert running.reason == "waiting for the next cell", where
        run.finish()
        ended = view(run)
        assert ended.state == "finished", where
        assert {a.state for a in ended.attempts} <= {"interrupted", "finished"}, where
        assert ended.attempts[-1].state == "finished", where
        assert ended.attempts[-1].rows == 1, where


def test_a_lock_that_an_interrupt_left_behind_holds_nobody_up_for_long(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    held = run._journal._lock.take()
    done: list[int] = []

    def log_much() -> None:
        for i in range(5000):
            run.log({"i": i, "pad": "x" * 40})
        done.append(1)

    thread = threading.Thread(target=log_much)
    thread.start()
    thread.join(30)
    assert done == [1]
    held.release()
    run.finish()
    assert sorted(logged(RunDir(run.path))) == list(range(5000))
