"""Which files make up a run, and what they hold. Chooses files, never rows.

A stretch of a writer's records lies in exactly one place in force: in the merged set if
``merged.json`` lists it, else in its journal segment, else in its sealed set. Rows are never
compared with each other: a table with one line a metric cannot tell twins from doubles.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

import duckdb

from .._decoding import convert
from .._errors import DamagedFileError, StoreError
from . import parts, query
from .digest import Digest
from .documents import keep_status, read_document, read_status
from .fetching import fetched
from .fold import Fold, fold
from .frames import newer_format
from .layout import LAST_TABLE, RunDir, SegmentName
from .schema import FORMAT_VERSION, Change, Event, Manifest, WriterInfo
from .seal import DIGEST_KEY, FORMAT_KEY, WRITERS_KEY
from .tables import TableBuilder, events_from_cells, events_from_changes
from .tail import Damage, SegmentTail

_RETRIES = 20
_AT_ONCE = 16
_READ = "read the run"

T = TypeVar("T")


class Selection(NamedTuple):
    """The files of a run that are in force at one moment."""

    merged: Manifest | None
    segments: list[SegmentName]
    sealed: list[SegmentName]

    @property
    def signature(self) -> list[str]:
        """Names the content: as long as no segment is open, equal signatures hold equal rows."""
        return sorted([*map(str, self.segments), *self.sealed_names])

    @property
    def sealed_names(self) -> list[str]:
        """The sealed and merged sets, by name."""
        names = [str(name) for name in self.sealed]
        return [self.merged.name, *names] if self.merged else names

    def files(self, run_dir: RunDir, table: str) -> tuple[Path, ...]:
        """The Parquet files of one table.

        Raises:
            FileNotFoundError: A sealed set was merged since the look.
        """
        found: list[Path] = []
        if self.merged is not None and table in self.merged.tables:
            found.append(fetched(run_dir.merged_table(self.merged.name, table)))
        for name in self.sealed:
            path = fetched(run_dir.sealed_table(name, table))
            if table == LAST_TABLE or path.exists():
                found.append(path)
            # A table may be missing because it has no rows. The last one goes first.
            elif not run_dir.sealed_table(name, LAST_TABLE).exists():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return tuple(found)


class Snapshot(NamedTuple):
    """A run at one moment: its files, its unsealed rows, and what all rows add up to."""

    run_dir: RunDir
    selection: Selection
    unsealed: TableBuilder
    fold: Fold
    damage: list[Damage]

    @property
    def is_merged(self) -> bool:
        """Whether all rows lie in one set, in the order in which a merge puts them."""
        selection = self.selection
        return selection.merged is not None and not (selection.sealed or selection.segments)

    def source(self, table: str) -> query.Source:
        """All rows of one table."""
        assert self.unsealed.has_metrics or table != "metrics", "read() has them"
        batches = tuple(self.unsealed.batches.get(table, ()))
        return query.Source(table, self.selection.files(self.run_dir, table), batches)


def select(run_dir: RunDir, *, merged_too: bool = True) -> Selection:
    """The files in force now; without ``merged_too`` as if nothing had been merged.

    The order of the looks matters: a segment is unlinked after its set is there, a sealed set after
    the manifest is, so what vanishes between two looks is found by the next. A look at a folder may
    show a file and miss an older one that came during it. So what counts is what was there when
    the first looks ended: all of it is found by the second ones.
    """
    newest = dict(sorted([*run_dir.segments(), *run_dir.sealed_sets()]))

    def known(names: list[SegmentName]) -> list[SegmentName]:
        return [name for name in names if name.number <= newest.get(name.writer, 0)]

    segments = known(run_dir.segments())
    sealed = known(run_dir.sealed_sets())
    is_merged = merged_too and run_dir.manifest.exists()
    merged = read_document(run_dir.manifest, Manifest) if is_merged else None
    replaced = set(merged.replaces) if merged else set()
    segments = [name for name in segments if str(name) not in replaced]
    in_journal = set(segments)
    return Selection(
        merged,
        segments,
        [name for name in sealed if str(name) not in replaced and name not in in_journal],
    )


def snapshot(run_dir: RunDir) -> Snapshot:
    """What a run adds up to, and everything else about it but rows of metrics, of which there may
    be many that are not sealed yet; raises as :func:`read`.
    """
    return _retrying(run_dir, lambda selection: _read(run_dir, selection, metrics=False))


def read(run_dir: RunDir, use: Callable[[Snapshot], T]) -> T:
    """What ``use`` makes of a run at one moment.

    Files may be sealed or merged and unlinked while they are read: then all is read again.

    Raises:
        NewerFormatError: A part of it was written by a newer nbtrack.
        DamagedFileError: A sealed file is not what was written.
        StoreError: The files kept changing, or one cannot be read.
    """
    return _retrying(run_dir, lambda selection: use(_read(run_dir, selection)))


def _retrying(run_dir: RunDir, do: Callable[[Selection], T]) -> T:
    problem: Exception | None = None
    for _ in range(_RETRIES):
        try:
            return do(select(run_dir))
        except (FileNotFoundError, duckdb.IOException) as error:
            problem = error
        except duckdb.Error as error:
            raise DamagedFileError(str(error), path=run_dir.path, operation=_READ) from error
    raise StoreError(
        f"its files cannot be read: {problem}", path=run_dir.path, operation=_READ
    ) from problem


def _read(run_dir: RunDir, selection: Selection, *, metrics: bool = True) -> Snapshot:
    unsealed = TableBuilder(metrics=metrics)
    damage: list[Damage] = []
    if not selection.segments:
        known = _from_status(run_dir, selection)
        if known is not None:
            return Snapshot(run_dir, selection, unsealed, known, damage)
    writers: list[WriterInfo] = []
    events: list[tuple[str, Event]] = []
    last_seen = 0
    for name in selection.segments:
        tail = SegmentTail(run_dir.segment(name), name)
        for records in tail.batches():
            unsealed.add(name.writer, records)
            last_seen = max(last_seen, records[-1].time if records else 0)
        damage += tail.damage
        if tail.info is not None:
            writers.append(tail.info)
    unsealed.finish()
    sealed_writers, digest = read_metadata(selection.files(run_dir, LAST_TABLE))
    writers += sealed_writers
    before = Snapshot(run_dir, selection, unsealed, Fold(), damage)
    events += events_from_cells(query.rows(before.source("cells")))
    events += events_from_changes(query.rows(before.source("changes")))
    if any(isinstance(event, Change) and event.kind == "metric" for _, event in events):
        digest = completed(digest, selection.files(run_dir, "metrics"))
    digest.add([unsealed.digest])
    result = fold(writers, events, digest)
    result.last_seen = max(result.last_time, last_seen)
    return before._replace(fold=result)


def read_metadata(files: Sequence[Path]) -> tuple[list[WriterInfo], Digest]:
    """Who wrote sealed sets, and what their rows add up to; from the last table of each.

    Raises:
        NewerFormatError: A newer nbtrack wrote one of them.
        DamagedFileError: One of them was not written by nbtrack.
    """
    writers: dict[str, WriterInfo] = {}
    digest = Digest()
    # A few at a time: the digest of a set with a thousand metrics has a quarter of a megabyte.
    some = (files[at : at + _AT_ONCE] for at in range(0, len(files), _AT_ONCE))
    for path, entries in chain.from_iterable(query.metadata(part).items() for part in some):
        if not entries.keys() >= {FORMAT_KEY, WRITERS_KEY, DIGEST_KEY}:
            raise DamagedFileError("not a table of nbtrack", path=path, operation=_READ)
        if int(entries[FORMAT_KEY]) > FORMAT_VERSION:
            raise newer_format(path, int(entries[FORMAT_KEY]))
        for writer in convert(json.loads(entries[WRITERS_KEY]), list[WriterInfo]):
            writers[writer.writer] = writer
        digest.add([Digest.from_json(entries[DIGEST_KEY])])
    return list(writers.values()), digest


def completed(digest: Digest, metrics: Sequence[Path]) -> Digest:
    """The digest of sealed sets whose rows of metrics are in these files, with all that it can
    hold, also of sets that were sealed before that was kept.
    """
    return digest if digest.complete else parts.with_parts(digest, metrics)


def digest_of(taken: Snapshot) -> Digest:
    """What all rows of metrics of a run add up to; raises as :func:`read_metadata`."""
    selection, run_dir = taken.selection, taken.run_dir
    _, digest = read_metadata(selection.files(run_dir, LAST_TABLE))
    digest = completed(digest, selection.files(run_dir, "metrics"))
    digest.add([taken.unsealed.digest])
    return digest


def write_status(run_dir: RunDir) -> None:
    """Keep what a run adds up to in ``status.json``, for whoever lists many runs.

    Not while there is a segment: it may grow, and when it is sealed its name stays the same.
    """
    taken = snapshot(run_dir)
    if taken.selection.segments:
        return
    keep_status(run_dir, taken.selection.signature, taken.fold)


def _from_status(run_dir: RunDir, selection: Selection) -> Fold | None:
    found = read_status(run_dir)
    return found[1] if found is not None and found[0] == selection.signature else None
