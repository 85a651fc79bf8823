"""The views below the cells of one kernel: which there are, and when they are brought up to date.

What they show is made by the recorder and lies in the run's directory. One thread for all of them
looks there while a cell runs, and passes it on: no cell waits for it, but those of a notebook that
a program runs, which listens no longer than a cell takes.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from .._attempts import CellInfo
from .._run import Run
from .._settings import Settings
from ..live.picture import read_picture
from ..recorder import spawn
from ..store.layout import RunDir
from . import places
from .cells import is_of_a_program
from .colab import see_to_widgets
from .feed import Feed, mark_of
from .running import RunningCell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_SECONDS = 0.5
_SOON = 0.02
# Hooks may take two seconds.
_PATIENCE = 1.5
# What the last cell left is looked for so long after its end.
_AFTERGLOW = 5.0


class View:
    """What is below one cell.

    Attributes:
        run: Whose view it is.
        attempt: The attempt that its picture shows.
        cell: The cell whose own view it is; None for one that ``show()`` made.
        live: The place of its live view, if it has one.
        settled: The picture is final.
    """

    def __init__(self, run: Run, attempt: int, cell: CellInfo | None) -> None:
        self.run = run
        self.attempt = attempt
        self.cell = cell
        self.live: places.Place | None = None
        self.settled = False
        self._picture: places.Place | None = None
        self._shown = ""
        self._filled = False

    def open(self, shell: InteractiveShell, *, live: bool) -> None:
        """Take the places, below the cell whose context the caller has."""
        self._picture = places.Place(shell)
        self._picture.open(places.waiting(f"{self.run.name}: attempt {self.attempt}"))
        if live:
            self.live = places.Place(shell, mark_of(self.run))
            self.live.open(places.nothing())

    def fill(self, feed: Feed) -> None:
        """Have the live view appear, once."""
        if self.live is not None and not self._filled:
            self._filled = True
            feed.fill(self.live, self.attempt)

    def draw(self) -> None:
        """Show the picture as it is now."""
        found = read_picture(RunDir(self.run.path), self.attempt)
        if found is not None and found.svg != self._shown and self._picture is not None:
            self._picture.update(places.picture(found))
            self._shown = found.svg
        self.settled = self.settled or (found is not None and found.final)

    def take_live_away(self) -> None:
        """Leave the picture alone."""
        live, self.live = self.live, None
        if live is not None and self._filled:
            live.update(places.nothing())


class Views:
    """All of them.

    Attributes:
        failure: What went wrong last; empty if nothing did.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._views: list[View] = []
        self._feeds: dict[str, Feed] = {}
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._busy = False
        self._quiet_at = 0.0
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self.failure = ""

    def open(self, run: Run, running: RunningCell | None, *, own: bool) -> None:
        """A view of a run, below the cell whose context the caller has, if one is wanted.

        Args:
            running: That cell.
            own: The run's latest attempt is this cell's. Such views of other cells are left with
                their pictures: the live one is where the run is.
        """
        settings = Settings.load()
        if settings.view == "off" or settings.quiet or not places.are_updated(self._shell):
            return
        live = settings.view == "live" and running is not None
        if live and running is not None:
            live = not is_of_a_program(self._shell, running.info)
            if own and running.options is not None:
                live = live and running.options.widget
        if own and run.open_attempt is None:
            return  # of a run that records nothing
        attempt = run.open_attempt or max((one.n for one in run.attempts), default=0)
        view = View(run, attempt, running.cell if own and running is not None else None)
        view.open(self._shell, live=live)
        with self._lock:
            if view.cell is not None:
                self._give_way(run, view.cell)
            self._views.append(view)
        self.begin()

    def shows(self, run: Run | None) -> bool:
        """Whether there is a live view of ``run``."""
        return any(view.run is run and view.live is not None for view in self._views)

    def begin(self) -> None:
        """A cell begins."""
        self._busy = True
        if not self._views or os.getpid() != self._pid:
            return
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._serve, name="nbtrack-views", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # no more threads: the pictures stay as they are
                self.failure = str(error)
                return
            self._thread = thread
        self._wake.set()

    def end(self, *, waits: bool) -> None:
        """No cell runs any more.

        Args:
            waits: Nobody listens when this returns: show what there is to show first.
        """
        self._busy = False
        self._quiet_at = time.monotonic() + _AFTERGLOW
        if any(not view.settled for view in self._views):
            spawn.poke()
            if waits:
                self._settle(_PATIENCE)
            self._wake.set()

    def close(self) -> None:
        """The runs have ended, and so does the process."""
        if self._views and os.getpid() == self._pid:
            spawn.poke()
            self._settle(_PATIENCE)
            with self._lock:
                for view in self._views:
                    view.take_live_away()
                for feed in self._feeds.values():
                    feed.close()
                self._views.clear()
                self._feeds.clear()

    def _give_way(self, run: Run, cell: CellInfo) -> None:
        kept = []
        for view in self._views:
            if view.cell is not None and view.run is run:
                view.take_live_away()
            # What the same cell showed before is gone with its output.
            if view.cell is None or view.cell.cell_id != cell.cell_id:
                kept.append(view)
        self._views = kept

    def _settle(self, seconds: float) -> None:
        """Wait until every picture is final, but not for long."""
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                waiting = [view for view in self._views if not view.settled]
                for view in waiting:
                    view.draw()
            if all(view.settled for view in waiting) or time.monotonic() > deadline:
                return
            time.sleep(_SOON)

    def _serve(self) -> None:
        see_to_widgets(self._shell)
        while True:
            self._wake.wait()
            while self._busy or time.monotonic() < self._quiet_at:
                self._wake.clear()
                try:
                    self._look()
                except Exception as error:  # what is shown must not cost anybody a cell
                    self.failure = f"{type(error).__name__}: {error}"
                self._wake.wait(_SECONDS)
            self._wake.clear()
            with self._lock:
                for run in {view.run for view in self._views if view.run.finished}:
                    self._drop(run)

    def _look(self) -> None:
        """Bring everything up to date."""
        with self._lock:
            for view in self._views:
                if view.live is not None:
                    view.fill(self._feed(view.run))
            for run in {view.run for view in self._views}:
                feed = self._feed(run)
                unsettled = [view for view in self._views if view.run is run and not view.settled]
                if (unsettled or feed.has_news()) and feed.may_send():
                    feed.pass_on()
                    for view in unsettled:
                        view.draw()
                if run.finished:
                    self._retire(run)

    def _feed(self, run: Run) -> Feed:
        if run.id not in self._feeds:
            self._feeds[run.id] = Feed(run)
        return self._feeds[run.id]

    def _retire(self, run: Run) -> None:
        """The run has ended: what stays are its pictures, once they are final."""
        if any(view.run is run and not view.settled for view in self._views):
            spawn.poke()
        else:
            self._drop(run)

    def _drop(self, run: Run) -> None:
        for view in self._views:
            if view.run is run:
                view.take_live_away()
        self._views = [view for view in self._views if view.run is not run]
        feed = self._feeds.pop(run.id, None)
        if feed is not None:
            feed.close()
