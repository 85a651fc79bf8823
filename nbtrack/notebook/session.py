"""A kernel's session: which run is current, when it begins and when it ends.

The session is the host of this process: ``init()`` and ``log()`` come here for a run. Its runs are
told of every cell; which of them a cell belongs to is the runs' own affair.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from .. import _current
from .._attempts import CellInfo
from .._disabled import DisabledRun
from .._errors import InvalidSettingError
from .._options import RunOptions
from .._run import Run
from .._settings import Settings
from .._start import start_next
from ..recorder import spawn
from ..store.layout import Store
from ..store.locks import PatientLock
from ..store.position import Progress
from ..store.schema import Failure
from ..store.state import memory_words
from . import cells, commands, configurable, engines, failures
from .console import ConsoleCapture
from .hooks import Hooks
from .labels import Labels
from .past import notebook_of, record_parameters, record_past
from .position import PositionWatch
from .previous import previous_death
from .running import Moment, RunningCell, RunningCells, last_shown
from .server import announce
from .views import Views

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from .magics import TrackOptions

# An interrupt this shortly before the end was part of ending: a shutdown interrupts a busy cell
# first, and a person's own stop is not followed by an exit at once.
_STOP_TO_EXIT = 1.5


class Session:
    """What nbtrack is in one kernel, from ``%load_ext`` or the first ``log()`` on.

    Attributes:
        previous: How the kernel before this one died, in a line; None if it did not.
        memory: That memory got short in the last tracked cell; empty if it did not.
        views: What is shown below cells.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._running = RunningCells()
        self._hooks = Hooks(
            shell,
            begin=self._begin_cell,
            end=self._end_cell,
            begin_any=self._running.begin_execution,
            end_any=self._running.end_execution,
            leave=self._leave,
            gave_up=self._gave_up,
            line=lambda text: commands.run_command(self, text),
            say=lambda text: self.say(text, sys.stderr),
        )
        # Widget callbacks and cells of a subshell have threads of their own.
        self._lock = PatientLock()
        self._runs: list[Run] = []
        # The one that nobody asked for with options of its own.
        self._own_run: Run | None = None
        self._attached = self._loaded = self._wants_run = self._unloading = False
        self._interrupted_at: float | None = None
        self._last_error: Failure | None = None
        self.previous: str | None = None
        self.memory = ""
        self._console = ConsoleCapture(shell, runs=lambda: self._runs, cell_now=self.cell_now)
        self._labels = Labels(shell)
        self._positions = PositionWatch(self._running, self._labels.of, self._set_position)
        self.views = Views(shell)

    def attach(self) -> None:
        """Watch the shell. May be repeated, and takes an unloading back."""
        self._unloading = False
        if self._attached:
            return
        configurable.read(self._shell)
        self._attached = True
        configurable.add(self._shell, self._settings_changed)
        self._hooks.install()
        self._console.install(Settings.load().console)
        _current.set_host(self)
        execution = cells.execution_now(self._shell)
        if execution is not None:
            # Its beginning was not seen: an error before now counts for nothing.
            running = RunningCell(execution, last_shown())
            self._running[threading.get_ident()] = running
            self._console.begin_cell(running.cell)
            self._labels.begin(running.cell)

    def load(self) -> bool:
        """Attach, and have the kernel's run begin with the next cell. False if that is old news."""
        self.attach()
        if self._loaded:
            return False
        self._loaded = True
        self._wants_run = _current.get_run() is None
        return True

    def look_back(self, store: Store) -> str | None:
        """The line that tells how the kernel before this one died, if it did."""
        notebook = notebook_of(self._shell)
        with suppress(Exception):  # no old run may keep this one from being recorded
            self.previous = previous_death(store, notebook) if notebook is not None else None
        return self.previous

    def describe_waiting(self) -> str:
        """What is so while there is no run."""
        if self._wants_run:
            return "nbtrack is loaded; the run begins with the next cell"
        return "there is no run; nbtrack.log(), a tracked cell or `%track new` starts the next"

    def detach(self) -> None:
        """End the runs and leave the shell as it was, once the running cell has ended.

        Reloading is unloading and loading again in one cell: it keeps everything.
        """
        if threading.get_ident() in self._running:
            self._unloading = True
        elif self._attached:
            self._let_go("the extension was unloaded")

    def init(self, options: RunOptions) -> Run:
        """Start a run, and make it current; the running cell becomes an attempt of it."""
        with self._locked():
            self.attach()
            cell = self.cell_now()
            run = self._start(options, cell)
            if cell is None:
                self._arm(run)
            return run

    def cell_now(self) -> CellInfo | None:
        """The cell that the calling thread is executing."""
        return self._running.now()

    @property
    def shows_progress(self) -> bool:
        """Whether a live view shows how far loops are."""
        return self.views.shows(_current.get_run())

    def show(self) -> None:
        """Show the current run below the running cell.

        Raises:
            NoRunError: There is none.
        """
        run = _current.require_run("show")
        self.views.open(run, next(iter(self._running.values()), None), own=False)

    def say(self, text: str, stream: TextIO | None = None) -> None:
        """Print one line, unless nothing is to be printed."""
        with suppress(InvalidSettingError):
            if Settings.load().quiet:
                return
        (stream or sys.stdout).write(f"{text}\n")

    def _settings_changed(self, names: set[str]) -> None:
        """Settings were set by hand. A run in which nothing happened yet begins again with them."""
        with self._locked():
            if "console" in names:
                self._console.remove()
                self._console.install(Settings.load().console)
            run = _current.get_run()
            if run is None or names <= {"console", "quiet"}:
                return
            if run is self._own_run and run.is_empty:
                # What `%track name` and the like have said holds for it too.
                said = RunOptions(name=run.name, tags=list(run.tags), notes=run.notes)
                self._close(run, "the settings were changed")
                self._wants_run = True
                disabled = isinstance(run, DisabledRun)
                self._own_run = self._start(RunOptions() if disabled else said, None)
                self._arm(self._own_run)
            else:
                self.say("nbtrack: this run goes on as it began; the next one begins with this")

    def _start(self, options: RunOptions, cell: CellInfo | None) -> Run:
        options.notebook = options.notebook or notebook_of(self._shell)
        options.command = options.command or []
        engines.describe(self._shell, options)
        run = start_next(options, Settings.load(), cell=cell)
        self._wants_run = False
        self._prune()
        if run not in self._runs:
            record_past(run, self._shell, self._running)
            self._runs.append(run)
            announce(run, self._shell)
        return run

    def _begin_cell(self, info: ExecutionInfo, moment: Moment) -> None:
        executions = moment.executions
        if len(executions) > 1:
            return  # a part of the cell that runs it
        execution = executions[0] if executions else cells.Execution(info, None)
        with self._locked():
            running = self._running.get(moment.thread)
            if running is None or running.info is not info:
                running = RunningCell(execution, moment.shown)
                self._running[moment.thread] = running
                self._console.begin_cell(running.cell)
                self._labels.begin(running.cell)
            self._positions.begin()
            self._end_forgotten()
            if running.cell.aside:
                for other in self._runs:
                    self._arm(other)
                return
            self._last_error = None
            run = self._run_for(running.options)
            for other in self._runs:
                other.begin_cell(running.cell)
            if running.options is not None and run is not None and run.open_attempt is None:
                self._interrupted_at, self.memory = None, ""
                run.begin_attempt(running.cell)
                self.views.open(run, running, own=True)
            for other in self._runs:
                self._arm(other)
            self.views.begin()

    def _end_forgotten(self) -> None:
        """End attempts of cells that are over.

        Two interrupts in a row can keep IPython from saying so, and a full disk keeps us from it.
        """
        self._prune()
        cells_now = [running.cell for running in self._running.values()]
        for run in self._runs:
            if run.open_cell is not None and not any(run.open_cell is cell for cell in cells_now):
                run.end_attempt("interrupted", None)

    def _arm(self, run: Run) -> None:
        """Have the first row of the cell that began first make it an attempt, if none is open."""
        for thread, running in self._running.items():
            run.arm(running.cell, thread)
            return

    def _run_for(self, options: TrackOptions | None) -> Run | None:
        """The run that a cell with these options belongs to, started if it has to be."""
        run = _current.get_run()
        project = options.project if options is not None else None
        if run is not None and options is not None:
            if project is not None and project != run.project:
                self._close(run, f"%%track --project {project} began the next run")
            elif options.new and not run.is_empty:
                self._close(run, "%%track --new began the next run")
            run = _current.get_run()
        if run is None and (options is not None or self._wants_run):
            run = self._own_run = self._start(RunOptions(project=project), None)
        return run

    def _end_cell(self, result: ExecutionResult | None, moment: Moment) -> None:
        if moment.executions:
            return  # it was a part of the cell that ran it
        running = self._running.get(moment.thread)
        if running is None:
            return
        with self._locked():
            try:
                self._end_attempts(running, result, moment.shown)
                self._tell_alerts(running)
            finally:
                self._running.pop(moment.thread, None)
                if not self._running:
                    self._positions.end()
                self._console.end_cell(running.cell)
                self.views.end(waits=cells.is_of_a_program(self._shell, running.info))
                if self._unloading:
                    self._let_go("the extension was unloaded")
                for run in self._runs:
                    self._arm(run)

    def _end_attempts(
        self, running: RunningCell, result: ExecutionResult | None, after: Any
    ) -> None:
        outcome, error = cells.outcome_of(result, running.before, after)
        failure = None
        if error is not None:
            failure = failures.failure_of(error, running.cell, self._labels.of)
        tracked = running.options is not None
        for run in self._runs:
            if run.finished:
                continue
            run.settle()
            if run.open_cell is running.cell:
                tracked = True
                run.end_attempt(outcome, failure)
            elif run.open_attempt is None:
                run.disarm(running.cell)
            run.end_cell(running.cell, outcome, failure)
            record_parameters(run, running.cell, self._shell)
        if tracked:
            self._interrupted_at = time.monotonic() if outcome == "interrupted" else None
        elif outcome == "failed" and cells.ends_the_notebook(self._shell, running.info):
            self._last_error = failure

    def _tell_alerts(self, running: RunningCell) -> None:
        for alert in spawn.alerts():
            self.memory = f"{memory_words(alert)} (cell {running.cell.label})"
            self.say(f"nbtrack: {self.memory}", sys.stderr)

    def _set_position(self, cell: CellInfo, line: int, progress: Progress | None) -> None:
        for run in self._runs:
            run.set_position(cell, line, progress)

    def _leave(self, restarts: bool) -> None:
        """The process ends, in its own time."""
        self._prune()
        since = None if self._interrupted_at is None else time.monotonic() - self._interrupted_at
        ended = "kernel restarted" if restarts else "kernel shut down"
        reason = ended if hasattr(self._shell, "kernel") else "IPython was closed"
        for run in reversed(self._runs):
            cut_off = run.open_attempt is not None
            if run is _current.get_run() and since is not None:
                cut_off = cut_off or since < _STOP_TO_EXIT
            for running in self._running.values():
                run.end_cell(running.cell, "interrupted", None)
            self._close(run, reason, cut_off=cut_off, last_error=self._last_error)
        self.views.close()

    def _let_go(self, reason: str) -> None:
        """Out of the shell, with everything ended."""
        self._hooks.remove()
        self._console.remove()
        configurable.remove(self._shell)
        for run in reversed(self._runs):
            self._close(run, reason)
        self.views.close()
        self._forget_shell()
        _current.set_host(None)

    def _gave_up(self) -> None:
        """The hooks are off; rows that cells log still belong to the run."""
        self._forget_shell()
        for run in self._runs:
            with suppress(Exception):
                run.end_attempt("interrupted", None)

    def _forget_shell(self) -> None:
        self._running.clear()
        self._positions.end()
        self._attached = self._loaded = self._wants_run = self._unloading = False

    def _close(
        self, run: Run, reason: str, *, cut_off: bool = False, last_error: Failure | None = None
    ) -> None:
        if run.finished:
            return
        if run.is_empty:
            run.discard()
        else:
            run.close(reason, cut_off=cut_off, last_error=last_error)

    def _prune(self) -> None:
        self._runs = [run for run in self._runs if not run.finished]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._lock.take()
        try:
            yield
        finally:
            lock.release()


_session: Session | None = None


def session_of(shell: InteractiveShell) -> Session:
    """The session of this kernel; the same for as long as the process lives."""
    global _session
    if _session is None or _session._shell is not shell:
        _session = Session(shell)
    return _session


def existing_session() -> Session | None:
    """The session of this kernel, if it has one."""
    return _session
