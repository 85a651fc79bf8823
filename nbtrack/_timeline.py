"""What a process records of a run besides its rows: attempts, cells, changes, and the end."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NoReturn

from . import _current
from ._attempts import ArmedCursor, CellInfo, Cursor, OpenAttempt, Past
from ._cells import Cells
from ._errors import RunFinishedError
from ._family import Place
from ._masking import masked_like
from ._process import this_process
from ._recording import Recording
from ._settings import Settings
from ._succession import Succession
from .recorder import spawn
from .store.journal import now
from .store.layout import RunDir, new_writer_id
from .store.position import PositionFile, Progress
from .store.removal import remove_run
from .store.schema import (
    AttemptEnd,
    AttemptStart,
    Change,
    ChangeKind,
    Closing,
    Failure,
    Outcome,
    Role,
    RunInfo,
    WriterInfo,
)
from .store.state import AttemptFacts, Evidence, Verdict, cell_words, first_failure, state

_live: weakref.WeakSet[Timeline] = weakref.WeakSet()


class Timeline(Recording):
    """A run being recorded: which attempt rows belong to, and how it all ends."""

    def __init__(
        self,
        run_dir: RunDir,
        info: RunInfo,
        settings: Settings,
        past: Past,
        *,
        on_end: Callable[[Timeline], None],
        joined: int | None = None,
    ) -> None:
        self._run_dir = run_dir
        self._info = info
        self._settings = settings
        self._on_end = on_end
        self._past = past
        self._tries = past.tries
        self._goes_on_at = past.next_step
        self._errors: list[Failure] = []
        self._open: OpenAttempt | None = None
        self._cells = Cells(lambda record: self._journal.append(record), lambda: self._next_seq())
        self._loose = Cursor(joined or 0, past.loose_step)
        self._cursor: Cursor = self._loose
        self._has_rows = past.has_rows
        self._is_child = joined is not None
        self._finished = False
        self._succession: Succession | None = None
        self.console = self._new_console()
        self._start_journal("worker" if self._is_child else "owner", past.owned_from)
        self._journal.open()
        if not self._is_child:
            self._ask_for_code(self._journal.info.writer)
            self._ask_for_sync()
            spawn.ensure(run_dir.path, settings)
        _live.add(self)

    @property
    def id(self) -> str:
        """The run's id, which is the name of its directory."""
        return self._run_dir.id

    @property
    def has_rows(self) -> bool:
        """Whether anything was logged."""
        return self._has_rows

    @property
    def is_untouched(self) -> bool:
        """Whether there is nothing yet but perhaps an open attempt without rows."""
        attempts = len(self._tries.facts)
        return not self._has_rows and attempts == (self._open is not None)

    @property
    def attempt_has_rows(self) -> bool:
        """Whether anything was logged in the attempt that is running."""
        return self._open is not None and self._open.cursor.has_rows

    @property
    def finished(self) -> bool:
        """Whether the run has ended."""
        return self._finished

    @property
    def place(self) -> Place | None:
        """Where processes that are started now add their rows."""
        return Place(self._run_dir, self._cursor.n)

    @property
    def stack_path(self) -> Path | None:
        """Where the stack is kept if a fault in C code ends this process; None for a worker's."""
        return None if self._is_child else self._run_dir.stack

    @property
    def open_attempt(self) -> int | None:
        """The number of the attempt that is running."""
        return self._open.cursor.n if self._open else None

    @property
    def open_cell(self) -> CellInfo | None:
        """The cell of the attempt that is running, the very object that it began with."""
        return self._open.cell if self._open else None

    def _begin_attempt(self, cell: CellInfo, config: dict[str, Any]) -> int:
        """A tracked cell begins: rows belong to it from now on. Returns the attempt's number."""
        if self._open is not None:
            self.end_attempt("finished", None)
        spawn.ensure(self._run_dir.path, self._settings)
        n, cell_try = self._tries.begin(cell)
        cursor = Cursor(n, self._goes_on_at)
        # First, so that an attempt whose beginning an interrupt cut off is ended all the same.
        self._open = OpenAttempt(cell, cursor)
        self._cursor = cursor
        self._journal.append(
            AttemptStart(
                self._next_seq(),
                now(),
                n,
                cell_try,
                cell.cell_id,
                cell.execution_count,
                cell.name,
                cell.tags,
                cell.source,
                config,
                self._cells.number(cell),
            )
        )
        self._cells.became(cell, n)
        _current.attempt_changed(self)
        return n

    def end_attempt(self, outcome: Outcome, failure: Failure | None) -> None:
        """The tracked cell has ended so. Does nothing if none is open."""
        attempt = self._open
        if attempt is None:
            return
        n = attempt.cursor.n
        self._journal.append(
            AttemptEnd(
                self._next_seq(),
                now(),
                n,
                outcome,
                failure,
                time.perf_counter() - attempt.wall,
                time.process_time() - attempt.cpu,
            )
        )
        if outcome == "moved":
            self._tries.forget(n)
            self._cells.became(attempt.cell, 0)
        else:
            self._tries.end(n, outcome, failure)
        self._open = None
        self._cursor = self._loose
        _current.attempt_changed(self)

    def let_go(self, cell: CellInfo | None) -> None:
        """``cell``, and the attempt that is open, go on in the next run."""
        outcome: Outcome = "finished" if self.attempt_has_rows else "moved"
        self.end_attempt(outcome, None)
        if cell is not None:
            self.end_cell(cell, outcome, None)

    @property
    def verdict(self) -> Verdict:
        """What the run is now, as far as this process can tell."""
        return state(self._evidence())

    @property
    def attempts(self) -> tuple[AttemptFacts, ...]:
        """Every attempt so far, in order."""
        return self._tries.facts

    @property
    def dropped_rows(self) -> int:
        """Rows that could not be kept because the disk or the quota was full."""
        return self._journal.dropped

    def arm(self, cell: CellInfo, thread_id: int) -> None:
        """An untracked cell begins: the first row that ``thread_id`` logs makes it an attempt."""
        if self._open is None:
            self._cursor = ArmedCursor(cell, thread_id, self._goes_on_at)

    def disarm(self, cell: CellInfo) -> None:
        """The cell has ended without a row. One that another thread runs is waited for still."""
        cursor = self._cursor
        if isinstance(cursor, ArmedCursor) and cursor.cell is cell:
            self._cursor = self._loose

    def begin_cell(self, cell: CellInfo) -> None:
        """A cell begins to run, tracked or not. Repeatable."""
        if not self._finished:
            self._cells.begin(cell)

    def end_cell(self, cell: CellInfo, outcome: Outcome, failure: Failure | None) -> None:
        """The cell has ended so. An error of one that is not tracked is an event, no verdict."""
        if self._finished or not self._cells.end(cell, outcome, failure):
            return
        self.console.end(cell)
        if outcome == "failed" and failure is not None and not self._cells.is_attempt(cell):
            self._errors.append(failure)

    def set_position(self, cell: CellInfo, line: int, progress: Progress | None) -> None:
        """The cell was seen at this line, and its loop to have come so far.

        Raises:
            OSError: That cannot be written down.
        """
        if progress is not None and self._settings.mask_secrets:
            progress = masked_like(progress, Progress)
        if not self._finished and self._cells.number(cell):
            self._position.set(cell.label, line, progress)

    def record_earlier(self, cell: CellInfo) -> None:
        """A cell that ran before this run began."""
        self._cells.earlier(cell)

    def follow(self, succession: Succession) -> None:
        """This run follows another, which ends at the first use of this one."""
        self._succession = succession

    def settle(self) -> None:
        """End the run that this one follows, if that is still to be done."""
        succession = self._succession
        try:
            self._succession = None
            if succession is not None:
                succession.settle()
        except BaseException:
            self._succession = succession  # cut off: the next use repeats it
            raise

    def close(
        self,
        reason: str,
        *,
        cut_off: bool = False,
        failure: Failure | None = None,
        interrupted: bool = False,
        verdict: Verdict | None = None,
        last_error: Failure | None = None,
    ) -> None:
        """End the run with a verdict over the latest try of each cell. Repeatable.

        Args:
            reason: Why it ends, if nothing failed.
            cut_off: A tracked cell was running, or was interrupted only in order to end.
            failure: What the open attempt failed with.
            interrupted: The open attempt was interrupted by ``failure``.
            verdict: The verdict, where it does not follow from the cells.
            last_error: What the last cell raised, where nobody was there to go on after it.
        """
        if self._finished or self._is_child:
            if not self._is_over:
                self.console.close()
                self._end_journal()
            return
        self.settle()
        self.console.close()
        label = self._open.cell.label if self._open else self._last_label()
        if interrupted or (cut_off and self._open):
            outcome: Outcome = "interrupted"
        else:
            outcome = "failed" if failure else "finished"
        self.end_attempt(outcome, failure)
        for cell in self._cells.open:
            self.end_cell(cell, outcome, failure)
        if verdict is None and cut_off:
            verdict = Verdict("failed", f"{reason} while {cell_words(label)} was running")
        if verdict is None:
            verdict = first_failure(self._evidence())
        if verdict is None and failure is not None and not interrupted:
            verdict = Verdict("failed", f"{failure.type} was raised", failure)
        if verdict is None and last_error is not None and self._info.fail_on != "never":
            stopped = f"cell {last_error.cell} raised {last_error.type} and nothing ran after it"
            verdict = Verdict("failed", stopped, last_error)
        if verdict is None:
            verdict = Verdict("finished", f"interrupted: {failure.type}" if failure else reason)
        state: Literal["finished", "failed"] = "failed" if verdict.state == "failed" else "finished"
        closing = Closing(state=state, reason=verdict.reason, failure=verdict.failure)
        self._change("closed", "", closing)
        self._end_journal()

    def discard(self) -> None:
        """End the run and remove what there is of it."""
        if not self._finished:
            self._end_journal()
            if not self._is_child:
                remove_run(self._run_dir)

    def _start_journal(self, role: Role, after: int = 0) -> None:
        info = WriterInfo(
            run=self._run_dir.id,
            writer=new_writer_id(role),
            role=role,
            process=this_process(),
            opened=max(now(), after + 1),
        )
        self._journal = self._new_journal(info)
        self._next_seq = self._journal.next_seq
        self._position = PositionFile(self._run_dir, info.writer)

    def _end_journal(self) -> None:
        self._finished = True
        self._journal.close()
        if not self._is_child:
            spawn.release(self._run_dir.path)
            self._position.remove()
        self._on_end(self)
        _live.discard(self)

    @property
    def _is_over(self) -> bool:
        """Whether the end was brought to its end; an interrupt may have cut it off."""
        return self._finished and self not in _live

    def _change(self, kind: ChangeKind, key: str, value: Any) -> None:
        attempt = self._cursor.n
        self._journal.append(Change(self._next_seq(), now(), attempt, kind, key, value))

    def _evidence(self) -> Evidence:
        return Evidence(
            "alive",
            attempts=self._tries.facts,
            cell_errors=tuple(self._errors),
            fail_on=self._info.fail_on,
        )

    def _last_label(self) -> str:
        facts = self._tries.facts
        return facts[-1].label if facts else ""

    def _continue_in_child(self) -> None:
        """In a forked child: a writer of its own; the run stays its parent's to end."""
        self._is_child = True
        self._succession = None
        self._cells.forget_open()
        self.console = self._new_console()
        self._start_journal("worker")
        self._loose = Cursor(0)
        if self._open is not None:
            self._open.cursor = Cursor(self._open.cursor.n)
            self._cursor = self._open.cursor
        else:
            self._cursor = self._loose

    def _refuse_finished(self, what: str) -> NoReturn:
        raise RunFinishedError(
            "the run has ended",
            operation=f"{what} run {self.id}",
            path=self._run_dir.path,
            hint="nbtrack.init() starts another; init(id=..., resume='allow') goes on with this.",
        )


def live_runs() -> list[Timeline]:
    """The runs of this process that have not ended."""
    return list(_live)


def _after_fork() -> None:
    for run in live_runs():
        run._continue_in_child()


os.register_at_fork(after_in_child=_after_fork)
