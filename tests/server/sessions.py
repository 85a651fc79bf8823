"""A session of three cells, written as a kernel writes it."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec

from nbtrack.store import registry
from nbtrack.store.journal import now
from nbtrack.store.layout import RunDir, Store, atomic_write
from nbtrack.store.merge import merge
from nbtrack.store.schema import (
    AttemptEnd,
    AttemptStart,
    CellEnd,
    CellStart,
    Change,
    Console,
    Failure,
    Record,
    Row,
    RunInfo,
    Sample,
    Stream,
)
from nbtrack.store.seal import seal_run
from tests.journals import new_journal

SECOND = 1_000_000
FAILURE = Failure(
    type="ValueError",
    message="no such digit",
    traceback="Traceback (most recent call last):\n\x1b[31mValueError\x1b[0m: no such digit",
    cell="[3]",
    line=2,
)


class Session:
    """Records of one run, a second after each other.

    Attributes:
        start: When it began.
    """

    def __init__(self, store: Path, run_id: str = "one") -> None:
        served = Store(store)
        self.run_dir: RunDir = served.create_run(run_id)
        registry.register(served)
        self.key = registry.key_of(served)
        self.start = now()
        info = RunInfo(
            id=run_id,
            name="brave-otter-1",
            project="digits",
            created=self.start,
            host="here",
            os="Linux 6.8 (x86_64)",
            notebook="digits.ipynb",
            fail_on="tracked",
        )
        atomic_write(self.run_dir.info, msgspec.json.encode(info))
        self._journal = new_journal(self.run_dir)
        self._clock = itertools.count(self.start, SECOND)
        self._rows: dict[tuple[int, Stream], int] = {}

    def add(self, record: Record) -> None:
        """Write one record."""
        self._journal.append(record)

    def at(self) -> tuple[int, int]:
        """The number and the time of the next record."""
        return self._journal.next_seq(), next(self._clock)

    def cell(self, execution_count: int, source: str = "pass", *, cell_id: str = "c") -> int:
        """A cell begins."""
        seq, time = self.at()
        self.add(CellStart(seq, time, f"{cell_id}{execution_count}", execution_count, source))
        return time

    def end(self, cell: int, *, attempt: int = 0, failure: Failure | None = None) -> None:
        """It ends."""
        outcome = "failed" if failure else "finished"
        self.add(CellEnd(*self.at(), cell, attempt, outcome, failure, 1.5, 1.0, 1 << 20))  # type: ignore[arg-type]  # one of the outcomes

    def attempt(self, n: int, cell: int, *, execution_count: int, lr: float = 0.1) -> None:
        """A cell is tracked."""
        head = (*self.at(), n, n, "c", execution_count, None, ["a"], "pass", {"lr": lr}, cell)
        self.add(AttemptStart(*head))

    def attempt_end(self, n: int, failure: Failure | None = None) -> None:
        """Its attempt ends."""
        outcome = "failed" if failure else "finished"
        self.add(AttemptEnd(*self.at(), n, outcome, failure, 1.5, 1.0))  # type: ignore[arg-type]  # one of the outcomes

    def show(self, cell: int, text: str, stream: Stream = "stdout") -> None:
        """Text below a cell, after what it has of that stream; ends with a line."""
        seq, time = self.at()
        row = self._rows.get((cell, stream), 0)
        self.add(Console(seq, time, cell, stream, row, 0, text))
        self._rows[cell, stream] = row + text.count("\n")

    def rewrite(self, cell: int, texts: list[str]) -> None:
        """A progress bar: one row that is set again and again."""
        row = self._rows.get((cell, "stdout"), 0)
        for text in texts:
            self.add(Console(*self.at(), cell, "stdout", row, 0, text))
        self.add(Console(*self.at(), cell, "stdout", row, len(texts[-1]), "\n"))
        self._rows[cell, "stdout"] = row + 1

    def log(self, attempt: int, step: int, data: dict[str, object]) -> None:
        """One row."""
        self.add(Row(*self.at(), attempt, step, data))

    def sample(self, data: dict[str, float]) -> None:
        """One look at the machine."""
        self.add(Sample(*self.at(), data))

    def go_on_elsewhere(self) -> None:
        """Another process goes on; what this one wrote is merged."""
        self._journal.close()
        seal_run(self.run_dir)
        merge(self.run_dir)
        self._journal = new_journal(self.run_dir)

    def close(self, *, merged: bool = False) -> None:
        """The run ends."""
        value = {"state": "finished", "reason": "the kernel was shut down", "failure": None}
        self.add(Change(*self.at(), 0, "closed", "", value))
        self._journal.close()
        if merged:
            seal_run(self.run_dir)
            merge(self.run_dir)


def record_digits(store: Path, *, merged: bool = True) -> Session:
    """An untracked cell, a tracked one that fails, and its second try; output between them."""
    session = Session(store)
    first = session.cell(1, "import digits")
    session.show(first, "\x1b[32mloading\x1b[0m\n")
    session.end(first)
    session.show(0, "between the cells\n", "stderr")
    second = session.cell(2, "train(lr=0.1)")
    session.attempt(1, second, execution_count=2, lr=0.1)
    session.rewrite(second, [f"epoch {at}" for at in range(50)])
    session.log(1, 0, {"loss": 0.5})
    session.show(second, "a warning\n", "stderr")
    session.attempt_end(1, FAILURE)
    session.end(second, attempt=1, failure=FAILURE)
    third = session.cell(3, "train(lr=0.2)")
    session.attempt(2, third, execution_count=3, lr=0.2)
    for step in range(10):
        session.log(2, step, {"loss": 1.0 / (step + 1), "best": float("nan")})
    session.sample({"memory.process.bytes": 1e6, "memory.limit.bytes": 1e9})
    session.show(third, "'done'\n", "result")
    session.attempt_end(2)
    session.end(third, attempt=2)
    session.close(merged=merged)
    return session
