"""Has runs copied to the places that they are to be at, while they go on and when they have ended.

One process at a time for each place does it, at the lowest priority; it may be killed at any
point, and the next one goes on. What fails is tried again after longer and longer pauses, for as
long as the recorder lives.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from .._decoding import from_json
from ..remote.addresses import environment_with
from ..store.layout import RunDir
from . import spawn
from .notes import note

# How soon a run is there for the first time, and how often it is looked at then. A run in which
# nothing happens is looked at less and less often.
_FIRST_SECONDS, _INTERVAL_SECONDS, _LONGEST_INTERVAL = 2.0, 30.0, 300.0
_RETRY_SECONDS, _LONGEST_RETRY = 5.0, 300.0
# Files have to be as they are for so long until it is certain that nothing of them is missing.
_SETTLING_SECONDS = 2.5
_MAX_LOOKS = 4
_AT_ONCE = 50
_LEFT = "the recorder ends before all of it is where it is to be; the next one with this setting or"
_LEFT += " `nbtrack sync` goes on:"


class ShippingQueue:
    """Runs that are to be at places, and the processes that bring them there."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[Path, str], _Lane] = {}

    @property
    def busy(self) -> bool:
        """Whether a run is not where it is to be, or something is being sent."""
        return any(lane.shipments or lane.process for lane in self._lanes.values())

    @property
    def sending(self) -> bool:
        """Whether a run of this recorder's is being sent."""
        return any(lane.process is not None and lane.chosen for lane in self._lanes.values())

    def follow(self, run_dir: RunDir, url: str, variables: dict[str, str]) -> None:
        """Ship a run from now on, or go on with it; ``variables`` tell how to reach the place."""
        store = run_dir.path.parent.parent
        lane = self._lanes.setdefault((store, url), _Lane(store, url))
        lane.variables = variables
        known = lane.shipments.get(run_dir.path)
        if known is None or known.is_over:
            lane.shipments[run_dir.path] = _Shipment(run_dir)

    def hear(self, run_dir: RunDir, news: int, *, counts: bool) -> None:
        """How much a run has recorded, and whether it is worth shipping."""
        for shipment in self._of(run_dir):
            shipment.hear(news, counts=counts)

    def end(self, run_dir: RunDir) -> None:
        """Nothing more comes of a run."""
        for shipment in self._of(run_dir):
            shipment.is_over = shipment.counts = True
            shipment.due = time.monotonic() if not shipment.failures else shipment.due

    def poll(self, *, waits: Callable[[RunDir], bool], looks_back: bool) -> None:
        """See which processes have ended, and start the next. Never waits.

        Args:
            waits: Whether a run that has ended is still being brought into its last form.
            looks_back: Whether runs that were left behind are seen to as well.
        """
        for lane in self._lanes.values():
            lane.poll()
            if lane.process is not None:
                continue
            moment = time.monotonic()
            for one in list(lane.shipments.values()):
                if not one.run_dir.path.exists():
                    del lane.shipments[one.run_dir.path]
            chosen = [
                one
                for one in lane.shipments.values()
                if one.counts and moment >= one.due and not (one.is_over and waits(one.run_dir))
            ]
            if chosen:
                lane.start(chosen[:_AT_ONCE])
            elif looks_back and moment >= lane.pending_due:
                lane.start([])

    def leave(self) -> None:
        """The recorder ends: say what is not where it is to be."""
        for lane in self._lanes.values():
            if lane.process is not None:
                with lane.process:
                    lane.process.kill()
            for one in lane.shipments.values():
                if one.counts and one.run_dir.path.exists():
                    note(one.run_dir.recorder_log, f"{_LEFT} {lane.url}")

    def _of(self, run_dir: RunDir) -> Iterator[_Shipment]:
        for lane in self._lanes.values():
            if run_dir.path in lane.shipments:
                yield lane.shipments[run_dir.path]


