"""Sends runs to a place: what is missing there, so that every reader sees whole sets only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import groupby
from typing import NamedTuple

from .._errors import NbtrackError, StoreError, SyncError
from ..store.layout import RunDir, Store
from ..store.run_keys import complete_set, newest_segment
from ..store.shipment import Item, Shipment, shipment, stamps
from ..store.together import Crew
from .ledger import Ledger
from .listing import sizes_of_runs
from .place import Place, Vanished

# A run that is being merged is looked at again.
_LOOKS = 20
# Of so many runs at a time it is known what is there.
_BATCH = 1_000

Sent = Callable[[Item], object]


class Outcome(NamedTuple):
    """What became of one run.

    Attributes:
        sent, bytes: How many files went, and their bytes.
        there: How many were there already.
        held_back: Files that follow when the recorder has sealed or encoded them: the newest rows
            and media.
        problem: Why some of it is missing there; empty if nothing is.
        damaged: What does not go since it is not what was written, in words with its path.
        values: How many values of metrics went, where they do not go as files.
        notes: What is different there.
    """

    run: str
    sent: int = 0
    bytes: int = 0
    there: int = 0
    held_back: int = 0
    problem: str = ""
    damaged: tuple[str, ...] = ()
    values: int = 0
    notes: tuple[str, ...] = ()


class Pusher:
    """Sends runs of one store to one place.

    Args:
        exclude: Patterns of names that do not go, such as ``media/*``.
        dry_run: Only say what would go.
        sent: Told of each file that went, from any thread.
    """

    def __init__(
        self,
        store: Store,
        place: Place,
        *,
        exclude: Collection[str] = (),
        dry_run: bool = False,
        sent: Sent = lambda item: None,
    ) -> None:
        self._store = store
        self._place = place
        self._exclude = tuple(exclude)
        self._dry_run = dry_run
        self._sent = sent
        self._ledger = Ledger(store, place.url)
        self._crew = Crew(1)

    def push(self, runs: Sequence[str], threads: int = 16) -> list[Outcome]:
        """Send what is missing of these runs; one that cannot be sent holds up no others.

        Raises:
            SyncError: The place cannot be reached at all.
        """
        waiting = [run for run in runs if not self._is_complete(run)]
        known = {run: Outcome(run) for run in runs}
        try:
            if waiting:
                self._place.check()
                # Runs side by side, and the files of each by whoever has no run to send.
                self._crew = Crew(threads)
                for batch in _batches(waiting):
                    there = sizes_of_runs(self._place, batch, self._crew)
                    for outcome in self._crew.do(partial(self._push, there), batch):
                        known[outcome.run] = outcome
            self._tell(known.values())
        except SyncError as error:
            self._tell(Outcome(run, problem=str(error)) for run in waiting)
            raise
        return list(known.values())

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        """Leave word of how it went, for whoever asks later."""
        if self._dry_run:
            return
        for outcome in outcomes:
            if outcome.problem:
                self._ledger.failed(outcome.run, outcome.problem)
            else:
                self._ledger.ended_well(outcome.run)
        self._ledger.save()

    def _is_complete(self, run: str) -> bool:
        try:
            return self._ledger.is_complete(run, stamps(self._store.run(run)))
        except OSError:
            return False

    def _push(self, listed: Mapping[str, dict[str, int]], run: str) -> Outcome:
        run_dir = self._store.run(run)
        try:
            there = listed[run] if run in listed else self._place.sizes(f"runs/{run}")
            self._check_same(run_dir, there)
            for _ in range(_LOOKS):
                try:
                    return self._push_once(run_dir, there)
                except (FileNotFoundError, Vanished):
                    if not run_dir.info.exists():
                        return Outcome(run, problem="it is not there any more")
            return Outcome(run, problem="its files kept changing")
        except (NbtrackError, OSError) as error:
            return Outcome(run, problem=str(error))

    def _push_once(self, run_dir: RunDir, there: dict[str, int]) -> Outcome:
        begun = stamps(run_dir)
        start = len(f"runs/{run_dir.id}/")
        found = shipment(run_dir, {key[start:] for key in there})
        items = [item for item in found.items if not self._is_excluded(item)]
        missing = [item for item in items if self._is_missing(run_dir, item, there)]
        problems: list[str] = []
        gone: list[Item] = []
        for _, wave in groupby(missing, key=lambda item: item.wave):
            refused = False
            for item, error in self._send(run_dir, list(wave), there):
                if error is None:
                    gone.append(item)
                else:
                    problems.append(str(error))
                    # What cannot be read here is missing there; the rest is right without it.
                    refused = refused or isinstance(error, SyncError) or item.wave > 0
            if refused:
                break
        if not (problems or self._dry_run):
            self._remove_sealed(run_dir, found, there)
        self._note(run_dir, found, items, gone, begun if not problems else None)
        return Outcome(
            run_dir.id,
            len(gone),
            sum(item.size for item in gone),
            len(items) - len(missing),
            found.held_back,
            problems[0] if problems else "",
            tuple(found.damaged),
        )

    def _send(
        self, run_dir: RunDir, items: Sequence[Item], there: dict[str, int]
    ) -> Iterable[tuple[Item, NbtrackError | None]]:
        def send(item: Item) -> tuple[Item, NbtrackError | None]:
            key = f"runs/{run_dir.id}/{item.key}"
            if self._dry_run:
                return item, None
            try:
                if item.fixed:
                    self._place.put(key, item.content)
                else:
                    self._place.replace(key, item.content)
            except (SyncError, StoreError) as error:
                return item, error
            there[key] = item.size
            self._sent(item)
            return item, None

        return self._crew.do(send, items)

    def _is_missing(self, run_dir: RunDir, item: Item, there: dict[str, int]) -> bool:
        size = there.get(f"runs/{run_dir.id}/{item.key}")
        if newest_segment(item.key) is not None:
            # Of two copies of what only grows the longer one is the newer, whoever sent it.
            return size is None or size < item.size
        if not item.fixed:
            return size is None or not self._ledger.was_sent(run_dir.id, item.key, item.modified)
        if size is not None and size != item.size:
            raise self._another(f"runs/{run_dir.id}/{item.key}")
        return size is None

    def _remove_sealed(self, run_dir: RunDir, found: Shipment, there: dict[str, int]) -> None:
        """Remove what was sent of segments before they were sealed, now that their sets are there.

        No reader looks at it any more; if it cannot be removed, that is all that it costs.
        """
        root = f"runs/{run_dir.id}/"
        names = [key.removeprefix(root) for key in there]
        sealed = {*map(str, filter(None, map(complete_set, names))), *found.merged}
        for name in names:
            if str(newest_segment(name)) in sealed:
                with contextlib.suppress(SyncError):
                    self._place.remove(f"{root}{name}")
                    del there[f"{root}{name}"]

    def _check_same(self, run_dir: RunDir, there: dict[str, int]) -> None:
        """What is there under this run's id must be this run."""
        key = f"runs/{run_dir.id}/{run_dir.info.name}"
        if key in there and self._place.get(key) != run_dir.info.read_bytes():
            raise self._another(key)

    def _another(self, key: str) -> SyncError:
        return SyncError(
            "another file of this name is there",
            path=f"{self._place.url}/{key}",
            operation="sync",
            hint="Another run of this id was synced to it. Use another folder.",
        )

    def _is_excluded(self, item: Item) -> bool:
        return any(fnmatchcase(item.key, pattern) for pattern in self._exclude)

    def _note(
        self,
        run_dir: RunDir,
        found: Shipment,
        items: Sequence[Item],
        gone: Collection[Item],
        begun: tuple[int, ...] | None,
    ) -> None:
        if self._dry_run:
            return
        sent = {item.key for item in gone}
        replaced = {
            item.key: item.modified
            for item in items
            if not item.fixed
            and (item.key in sent or self._ledger.was_sent(run_dir.id, item.key, item.modified))
        }
        whole = begun if not (found.held_back or found.damaged or self._exclude) else None
        self._ledger.keep(run_dir.id, whole, replaced)


def _batches(runs: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(runs), _BATCH):
        yield runs[first : first + _BATCH]
