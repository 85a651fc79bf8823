"""Runs as they are now, for pages that ask again and again."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from typing import NamedTuple

import msgspec

from .._errors import NbtrackError
from .._process import ProcessIdentity, liveness
from ..live.frame import PackedFrame
from ..live.past import frame_of
from ..live.wire import Seen, encode, read_frame, seen
from ..store import reader
from ..store.layout import RunDir
from ..store.state import Verdict
from ..store.view import RunView
from .kept import Kept
from .stores import Stores, UnknownRunError, UnknownStoreError

_MAX_RUNS = 64
# States that pages may still hold.
_MAX_STATES = 8
# A recorder publishes every few seconds. If it does not, it may be dead, like its kernel.
_STALE_SECONDS = 2.0
_AGAIN_SECONDS = 10.0
# Memory of frames that are made of tables.
_FRAME_BYTES = 1 << 26


class _Known(NamedTuple):
    """What was found of a run's end, when, and whose death would change it."""

    asked: float
    verdict: Verdict
    owner: ProcessIdentity | None


class LiveRuns:
    """What was sent of each run of late."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._sent: OrderedDict[tuple[str, str], OrderedDict[int, Seen]] = OrderedDict()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._past: Kept[PackedFrame] = Kept(frame_of, _size, _FRAME_BYTES)
        self._lock = threading.Lock()

    def message(
        self, store: str, run: str, since: int, *, kernel: str | None, viewer: bool
    ) -> bytes | None:
        """What brings a page that holds the state ``since`` up to date; None if it is.

        Raises:
            UnknownStoreError: There is no such store.
            UnknownRunError: There is nothing of it to show.
            StoreError: It cannot be read.
        """
        run_dir = self._stores.run(store, run)
        if viewer:
            with contextlib.suppress(OSError):  # a store that can only be read
                run_dir.viewed.touch()
        frame = self.frame(run_dir)
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
        frame = self._with_verdict(run_dir, frame)
        return frame.card is not None and frame.card.state == "running"

    def mark(self, run_dir: RunDir) -> object:
        """Changes when :meth:`frame` may have: a look that costs next to nothing.

        Raises:
            UnknownRunError: The run is gone.
        """
        try:
            status = run_dir.live.stat()
        except OSError:
            if not run_dir.info.exists():
                raise UnknownRunError(f"run {run_dir.id} is gone") from None
            return self._past.get(run_dir).number
        verdict = None
        if time.time() - status.st_mtime >= _STALE_SECONDS:
            with contextlib.suppress(OSError, NbtrackError):
                verdict = self._verdict(run_dir)
        return status.st_mtime_ns, status.st_ino, status.st_size, verdict

    def frame(self, run_dir: RunDir) -> PackedFrame:
        """A run as it is now: as its recorder published it, else made of its tables.

        Raises:
            StoreError: It cannot be read.
            FileNotFoundError: There is no such run.
        """
        frame = read_frame(run_dir)
        if frame is None or frame.card is None:
            return self._past.get(run_dir)
        return self._with_verdict(run_dir, frame)

    def verdict(self, run_dir: RunDir) -> Verdict:
        """The state of a run and why, without making a frame of one that has none.

        Raises:
            StoreError: It cannot be read.
            FileNotFoundError: There is no such run.
        """
        frame = read_frame(run_dir)
        if frame is None or frame.card is None:
            return self._verdict(run_dir)
        card = self._with_verdict(run_dir, frame).card or frame.card
        return Verdict(card.state, card.reason)

    def _with_verdict(self, run_dir: RunDir, frame: PackedFrame) -> PackedFrame:
        """The frame with what is so now, if nobody has published anything for a while.

        Its number is changed with it: to one that no recorder gives.
        """
        card = frame.card
        with contextlib.suppress(OSError, NbtrackError):
            age = time.time() - run_dir.live.stat().st_mtime
            if card is None or card.state != "running" or age < _STALE_SECONDS:
                return frame
            verdict = self._verdict(run_dir)
            if verdict.state != card.state:
                known = msgspec.structs.replace(card, state=verdict.state, reason=verdict.reason)
                return msgspec.structs.replace(frame, card=known, number=-2 - frame.number)
        return frame

    def _verdict(self, run_dir: RunDir) -> Verdict:
        """The state of a run: read now and then, and when its owner has died since."""
        key = str(run_dir.path)
        known = self._known.get(key)
        if known is not None and time.monotonic() - known.asked <= _AGAIN_SECONDS:
            died = known.owner is not None and liveness(known.owner) == "dead"
            if not died or known.verdict.state != "running":
                return known.verdict
        taken = reader.snapshot(run_dir)
        view = RunView(run_dir, taken)
        owner = taken.fold.owner
        verdict = Verdict(view.state, view.reason)
        with self._lock:
            process = owner.process if owner is not None else None
            self._known[key] = _Known(time.monotonic(), verdict, process)
            self._known.move_to_end(key)
            while len(self._known) > _MAX_RUNS:
                self._known.popitem(last=False)
        return verdict


def _size(frame: PackedFrame) -> int:
    return sum(len(one.points) + 500 for one in (*frame.series, *frame.clocks))
