"""Feeds the live views of one run: passes on what the recorder published, not too often."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .._run import Run
from ..live.wire import read_frame
from ..store.layout import RunDir, Store
from ..store.registry import key_of
from . import places
from .server import kernel_id

if TYPE_CHECKING:
    from .widget import LiveWidget

# Seconds between messages while somebody looks, and while nobody was seen to.
_SECONDS, _UNSEEN_SECONDS = 0.5, 2.0
_SIGHT_SECONDS = 60.0


class Feed:
    """The live views of one run: one widget, in however many places.

    Attributes:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._run_dir = RunDir(run.path)
        self._widget: LiveWidget | None = None
        self._version: tuple[int, int] | None = None
        self._due = 0.0
        self._opened = time.time()

    def fill(self, place: places.Place, attempt: int) -> None:
        """Have the live view appear in ``place``, about the cell of ``attempt``."""
        from .widget import LiveWidget

        self._opened = time.time()
        self._due = 0.0
        if self._widget is None:
            self._widget = LiveWidget(**mark_of(self.run), focus=attempt)
            self._pass_on()
        elif attempt:
            self._widget.focus = attempt
        place.update(places.view(self._widget.model_id))

    def may_send(self) -> bool:
        """Whether it is time for a message; if so, the next one has to wait."""
        moment = time.monotonic()
        if moment < self._due:
            return False
        unseen = time.time() - self._last_seen() > _SIGHT_SECONDS
        self._due = moment + (_UNSEEN_SECONDS if unseen else _SECONDS)
        return True

    def has_news(self) -> bool:
        """Whether the recorder published something since it was passed on last."""
        return self._widget is not None and self._look_up() != self._version

    def pass_on(self) -> None:
        """Tell the pages what is new."""
        if self.has_news():
            self._pass_on()

    def close(self) -> None:
        """No page is told anything any more."""
        widget, self._widget = self._widget, None
        if widget is not None:
            widget.close()
        self._run_dir.viewed.unlink(missing_ok=True)

    def _pass_on(self) -> None:
        version = self._look_up()
        frame = read_frame(self._run_dir)
        if frame is not None and frame.card is not None and self._widget is not None:
            self._widget.tell(frame)
            self._version = version

    def _look_up(self) -> tuple[int, int] | None:
        try:
            found = self._run_dir.live.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _last_seen(self) -> float:
        try:
            return max(self._opened, self._run_dir.viewed.stat().st_mtime)
        except OSError:
            return self._opened


def mark_of(run: Run) -> dict[str, str]:
    """How a server knows a run and its kernel."""
    store = Store(run.path.parent.parent)
    return {"kernel": kernel_id(), "store": key_of(store), "run": run.id}
