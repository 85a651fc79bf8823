"""Sends runs to a place: what is missing there, so that every reader sees whole sets only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import groupby
from typing import NamedTuple

from .._errors import NbtrackError, SyncError
from ..store.layout import RunDir, Store
from ..store.shipment import Item, Shipment, shipment, stamps
from ..store.together import side_by_side
from .ledger import Ledger
from .place import Place, Vanished

# A run that is being merged is looked at again.
_LOOKS = 20

Sent = Callable[[Item], object]


class Outcome(NamedTuple):
    """What became of one run.

    Attributes:
        sent, bytes: How many files went, and their bytes.
        there: How many were there already.
        held_back: Files that follow when the recorder has sealed or encoded them: the newest rows
            and media.
        problem: Why some of it is missing there; empty if nothing is.
        values: How many values of metrics went, where they do not go as files.
        notes: What is different there.
    """

    run: str
    sent: int = 0
    bytes: int = 0
    there: int = 0
    held_back: int = 0
    problem: str = ""
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

    def push(self, runs: Sequence[str], threads: int = 16) -> list[Outcome]:
        """Send what is missing of these runs; one that cannot be sent holds up no others.

        Raises:
            SyncError: The place cannot be reached at all.
        """
        waiting = [run for run in runs if not self._is_complete(run)]
        known = {run: Outcome(run) for run in runs}
        if waiting:
            self._place.check()
            for outcome in side_by_side(self._push, waiting, threads=threads):
                known[outcome.run] = outcome
        if not self._dry_run:
            self._ledger.save()
        return list(known.values())

    def _is_complete(self, run: str) -> bool:
        try:
            return self._ledger.is_complete(run, stamps(self._store.run(run)))
        except OSError:
            return False

    def _push(self, run: str) -> Outcome:
        run_dir = self._store.run(run)
        try:
            there = self._place.sizes(f"runs/{run}")
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
        found = shipment(run_dir)
        items = [item for item in found.items if not self._is_excluded(item)]
        missing = [item for item in items if self._is_missing(run_dir, item, there)]
        problems: list[str] = []
        gone: list[Item] = []
        for _, wave in groupby(missing, key=lambda item: item.wave):
            for item, problem in self._send(run_dir, list(wave), there):
                if problem:
                    problems.append(problem)
                else:
                    gone.append(item)
            if problems:
                break
        self._note(run_dir, found, items, gone, begun if not problems else None)
        return Outcome(
            run_dir.id,
            len(gone),
            sum(item.size for item in gone),
            len(items) - len(missing),
            found.held_back,
            problems[0] if problems else "",
        )

    def _send(
        self, run_dir: RunDir, items: Sequence[Item], there: dict[str, int]
    ) -> Iterable[tuple[Item, str]]:
        def send(item: Item) -> tuple[Item, str]:
            key = f"runs/{run_dir.id}/{item.key}"
            if self._dry_run:
                return item, ""
            try:
                if item.fixed:
                    self._place.put(key, item.content)
                else:
                    self._place.replace(key, item.content)
            except SyncError as error:
                return item, str(error)
            there[key] = item.size
            self._sent(item)
            return item, ""

        return side_by_side(send, items)

    def _is_missing(self, run_dir: RunDir, item: Item, there: dict[str, int]) -> bool:
        size = there.get(f"runs/{run_dir.id}/{item.key}")
        if not item.fixed:
            return size is None or not self._ledger.was_sent(run_dir.id, item.key, item.modified)
        if size is not None and size != item.size:
            raise self._another(f"runs/{run_dir.id}/{item.key}")
        return size is None

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
        whole = begun if not (found.held_back or self._exclude) else None
        self._ledger.keep(run_dir.id, whole, replaced)
