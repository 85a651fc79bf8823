"""Runs in every state in which ``log()`` may find them, and what must hold after it was cut off."""

from __future__ import annotations

import threading
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy
import pytest

from nbtrack import Html, Image, Text
from nbtrack._attempts import CellInfo
from nbtrack._errors import NbtrackWarning, RunFinishedError
from nbtrack._succession import Takeover
from nbtrack.store.layout import RunDir
from nbtrack.store.schema import Media
from nbtrack.store.segment import AppendedSegment, MappedSegment
from tests.journals import Kind, new_run, read_journal, read_rows, wait_until

CELL = CellInfo(cell_id="c", execution_count=7, source="log()")


class Scenario:
    """A run in some state, and the ``log()`` call that is going to be interrupted.

    Attributes:
        rows: The values of ``i`` that were acknowledged.
        value: The value of ``i`` that :meth:`action` logs.
        waits: There is no room on the disk.
        where: The place at which it was interrupted.
    """

    value = "interrupted"
    waits = False
    where = ""

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

    waits = True

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


class MediaRow(Scenario):
    """What is interrupted leaves no half of a file, and no record of one that is not there."""

    def prepare(self) -> None:
        super().prepare()
        self._media = {"m": [Image(numpy.eye(3)), Html("<b>")], "t": Text("text")}

    def action(self) -> None:
        self.run.log({"i": self.value, **self._media})

    def mend(self) -> None:
        files = [path for path in (self.run.path / "media").rglob("*") if path.is_file()]
        assert not [path for path in files if path.name.endswith(".tmp")], self.where
        records = [record for _, record in read_journal(RunDir(self.run.path))[0]]
        told = {record.file for record in records if isinstance(record, Media) and record.file}
        assert told <= {path.name for path in files}


class NestedMapping(Scenario):
    def action(self) -> None:
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
    MediaRow,
    FloatsRow,
    RefusedValue,
    NestedMapping,
]


def check(scenario: Scenario, where: str) -> None:
    """The run goes on, and all rows are there."""
    run = scenario.run
    free = lock_is_free(scenario)
    scenario.where = where
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
