"""Journals and runs for tests: real ones, made without a recorder and read without DuckDB."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import pytest

from nbtrack._options import RunOptions
from nbtrack._process import this_process
from nbtrack._run import Run
from nbtrack._settings import Settings
from nbtrack._start import start_run
from nbtrack.store import reader
from nbtrack.store.frames import FRAME_HEADER_SIZE, HEADER_SIZE
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir, SegmentName, Store, atomic_write, new_writer_id
from nbtrack.store.schema import Record, Role, Row, RunInfo, WriterInfo
from nbtrack.store.tail import Damage, SegmentTail
from nbtrack.store.values import flatten
from nbtrack.store.view import RunView

Kind = Literal["auto", "mmap", "write"]

KINDS: tuple[Kind, ...] = ("mmap", "write")
# For tests that take long: the one that hardly anybody has is left to the full run.
MAPPED_FIRST = ("mmap", pytest.param("write", marks=pytest.mark.full))


class Cell(NamedTuple):
    """One value of one row, as it was read."""

    writer: str
    seq: int
    attempt: int
    step: int
    key: str
    value: float | None
    text: str | None


def settings(store: Path, **changes: Any) -> Settings:
    """Settings for ``store`` with no recorder."""
    return Settings(**{"dir": str(store), "recorder": "off", "quiet": True, **changes})


def new_run(store: Path, id: str | None = None, **changes: Any) -> Run:
    """A run of this process; it is not made current."""
    return start_run(RunOptions(id=id), settings(store, **changes), cwd=store.parent)


def new_run_dir(store: Path, id: str = "run") -> RunDir:
    """A run's directory with its ``run.json``, and no journal yet."""
    run_dir = Store(store).create_run(id)
    info = RunInfo(id=id, name=id, project="test", created=now(), host="here")
    atomic_write(run_dir.info, msgspec.json.encode(info))
    return run_dir


def new_journal(run_dir: RunDir, *, role: Role = "owner", **changes: Any) -> Journal:
    """A journal that this process writes."""
    info = WriterInfo(
        run=run_dir.id,
        writer=new_writer_id(role),
        role=role,
        process=this_process(),
        opened=now(),
    )
    return Journal(run_dir, info, settings(run_dir.path.parent.parent, **changes))


def append_rows(journal: Journal, values: Iterator[Any] | range | list[Any]) -> None:
    """One row ``{"i": value}`` for each value; the step is the value's place."""
    for step, value in enumerate(values):
        journal.append(Row(journal.next_seq(), now(), 0, step, {"i": value}))


def read_journal(run_dir: RunDir) -> tuple[list[tuple[str, Record]], list[Damage]]:
    """Every record in the journal's segments with its writer, and the damage around them."""
    records: list[tuple[str, Record]] = []
    damage: list[Damage] = []
    for name in run_dir.segments():
        tail = SegmentTail(run_dir.segment(name), name)
        records += ((name.writer, record) for record in tail.read())
        damage += tail.damage
    return records, damage


def read_rows(run_dir: RunDir) -> tuple[list[Row], list[Damage]]:
    """Every row in the journal's segments, and the damage around them."""
    records, damage = read_journal(run_dir)
    return [record for _, record in records if isinstance(record, Row)], damage


def logged(run_dir: RunDir, key: str = "i") -> list[Any]:
    """The values of one key in the journal, in the order of writers; there must be no damage."""
    rows, damage = read_rows(run_dir)
    assert not damage
    return [row.data[key] for row in rows if key in row.data]


def cells_of_journal(run_dir: RunDir) -> list[Cell]:
    """Every value of every row that the journal's segments hold, sorted."""
    found = [
        Cell(writer, row.seq, row.attempt, row.step, key, value, text)
        for writer, row in read_journal(run_dir)[0]
        if isinstance(row, Row)
        for key, (value, text) in flatten(row.data)
    ]
    return sorted(found, key=repr)


def cells(run_dir: RunDir) -> list[Cell]:
    """Every value of every row of a run, wherever it lies, sorted."""
    names = ", ".join(Cell._fields)
    table = reader.read(
        run_dir,
        lambda taken: query_metrics(taken, f"SELECT {names} FROM rows"),
    )
    return sorted((Cell(**row) for row in table), key=repr)


def query_metrics(taken: reader.Snapshot, sql: str) -> list[dict[str, Any]]:
    """Rows that a query finds in a run's metrics."""
    from nbtrack.store import query
    from nbtrack.store.result import ResultTable

    return ResultTable(query.fetch(taken.source("metrics"), sql)).to_pylist()


def view(run: Run | RunDir) -> RunView:
    """The run as people read it."""
    return RunView(run if isinstance(run, RunDir) else RunDir(run.path))


def frame_bounds(data: bytes) -> list[tuple[int, int]]:
    """Where each frame of an intact segment begins and ends."""
    bounds: list[tuple[int, int]] = []
    at = HEADER_SIZE
    while at < len(data) and data[at]:
        end = at + FRAME_HEADER_SIZE + int.from_bytes(data[at + 1 : at + 4], "little")
        bounds.append((at, end))
        at = end
    return bounds


def only_segment(run_dir: RunDir) -> tuple[SegmentName, Path]:
    """The run's segment; there must be one."""
    (name,) = run_dir.segments()
    return name, run_dir.segment(name)


def is_ended(run_dir: RunDir, name: SegmentName) -> bool:
    """Whether a segment's writer has said that nothing more comes."""
    tail = SegmentTail(run_dir.segment(name), name)
    tail.read()
    return tail.ended


def wait_until(condition: Callable[[], Any], seconds: float = 120.0) -> None:
    """Look again and again until ``condition`` holds.

    Raises:
        TimeoutError: It never did.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s it is still not so")
        os.sched_yield()
        time.sleep(0.001)
