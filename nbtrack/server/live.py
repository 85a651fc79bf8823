"""Runs as they are now, for pages that ask again and again."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict

import msgspec

from .._errors import NbtrackError
from ..live.frame import PackedFrame
from ..live.wire import Seen, encode, read_frame, seen
from ..store.layout import RunDir
from ..store.state import Verdict
from ..store.view import RunView
from .stores import Stores, UnknownRunError, UnknownStoreError

_MAX_RUNS = 64
# States that pages may still hold.
_MAX_STATES = 8
# A recorder publishes every few seconds. If it does not, it may be dead, like its kernel.
_STALE_SECONDS = 10.0


class LiveRuns:
    """What was sent of each run of late."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._sent: OrderedDict[tuple[str, str], OrderedDict[int, Seen]] = OrderedDict()
        self._verdicts: dict[tuple[str, str], tuple[float, Verdict]] = {}
        self._lock = threading.Lock()

    def message(
        self, store: str, run: str, since: int, *, kernel: str | None, viewer: bool
    ) -> bytes | None:
        """What brings a page that holds the state ``since`` up to date; None if it is.

        Raises:
            UnknownStoreError: There is no such store.
            UnknownRunError: There is nothing of it to show.
        """
        run_dir = self._stores.run(store, run)
        if viewer:
            with contextlib.suppress(OSError):  # a store that can only be read
                run_dir.viewed.touch()
        frame = read_frame(run_dir)
        if frame is None or frame.card is None:
            raise UnknownRunError(f"nothing is shown of run {run}")
        frame = self._with_verdict((store, run), run_dir, frame)
        if frame.number == since:
            return None
        with self._lock:
            states = self._sent.setdefault((store, run), OrderedDict())
            self._sent.move_to_end((store, run))
            base = states.get(since)
            states[frame.number] = seen(frame)
            while len(states) > _MAX_STATES:
                states.popitem(last=False)
            while len(self._sent) > _MAX_RUNS:
                self._sent.popitem(last=False)
        return encode(frame, base, kernel)

    def is_running(self, store: str, run: str) -> bool:
        """Whether a run goes on, as far as that is known."""
        try:
            run_dir = self._stores.run(store, run)
        except (UnknownStoreError, UnknownRunError):
            return False
        frame = read_frame(run_dir)
        if frame is None or frame.card is None:
            return False
        frame = self._with_verdict((store, run), run_dir, frame)
        return frame.card is not None and frame.card.state == "running"

    def _with_verdict(
        self, key: tuple[str, str], run_dir: RunDir, frame: PackedFrame
    ) -> PackedFrame:
        """The frame with what is so now, if nobody has published anything for a while.

        Its number is changed with it: to one that no recorder gives.
        """
        card = frame.card
        with contextlib.suppress(OSError, NbtrackError):
            age = time.time() - run_dir.live.stat().st_mtime
            if card is None or card.state != "running" or age < _STALE_SECONDS:
                return frame
            asked, verdict = self._verdicts.get(key, (0.0, None))
            if verdict is None or time.monotonic() - asked > _STALE_SECONDS:
                view = RunView(run_dir)
                verdict = Verdict(view.state, view.reason)
                self._verdicts[key] = (time.monotonic(), verdict)
            if verdict.state != card.state:
                known = msgspec.structs.replace(card, state=verdict.state, reason=verdict.reason)
                return msgspec.structs.replace(frame, card=known, number=-2 - frame.number)
        return frame
