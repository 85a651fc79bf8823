"""An exception raised at every line of ``log()`` and of everything of the library that it calls.

Every acknowledged row is read exactly once, the interrupted one at most once, nothing is damaged,
and the run goes on.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from nbtrack._attempts import CellInfo
from nbtrack._errors import NbtrackWarning, RunFinishedError
from nbtrack._run import Run
from nbtrack._start import Takeover
from nbtrack._timeline import live_runs
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Change
from nbtrack.store.segment import AppendedSegment, MappedSegment
from tests.crash.interrupts import Events, count_events, interrupt, places
from tests.journals import (
    KINDS,
    Kind,
    logged,
    new_run,
    read_journal,
    read_rows,
    view,
    wait_until,
)

CELL = CellInfo(cell_id="c", execution_count=7, source="log()")


class Scenario:
    """A run in some state, and the ``log()`` call that is going to be interrupted.

    Attributes:
        rows: The values of ``i`` that were acknowledged.
    """

    value = "interrupted"

    def __init__(self, folder: Path, journal: Kind) -> None:
        self.run = new_run(folder / "store", "run", journal=journal)
        self.journal = self.run._journal
        self.rows: list[Any] = []
        self._folder = folder
        wait_until(lambda: self.journal._prepared and not self.journal._keeping_house)
        self.prepare()

    def prepare(self) -> None:
        self.acknowledge(0)

    def acknowledge(self, value: Any, **more: Any) -> None:
        self.run.log({"i": value, **more})
        self.rows.append(value)

    def action(self) -> None:
        self.run.log({"i": self.value, "pad": "x" * 100})

    def mend(self) -> None:
        """Undo what stood in the way of the run."""

    def fill(self) -> None:
        """Leave too little room in the segment for another row."""
        segment = self.journal._segment
        if isinstance(segment, MappedSegment):
            room = len(segment._map) - segment._map.tell()
        else:
            assert isinstance(segment, AppendedSegment)
            room = segment._room
        self.acknowledge("full", pad="x" * (room - 100))
        assert self.journal._segment is segment

    def directories(self) -> list[RunDir]:
        return [RunDir(self.run.path)]


class PlainRow(Scenario):
    pass


class FirstRow(Scenario):
    def prepare(self) -> None:
        pass


class FirstRowOfArmedCell(Scenario):
    def prepare(self) -> None:
        self.acknowledge(0)
        self.run.arm(CELL, threading.get_ident())


class FirstRowAfterAnotherRun(Scenario):
    def prepare(self) -> None:
        self.old = new_run(self._folder / "store", "old")
        self.old.begin_attempt(CELL)
        self.old.log({"i": "old"})
        self.rows.append("old")
        self.run.follow(Takeover(self.old, self.run, CELL))

    def mend(self) -> None:
        assert not self.run.finished

    def directories(self) -> list[RunDir]:
        return [RunDir(self.run.path), RunDir(self.old.path)]


class SegmentChange(Scenario):
    def prepare(self) -> None:
        self.acknowledge(0)
        self.fill()


class SegmentChangeWithoutPreparation(SegmentChange):
    def prepare(self) -> None:
        super().prepare()
        self.journal._drop_prepared()


class LargeRow(SegmentChange):
    def action(self) -> None:
        self.run.log({"i": self.value, "pad": "x" * 100_000})


class SecondSegmentChange(Scenario):
    def prepare(self) -> None:
        self.acknowledge(0)
        self.fill()
        self.acknowledge(1)
        wait_until(lambda: self.journal._prepared and not self.journal._keeping_house)
        self.fill()


class DirectoryGone(SegmentChange):
    """No segment can be made: rows wait in memory."""

    def prepare(self) -> None:
        super().prepare()
        self.journal._warned.update(["told"])
        self._directory = self.run.path / "journal"
        self._elsewhere = self.run.path / "moved"
        self._directory.rename(self._elsewhere)

    def mend(self) -> None:
        self._elsewhere.rename(self._directory)
        self.journal._retry_at = 0.0


class DirectoryGoneLonger(DirectoryGone):
    def prepare(self) -> None:
        super().prepare()
        with pytest.warns(NbtrackWarning, match="cannot write"):
            self.acknowledge(1, pad="x" * 100)
        self.acknowledge(2, pad="x" * 100)


class DirectoryBack(DirectoryGoneLonger):
    """The rows that waited are written."""

    def prepare(self) -> None:
        super().prepare()
        super().mend()

    def mend(self) -> None:
        pass


class DirectoryBackWithMuchToWrite(DirectoryGone):
    def prepare(self) -> None:
        super().prepare()
        with pytest.warns(NbtrackWarning, match="cannot write"):
            self.acknowledge(1, pad="x" * 100)
        self.acknowledge(2, pad="x" * 100_000)
        super().mend()

    def mend(self) -> None:
        pass


class SlowRow(Scenario):
    def action(self) -> None:
        self.run.log({"i": self.value, "n": numpy.float32(1.5), "big": 2**70, "d": {"a": [1]}})


class FloatsRow(Scenario):
    def action(self) -> None:
        self.run.log({"i": numpy.float64(0.5), "n": numpy.float64(1.5)})

    value = 0.5  # type: ignore[assignment]


class RefusedValue(Scenario):
    def action(self) -> None:
        self.run.log({"i": self.value, "bad": object()})


class NestedMapping(Scenario):
    def action(self) -> None:
        from types import MappingProxyType

        self.run.log(MappingProxyType({"i": self.value, "m": MappingProxyType({"a": 1})}))


SCENARIOS = [
    PlainRow,
    FirstRow,
    FirstRowOfArmedCell,
    FirstRowAfterAnotherRun,
    SegmentChange,
    SegmentChangeWithoutPreparation,
    SecondSegmentChange,
    LargeRow,
    DirectoryGone,
    DirectoryGoneLonger,
    DirectoryBack,
    DirectoryBackWithMuchToWrite,
    SlowRow,
    FloatsRow,
    RefusedValue,
    NestedMapping,
]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[type[Scenario], Kind], Scenario]]:
    made: list[Scenario] = []

    def make_one(kind: type[Scenario], journal: Kind) -> Scenario:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        scenario = kind(folder, journal)
        made.append(scenario)
        return scenario

    yield make_one
    for scenario in made:
        if not scenario.run.finished:
            scenario.run.close("the test ended")


def check(scenario: Scenario, where: str) -> None:
    """The run goes on, and all rows are there."""
    run = scenario.run
    free = lock_is_free(scenario)
    scenario.mend()
    scenario.acknowledge("after")
    if free:
        # Else another thread waits its two seconds for a lock that was left behind.
        thread = threading.Thread(target=scenario.acknowledge, args=("thread",))
        thread.start()
        thread.join(10)
        assert not thread.is_alive(), where
    run.finish()
    assert run.finished, where
    with pytest.raises(RunFinishedError):
        run.log({"i": "too late"})
    check_rows(scenario, where)


def check_rows(scenario: Scenario, where: str) -> None:
    found: list[Any] = []
    for run_dir in scenario.directories():
        rows, damage = read_rows(run_dir)
        assert not damage, (where, damage)
        found += (row.data["i"] for row in rows)
    extra = found.count(scenario.value)
    assert extra <= 1, where
    expected = sorted(map(repr, scenario.rows + [scenario.value] * extra))
    assert sorted(map(repr, found)) == expected, where


def lock_is_free(scenario: Scenario) -> bool:
    segment = scenario.journal._segment
    locks = [scenario.journal._lock._lock, *([segment._lock._lock] if segment else [])]
    free: list[bool] = []

    def look() -> None:
        for lock in locks:
            free.append(lock.acquire(blocking=False))
            if free[-1]:
                lock.release()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return all(free)


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


@pytest.mark.parametrize("journal", KINDS)
@pytest.mark.parametrize("kind", SCENARIOS)
def test_log_at_every_line(
    make: Callable[[type[Scenario], Kind], Scenario], kind: type[Scenario], journal: Kind
) -> None:
    interrupt_everywhere(make, kind, journal, "line", 1)


@pytest.mark.parametrize("journal", KINDS)
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


@pytest.mark.parametrize("journal", KINDS)
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
            with contextlib.suppress(RunFinishedError):
                run.finish()
        assert run.finished, where
        with pytest.raises(RunFinishedError):
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
        run.disarm()
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
