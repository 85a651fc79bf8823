"""The attempts of a run, as the process that records them knows them."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from .store.fold import SCRIPT
from .store.schema import AttemptState, Failure
from .store.state import AttemptFacts


class CellInfo(msgspec.Struct, kw_only=True, eq=False, weakref=True):
    """One execution of a cell, or a script. Equal to no other, whatever they have in common.

    Attributes:
        cell_id: The same for every execution of the cell.
        execution_count: The number that the notebook shows in brackets.
        source: Its text.
        name, tags, config: What ``%%track`` gave.
        aside: A front end runs it for itself, outside the history: VS Code lists variables so.
            It counts once it starts a run or logs a row, since then it is somebody's.
    """

    cell_id: str | None = None
    execution_count: int | None = None
    source: str = ""
    name: str | None = None
    tags: list[str] = []
    config: dict[str, Any] = {}
    aside: bool = False

    @property
    def label(self) -> str:
        """How a person names it."""
        if self.execution_count is not None:
            return f"[{self.execution_count}]"
        return self.name or SCRIPT


class Cursor:
    """Where rows go: an attempt, and the step of the next row.

    ``next_step`` appears with the first row. Until then ``log()`` finds none and takes the path
    that prepares for a first row, at no cost to all later ones.
    """

    __slots__ = ("first_step", "n", "next_step")

    next_step: int

    def __init__(self, n: int, first_step: int = 0) -> None:
        self.n = n
        self.first_step = first_step

    @property
    def has_rows(self) -> bool:
        return hasattr(self, "next_step")


class ArmedCursor(Cursor):
    """The cursor of a cell that is not tracked yet: its first row opens an attempt."""

    __slots__ = ("cell", "thread_id")

    def __init__(self, cell: CellInfo, thread_id: int, first_step: int) -> None:
        super().__init__(0, first_step)
        self.cell = cell
        self.thread_id = thread_id


class OpenAttempt:
    """The attempt that is running, with the clocks at its start."""

    __slots__ = ("cell", "cpu", "cursor", "wall")

    def __init__(self, cell: CellInfo, cursor: Cursor) -> None:
        self.cell = cell
        self.cursor = cursor
        self.wall = time.perf_counter()
        self.cpu = time.process_time()


class Tries:
    """How often each cell was tried, and how its latest try ended."""

    def __init__(self, facts: tuple[AttemptFacts, ...] = ()) -> None:
        self._counts: dict[str, int] = {}
        self._facts: dict[int, AttemptFacts] = {}
        for attempt in facts:
            self._counts[attempt.cell] = self._counts.get(attempt.cell, 0) + 1
            self._facts[attempt.n] = attempt
        self._last = max(self._facts, default=0)

    @property
    def facts(self) -> tuple[AttemptFacts, ...]:
        """Every attempt, in order."""
        return tuple(self._facts[n] for n in sorted(self._facts))

    def begin(self, cell: CellInfo) -> tuple[int, int]:
        """A new attempt: its number in the run, and in its cell."""
        key = cell.cell_id or SCRIPT
        self._last += 1
        self._counts[key] = self._counts.get(key, 0) + 1
        self._facts[self._last] = AttemptFacts(self._last, key, cell.label, "running", None)
        return self._last, self._counts[key]

    def end(self, n: int, state: AttemptState, failure: Failure | None) -> None:
        """An attempt ended so."""
        self._facts[n] = self._facts[n]._replace(state=state, failure=failure)

    def forget(self, n: int) -> None:
        """An attempt moved to another run."""
        fact = self._facts.pop(n)
        self._counts[fact.cell] -= 1


class Past(msgspec.Struct, kw_only=True, frozen=True):
    """What a run holds before this process records any of it.

    Attributes:
        tries: Its attempts.
        has_rows: Whether there is anything.
        loose_step: The step of the next row that no tracked cell makes.
        next_step: The first step of the first attempt with rows: it goes on where the latest was.
        owned_from: When the owner before began, by its own clock: this one counts as later.
    """

    tries: Tries = msgspec.field(default_factory=Tries)
    has_rows: bool = False
    loose_step: int = 0
    next_step: int = 0
    owned_from: int = 0
