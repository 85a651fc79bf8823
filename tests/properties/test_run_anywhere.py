"""A run reads the same wherever its rows lie, through any order of writing, sealing and merging."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nbtrack._attempts import CellInfo
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, SegmentName
from nbtrack.store.merge import merge
from nbtrack.store.reader import write_status
from nbtrack.store.schema import Row
from nbtrack.store.seal import seal, write_set
from nbtrack.store.tables import TableBuilder
from nbtrack.store.tail import SegmentTail
from nbtrack.store.values import flatten
from nbtrack.store.view import RunView
from tests.journals import Cell, cells, new_journal, new_run_dir

KEYS = ["loss", "acc", "nested/a", "", "step"]
VALUES = st.one_of(
    st.floats(allow_nan=False), st.integers(-(2**70), 2**70), st.text(max_size=5), st.none()
)
CELL = CellInfo(cell_id="c")


class AnyOrder(RuleBasedStateMachine):
    """Writers come, write and go; anybody seals and merges; what is read is what was written."""

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.run_dir: RunDir = new_run_dir(Path(self._folder.name) / "store")
        self.open: list[Journal] = []
        self.expected: list[Cell] = []
        self.rows: Counter[int] = Counter()
        self.latest: dict[str, Any] = {}

    def teardown(self) -> None:
        for journal in self.open:
            journal.close()
        self._folder.cleanup()

    @precondition(lambda self: len(self.open) < 3)
    @rule(role=st.sampled_from(["owner", "worker"]), kind=st.sampled_from(["mmap", "write"]))
    def start_a_writer(self, role: Any, kind: str) -> None:
        self.open.append(new_journal(self.run_dir, role=role, journal=kind))

    @precondition(lambda self: self.open)
    @rule(
        data=st.data(),
        rows=st.lists(
            st.tuples(
                st.integers(0, 2),
                st.integers(-5, 5),
                st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=3),
            ),
            min_size=1,
            max_size=8,
        ),
        pad=st.sampled_from([0, 0, 30_000]),
    )
    def write_rows(
        self, data: st.DataObject, rows: list[tuple[int, int, dict[str, Any]]], pad: int
    ) -> None:
        journal = data.draw(st.sampled_from(self.open))
        for attempt, step, values in rows:
            if pad:
                values["pad"] = "x" * pad
            recorded = {key: _journal_value(value) for key, value in values.items()}
            row = Row(journal.next_seq(), now(), attempt, step, recorded)
            journal.append(row)
            self.rows[attempt] += 1
            self.expected += (
                Cell(journal.info.writer, row.seq, attempt, step, key, value, text)
                for key, (value, text) in flatten(values)
            )

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def end_a_writer(self, data: st.DataObject) -> None:
        journal = data.draw(st.sampled_from(self.open))
        journal.close()
        self.open.remove(journal)

    @rule(data=st.data())
    def seal_a_segment(self, data: st.DataObject) -> None:
        name = self._some_segment(data)
        if name is not None:
            ended = SegmentTail(self.run_dir.segment(name), name)
            ended.read()
            assert seal(self.run_dir, name) == ended.ended

    @rule(data=st.data())
    def a_sealer_is_killed_before_it_unlinks(self, data: st.DataObject) -> None:
        name = self._some_segment(data)
        if name is not None:
            tail = SegmentTail(self.run_dir.segment(name), name)
            builder = TableBuilder()
            builder.add(name.writer, tail.read())
            assert tail.info is not None
            write_set(self.run_dir, name, tail.info, builder)

    @rule()
    def merge_what_is_sealed(self) -> None:
        merge(self.run_dir)

    @rule()
    def keep_the_status(self) -> None:
        write_status(self.run_dir)

    @invariant()
    def everything_is_read_once(self) -> None:
        assert cells(self.run_dir) == sorted(self.expected, key=repr)
        read = RunView(self.run_dir)
        assert read.rows == self.rows.total()
        assert read.damage == []
        assert {a.n: a.rows for a in read.attempts} == {n: c for n, c in self.rows.items() if n}
        for key in {cell.key for cell in self.expected}:
            table = read.history(key)
            assert len(table) == sum(cell.key == key for cell in self.expected)
        places = {(cell.attempt, cell.step) for cell in self.expected}
        assert len(read.history()) == len(places)

    def _some_segment(self, data: st.DataObject) -> SegmentName | None:
        # How many there are depends on when the threads of writers end them: not so what is drawn.
        place = data.draw(st.integers(0, 23))
        names = self.run_dir.segments()
        return names[place % len(names)] if names else None


def _journal_value(value: Any) -> Any:
    """As log() leaves it: integers beyond 64 bits in an extension."""
    from nbtrack import _values

    return _values._plain(value)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)


@pytest.mark.full
class TestAnyOrderForLong(AnyOrder.TestCase):  # type: ignore[valid-type,misc]
    settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