class _Shipment:
    """One run on its way to one place.

    Attributes:
        counts: It is worth being there.
        is_over: Nothing more comes of it.
        due: When it is sent next, at the earliest.
        failures: How often that has failed without a success.
    """

    def __init__(self, run_dir: RunDir) -> None:
        self.run_dir = run_dir
        self.counts = self.is_over = self.was_over = False
        self.due = 0.0
        self.failures = 0
        self.interval = _INTERVAL_SECONDS
        self._news = self._sent_news = self._looks = 0
        self._sent_at: float | None = None
        self._told = ""

    def hear(self, news: int, *, counts: bool) -> None:
        """How much it has recorded by now."""
        if counts and not self.counts:
            self.counts = True
            self.due = time.monotonic() + _FIRST_SECONDS
        self._news = news
        if self._sent_at is not None and news > self._sent_news and not self.failures:
            self.due = min(self.due, self._sent_at + _INTERVAL_SECONDS)

    def sent(self) -> None:
        """It is on its way now, with all that is known."""
        quiet, self._sent_news = self._news == self._sent_news, self._news
        self.interval = min(_LONGEST_INTERVAL, 2 * self.interval) if quiet else _INTERVAL_SECONDS
        self.was_over = self.is_over
        self._sent_at = moment = time.monotonic()
        self.due = moment + self.interval

    def arrived(self, *, complete: bool) -> bool:
        """What there was is there. Whether that is the end of it."""
        self.failures, self._told = 0, ""
        if not self.was_over:
            return False
        self._looks += 1
        self.due = time.monotonic() + _SETTLING_SECONDS
        return complete or self._looks >= _MAX_LOOKS

    def failed(self, url: str, problem: str) -> None:
        """Try again later; leave word, unless it is the same as before."""
        self.due = time.monotonic() + _pause(self.failures)
        self.failures += 1
        if problem != self._told and self.run_dir.path.exists():
            self._told = problem
            note(self.run_dir.recorder_log, f"not synced to {url}: {problem}")


class _Lane:
    """What goes from one store to one place, and the process that sees to some of it.

    Attributes:
        variables: How to reach the place, as the owner of the runs last had it.
        shipments: By the run's directory.
        chosen: Those that the process sees to; none: it sees to what was left behind.
        pending_due: When that is looked for.
    """

    def __init__(self, store: Path, url: str) -> None:
        self.url = url
        self.variables: dict[str, str] = {}
        self.shipments: dict[Path, _Shipment] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.chosen: list[_Shipment] = []
        self.pending_due = 0.0
        self._store = store
        self._pending_failures = 0

    def start(self, chosen: list[_Shipment]) -> None:
        """Have a process send these runs, or without any those that were left behind."""
        for one in chosen:
            one.sent()
        self.chosen = chosen
        names = [one.run_dir.id for one in chosen]
        interval = min((one.interval for one in chosen), default=_INTERVAL_SECONDS)
        options = ["--to", self.url, "--interval", f"{interval:g}"]
        try:
            self.process = spawn.start(
                spawn.command("ship", *options, "--", str(self._store), *names),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env=environment_with(self.variables),
            )
        except OSError as error:
            self._ended(None, f"nothing could be started: {error}")

    def poll(self) -> None:
        """See whether the process has ended, and what it says."""
        process = self.process
        if process is None or process.poll() is None:
            return
        self.process = None
        said: list[tuple[str, bool, str]] | None = None
        assert process.stdout is not None
        with process.stdout, contextlib.suppress(msgspec.DecodeError):
            said = from_json(process.stdout.read(), list[tuple[str, bool, str]])
        how = "by signal" if process.returncode < 0 else "with status"
        self._ended(said, f"the sync ended {how} {abs(process.returncode)}")

    def _ended(self, said: list[tuple[str, bool, str]] | None, why: str) -> None:
        found = {run: (complete, problem) for run, complete, problem in said or ()}
        if not self.chosen:
            failed = said is None or any(problem for _, problem in found.values())
            pause = _pause(self._pending_failures) if failed else float("inf")
            self._pending_failures += 1
            self.pending_due = time.monotonic() + pause
        for one in self.chosen:
            complete, problem = found.get(one.run_dir.id, (False, why))
            if problem:
                one.failed(self.url, problem)
            elif one.arrived(complete=complete) and self.shipments.get(one.run_dir.path) is one:
                del self.shipments[one.run_dir.path]
        self.chosen = []


def _pause(failures: int) -> float:
    """Seconds until the next try: longer and longer, and not the same for everybody."""
    longest = min(_LONGEST_RETRY, _RETRY_SECONDS * 2.0 ** min(failures, 16))
    return longest * random.uniform(0.5, 1.0)
