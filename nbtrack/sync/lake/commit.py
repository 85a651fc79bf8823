"""Brings runs that have ended into the tables of a lake, each row exactly once.

A commit to four tables is no transaction. So the first thing is a claim: the table ``commits`` gets
the numbers of the batch's runs, under the number of the batch. Only one can claim a number, and
nobody claims the next one before ``runs``, the last of the tables, has the batch: whoever comes and
finds a batch that was not brought to its end does so first. Each table says by itself which batch
it had last, so that nothing is done twice by that.

A run whose rows lay in a batch before replaces them, whatever became of that batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from ..._errors import NbtrackError, SyncError
from ...store.faults import fault
from ...store.layout import Store
from ...store.together import side_by_side
from .access import Location
from .batch import Batch, Taken, hexadecimal, take
from .schema import COMMITS, PARTITION, TABLES
from .scratch import remove_left, scratch
from .source import Source
from .tables import LakeTable, opened

RUNS_AT_ONCE = 1000
# Bytes of Parquet that the rows of a batch have, unless one run alone has more.
_BYTES_AT_ONCE = 64 << 20
_THREADS = 16
_UNREADABLE = (NbtrackError, OSError, duckdb.Error)

Told = Callable[[int, int], object]


class Report:
    """What became of a commit.

    Attributes:
        committed: Runs that came with it, or whose rows were replaced.
        described: Runs of which nothing but their description was replaced.
        finished: Runs of a commit that somebody else had begun and not brought to its end.
        batches: In how many commits.
        going_on: Runs that have not ended.
        problems: Why some runs are left out, by run.
    """

    def __init__(self) -> None:
        self.committed = 0
        self.described = 0
        self.finished = 0
        self.batches = 0
        self.going_on: list[str] = []
        self.problems: dict[str, str] = {}


class _Known(NamedTuple):
    """What the tables have of a run: whether any batch had it, and what ``runs`` says."""

    planned: bool = False
    revision: str | None = None


def commit(
    source: Source,
    location: Location,
    *,
    at_once: int = RUNS_AT_ONCE,
    told: Told = lambda done, total: None,
) -> Report:
    """Bring all runs that have ended and are not in the tables as they are.

    Args:
        at_once: So many runs in one commit at most.
        told: Called with the number of runs looked at so far, and of all that are to be.

    Raises:
        SyncError: A place does not answer, or there is something else where a table should be.
        OSError: The disk for temporary files is full.
    """
    remove_left()
    return _Committer(source, location, at_once, told).commit()


class _Committer:
    def __init__(self, source: Source, location: Location, at_once: int, told: Told) -> None:
        self._source = source
        self._tables = opened(location)
        self._at_once = at_once
        self._told = told
        self._report = Report()
        # With which listing a run was looked at and left out, so that it is not looked at again.
        self._left: dict[str, int] = {}

    def commit(self) -> Report:
        self._finish()
        while not self._commit_changed():
            # Somebody else was first, so what was known is not true any more.
            self._finish()
        return self._report

    def _commit_changed(self) -> bool:
        """False if somebody else committed meanwhile."""
        listings = self._source.listings()
        known = self._known(listings)
        names = sorted(known)
        for start in range(0, len(names), self._at_once):
            some = names[start : start + self._at_once]
            self._told(start, len(names))
            with scratch() as folder:
                store = Store(folder / "store")
                runs = self._read(store, {run: listings[run] for run in some})
                for kind, part in _parts(runs, known):
                    if not self._commit_batch(kind, part, store, folder):
                        return False
        self._told(len(names), len(names))
        return True

    def _known(self, listings: dict[str, int]) -> dict[str, _Known]:
        """What the tables have of runs that they do not have as they are, at the last look."""
        changed = {
            run: _Known() for run, listing in listings.items() if self._left.get(run) != listing
        }
        rows = self._tables["runs"].rows(("run_id", "revision", "listing"))
        for run, revision, listing in rows:
            if run in changed:
                if listing == hexadecimal(listings[run]):
                    del changed[run]
                else:
                    changed[run] = _Known(True, revision)
        for (run,) in self._tables[COMMITS].rows(("run_id",)):
            if run in changed and not changed[run].planned:
                changed[run] = _Known(True)
        return changed

    def _read(self, store: Store, listings: dict[str, int]) -> list[Taken]:
        """Those of these runs that have ended."""

        def read(run: str) -> Taken | None:
            try:
                held = self._source.bring(run, store)
                found = take(store.run(run), hexadecimal(listings[run]), held)
            except FileNotFoundError:
                found = None  # it is being removed, or has just begun to arrive
            except (NbtrackError, OSError) as error:
                self._report.problems[run] = str(error)
                self._left[run] = listings[run]
                return None
            if found is None:
                self._report.going_on.append(run)
                self._left[run] = listings[run]
            return found

        found = side_by_side(read, list(listings), threads=_THREADS)
        return [run for run in found if run is not None]

    def _commit_batch(self, kind: str, runs: Sequence[Taken], store: Store, folder: Path) -> bool:
        """False if somebody else was first."""
        plan = self._tables[COMMITS]
        number = plan.batch + 1
        with self._prepared(number, kind, runs, store, folder) as batch:
            if not batch.runs:
                return True
            if not (plan.claim(number, batch.rows(COMMITS)) or self._is_claimed(batch)):
                return False
            fault("lake.after_claim")
            self._put(batch)
        if kind == "described":
            self._report.described += len(batch.runs)
        else:
            self._report.committed += len(batch.runs)
        self._report.batches += 1
        return True

    @contextlib.contextmanager
    def _prepared(
        self, number: int, kind: str, runs: Sequence[Taken], store: Store, folder: Path
    ) -> Iterator[Batch]:
        """A batch whose rows are here, without the runs whose rows cannot be read."""
        with contextlib.closing(Batch(number, kind, runs, store, folder)) as batch:
            if kind != "described":
                batch.runs = self._brought(batch.runs)
                try:
                    batch.prepare()
                except _UNREADABLE:
                    batch.runs = [
                        run for run in batch.runs if self._is_readable(run, store, folder)
                    ]
                    batch.prepare()
            yield batch

    def _brought(self, runs: Sequence[Taken]) -> list[Taken]:
        def bring(run: Taken) -> Taken | None:
            try:
                run.held.bring()
            except (NbtrackError, OSError) as error:
                self._leave(run, error)
                return None
            return run

        found = side_by_side(bring, runs, threads=_THREADS)
        return [run for run in found if run is not None]

    def _is_readable(self, run: Taken, store: Store, folder: Path) -> bool:
        with contextlib.closing(Batch(0, "new", [run], store, folder)) as alone:
            try:
                alone.prepare()
            except _UNREADABLE as error:
                self._leave(run, error)
                return False
        return True

    def _leave(self, run: Taken, error: Exception) -> None:
        self._report.problems[run.id] = str(error)
        self._left[run.id] = int(run.listing, 16)

    def _is_claimed(self, batch: Batch) -> bool:
        """Whether the claim went and the answer was lost, or somebody else has claimed the same."""
        plan = self._tables[COMMITS]
        if plan.look() != batch.number:
            return False
        columns = ("run_id", "kind", "revision", "listing")
        ours = {(run.id, batch.kind, run.revision, run.listing) for run in batch.runs}
        return set(plan.rows(columns, f"WHERE batch = {batch.number}")) == ours

    def _put(self, batch: Batch) -> None:
        for name in ("runs",) if batch.kind == "described" else TABLES:
            self._tables[name].put(batch.number, batch.rows(name), batch.replaces)
            fault(f"lake.after_{name}")

    def _finish(self) -> None:
        """Bring the last batch that somebody claimed to its end, if it is not there."""
        plan, last = self._tables[COMMITS], self._tables["runs"]
        while True:
            number = plan.look()
            reached = last.look()
            if reached == number:
                return
            if reached < number:
                self._finish_batch(number, plan)
            # Else others have gone on between the two looks.

    def _finish_batch(self, number: int, plan: LakeTable) -> None:
        columns = ("run_id", "kind", "revision", "listing", PARTITION)
        planned = {row[0]: row for row in plan.rows(columns, f"WHERE batch = {number}")}
        kind = next(iter(planned.values()))[1]
        with scratch() as folder:
            store = Store(folder / "store")
            runs: list[Taken] = []
            for run, (_, _, revision, listing, _) in planned.items():
                found = self._again(run, listing, store)
                if found is None or (kind == "described" and found.revision != revision):
                    continue
                # Tables that have the batch already have it as it was planned. If the run has
                # other rows by now, this lets the next look find it changed.
                found.run["revision"] = revision
                runs.append(found)
            with self._prepared(number, kind, runs, store, folder) as batch:
                self._put(batch)
        self._report.finished += len(batch.runs)
        self._report.batches += 1

    def _again(self, run: str, listing: str, store: Store) -> Taken | None:
        """A run of a batch that was claimed; None if it can be read no more, or goes on again."""
        try:
            held = self._source.bring(run, store)
            return take(store.run(run), listing, held)
        except SyncError:
            raise
        except (NbtrackError, OSError):
            return None


def _parts(runs: Sequence[Taken], known: dict[str, _Known]) -> Iterator[tuple[str, list[Taken]]]:
    """Runs that go together: of one kind, and not too many bytes."""
    kinds: dict[str, list[Taken]] = {"new": [], "replaced": [], "described": []}
    for run in runs:
        before = known[run.id]
        same = before.revision == run.revision
        kinds["described" if same else "replaced" if before.planned else "new"].append(run)
    for kind, members in kinds.items():
        part: list[Taken] = []
        size = 0
        for run in members:
            if part and kind != "described" and size + run.held.bytes > _BYTES_AT_ONCE:
                yield kind, part
                part, size = [], 0
            part.append(run)
            size += run.held.bytes
        if part:
            yield kind, part
