"""Runs of a plain script: one attempt, failed by an uncaught exception or a non-zero exit."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from types import TracebackType
from typing import NoReturn

from ._attempts import CellInfo
from ._failure import failure_of
from ._options import RunOptions
from ._run import Run
from ._settings import Settings
from ._start import join_next, start_next
from ._tee import Tee
from ._timeline import live_runs
from .store.schema import Failure, Stream
from .store.state import Verdict


class ScriptHost:
    """Starts the runs of a script, and ends them when the interpreter ends.

    ``sys.excepthook`` and ``sys.exit`` are chained: what was there before is called as before.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._failure: Failure | None = None
        self._interrupted = False
        self._exit_code: int | None = None
        # A run goes on until the end, also if the script keeps no name for it.
        self._runs: list[Run] = []
        self._excepthook = sys.excepthook
        self._exit = sys.exit
        sys.excepthook = self._on_exception
        sys.exit = self._on_exit
        self._tee = Tee(_record_text)
        atexit.register(self._at_end)
        if multiprocessing := sys.modules.get("multiprocessing.util"):
            # Its processes end without a look at atexit, but at this before they do.
            multiprocessing.Finalize(None, self._at_end, exitpriority=0)

    def init(self, options: RunOptions) -> Run:
        """Start a run, and make it current."""
        settings = Settings.load()
        run = join_next(options, settings)
        if run is None:
            if settings.console:
                self._tee.start()
            run = start_next(options, settings, cell=self.cell_now())
        self._runs = [*(other for other in self._runs if not other.finished), run]
        return run

    def cell_now(self) -> CellInfo:
        """The script as the one cell that it is."""
        return CellInfo(source="", name=os.path.basename(sys.argv[0]) if sys.argv else None)

    def show(self) -> None:
        """There is nothing to show it in."""

    @property
    def shows_progress(self) -> bool:
        """A script has nothing but its text."""
        return False

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if os.getpid() == self._pid:
            self._interrupted = isinstance(error, KeyboardInterrupt)
            self._failure = failure_of(error.with_traceback(traceback))
        self._excepthook(kind, error, traceback)

    def _on_exit(self, status: object = None, /) -> NoReturn:
        # SystemExit never reaches excepthook, and what is caught on the way does not end anything:
        # the last one before the end counts.
        if threading.get_ident() == threading.main_thread().ident:
            self._exit_code = int(status) if isinstance(status, int) else int(status is not None)
        self._exit(status)  # type: ignore[arg-type]

    def _at_end(self) -> None:
        if os.getpid() != self._pid:
            return
        self._tee.stop()
        error = sys.exc_info()[1]
        if self._failure is None and error is not None and not isinstance(error, SystemExit):
            # It ends a process of multiprocessing, where it reaches no hook.
            self._interrupted = isinstance(error, KeyboardInterrupt)
            self._failure = failure_of(error)
        shown = getattr(sys, "last_value", None)
        if self._failure is None and self._exit_code and isinstance(shown, Exception):
            # Running a file, IPython shows the exception itself and exits with 1.
            self._failure = failure_of(shown)
        for run in live_runs():
            verdict = None
            if self._failure is None and self._exit_code:
                verdict = Verdict("failed", f"the script exited with code {self._exit_code}")
            run.close(
                "the script ended",
                failure=self._failure,
                interrupted=self._interrupted,
                verdict=verdict,
            )
        if self._interrupted:
            # Python ends by the signal if the last module or text that it executed was interrupted,
            # and what was imported for the end is such a module.
            with contextlib.suppress(KeyboardInterrupt):
                exec("raise KeyboardInterrupt")


def _record_text(stream: Stream, text: str) -> None:
    for run in live_runs():
        run.console.write(None, stream, text)
