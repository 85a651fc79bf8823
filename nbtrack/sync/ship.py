"""Ships runs for a recorder: once, without patience, leaving the next try to whoever asked.

While it works, readers at the place are told that the owners of its runs live.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from .._errors import NbtrackError
from .._process import liveness
from ..remote.mlflow_address import is_mlflow, parse
from ..store import reader
from ..store.alive import Alive
from ..store.destinations import destinations
from ..store.fold import Fold
from ..store.journal import now
from ..store.layout import Store
from ..store.run_keys import HEARTBEAT
from ..store.shipment import stamps
from ..store.tail import is_written_by
from .artifacts import ArtifactPusher
from .ledger import Ledger
from .place import Place
from .push import Pusher

# The recorder tries again later, after longer and longer pauses, and with what is new by then.
_PATIENCE = 15.0
_CONCURRENCY = 4
# A problem is kept and shown as a line.
_LONGEST = 500


class Shipped(NamedTuple):
    """What became of one run.

    Attributes:
        complete: All of it is there, and will stay all of it unless it is gone on with.
        problem: Why some of it is missing there; empty if nothing is that could be.
    """

    run: str
    complete: bool
    problem: str


def ship(store: Store, url: str, runs: Sequence[str], *, interval: float = 60.0) -> list[Shipped]:
    """Send what is missing of these runs and of their artifacts.

    Args:
        interval: When the next look is due, for readers that wait for a sign of life.
    """
    if is_mlflow(url):
        return _shipped(Ledger(store, url), store, _export(store, url, runs))
    problems: dict[str, str] = {}
    try:
        place = Place(url, _CONCURRENCY, patience=_PATIENCE)
        with _Heart(store, place, runs, interval) as heart:
            problems = {one.run: one.problem for one in Pusher(store, place).push(runs)}
            sent = [run for run in runs if not problems[run]]
            heart.beat(sent)
            problems.update(_ship_artifacts(store, place, sent))
    except NbtrackError as error:
        problems = dict.fromkeys(runs, str(error))
    return _shipped(Ledger(store, url), store, problems)


def _export(store: Store, url: str, runs: Sequence[str]) -> dict[str, str]:
    """Bring runs to an MLflow server; why some are not there."""
    from .mlflow.exporter import Exporter

    try:
        outcomes = Exporter(store, parse(url)).push(runs)
    except NbtrackError as error:
        return dict.fromkeys(runs, str(error))
    ledger = Ledger(store, url)
    for outcome in outcomes:
        if not outcome.problem:
            ledger.ended_well(outcome.run)
    ledger.save()
    return {outcome.run: outcome.problem for outcome in outcomes}


def _shipped(ledger: Ledger, store: Store, problems: dict[str, str]) -> list[Shipped]:
    """What became of runs, which is kept for those who ask."""
    found = []
    for run, problem in problems.items():
        problem = problem[:_LONGEST]
        complete = False
        if problem:
            ledger.failed(run, problem)
        else:
            with contextlib.suppress(OSError):
                complete = ledger.is_complete(run, stamps(store.run(run)))
        found.append(Shipped(run, complete, problem))
    ledger.save()
    return found


def pending(store: Store, url: str) -> list[str]:
    """The runs that were to be copied there, are not, and of which no process takes care."""
    ledger = Ledger(store, url)
    found = []
    for run_dir in store.run_dirs():
        # One that cannot be read holds up no others.
        with contextlib.suppress(NbtrackError, OSError):
            if url not in destinations(run_dir):
                continue
            if ledger.is_complete(run_dir.id, stamps(run_dir)):
                continue
            if not (is_written_by(run_dir, "owner") or is_written_by(run_dir, "recorder")):
                found.append(run_dir.id)
    return found


def _ship_artifacts(store: Store, place: Place, runs: Sequence[str]) -> dict[str, str]:
    """Send what runs made and used, where that is more than last time; why it is not there."""
    ledger = Ledger(store, place.url)
    problems = {}
    for run in runs:
        try:
            fold = reader.snapshot(store.run(run)).fold
            uses = len(fold.artifacts)
            if not uses or (_is_alive(fold) and uses == ledger.entry(run).uses):
                continue
            outcomes = ArtifactPusher(store, place).push({run})
        except (NbtrackError, OSError) as error:
            problems[run] = str(error)
            continue
        failed = [one for one in outcomes if one.problem]
        if failed:
            problems[run] = f"{failed[0].label}: {failed[0].problem}"
        else:
            ledger.keep_uses(run, uses)
    ledger.save()
    return problems


def _is_alive(fold: Fold) -> bool:
    owner = fold.owner
    if owner is None or owner.writer in fold.closings:
        return False
    return liveness(owner.process) == "alive"


class _Heart:
    """Writes a heartbeat of each run whose owner lives, also while something large is sent."""

    def __init__(self, store: Store, place: Place, runs: Sequence[str], interval: float) -> None:
        self._store = store
        self._place = place
        self._interval = interval
        self._over = threading.Event()
        ledger = Ledger(store, place.url)
        # What is there under the name of a run that was never sent may be another run.
        self._known = [run for run in runs if ledger.entry(run).synced is not None]
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> _Heart:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def beat(self, runs: Sequence[str]) -> None:
        """Write one of each, and go on with them."""
        self._known = list(runs)
        for run in runs:
            # Readers miss a beat; what is wrong with the place, who sends the run says.
            with contextlib.suppress(NbtrackError, OSError):
                fold = reader.snapshot(self._store.run(run)).fold
                if _is_alive(fold):
                    beat = time.monotonic_ns() // 1000
                    alive = Alive(beat, fold.rows, now(), self._interval)
                    self._place.replace(f"runs/{run}/{HEARTBEAT}", msgspec.json.encode(alive))

    def _work(self) -> None:
        while not self._over.is_set():
            self.beat(self._known)
            self._over.wait(self._interval)
