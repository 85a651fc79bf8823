"""All runs of a store as rows, kept up to date by looking at as few files as possible.

A row is kept under a signature: when the run's directory and its folders changed. What changes a
run changes one of them: ``run.json``, ``merged.json``, ``status.json`` and ``live.bin`` are renamed
into the directory, edits, segments and sealed sets into their folders. Three things do not:

- Rows in a segment that is there already. Runs that somebody may still write to, or whose owner may
  yet be found dead, are looked at again after a while, whatever their signature.
- A second change within the clock tick of the first. A run that has just changed counts as one that
  still changes.
- Many runs: to look at all four stamps of each of thousands takes too long. Each refresh looks at
  every directory, and at the folders of the next thousand. So an edit also touches the
  directory, and is seen at once; what somebody copies into a folder is seen a few refreshes later.

The rows are also kept in a file in the user's cache directory, so that a process that starts needs
to read only what has changed since. It is a plain file, replaced in one step: a home may lie on a
network. Whoever comes last has written it; it may be old, damaged or gone.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import msgspec

from .._decoding import from_msgpack
from .._errors import DamagedFileError, NewerFormatError
from .._version import __version__
from .filter import RunTable
from .layout import Store, atomic_write
from .outline import Kind, Look, Place, RunOutline, leaves, look_at
from .registry import key_of
from .stamps import folder_stamps, run_stamps

_LOOK_AGAIN_SECONDS = 1.5
# Looking again and again takes this part of the time, if the pauses are not so much longer then.
_LOOKING_PART = 0.1
_LONGER = 20
_FOLDERS_AT_ONCE = 1_000
# How coarse the clocks of file systems are; and of those that only know seconds.
_TICK_NS = 100_000_000
_COARSE_TICK_NS = 2_000_000_000
_SAVE_SECONDS = 60.0

Signature = tuple[int, ...]


class Entry(msgspec.Struct, array_like=True):
    """What is known of one run.

    Attributes:
        outline: None if it cannot be read.
        changes: It has to be looked at again though its signature stays.
    """

    signature: Signature
    outline: RunOutline | None
    changes: bool = False
    problem: str = ""


class Saved(msgspec.Struct, array_like=True):
    """The file. ``columns`` are those of its entries; see :class:`Listing`."""

    version: str
    store: str
    entries: dict[str, Entry]
    columns: list[tuple[Place, Kind, int]]


class Listing:
    """The runs of a store at one moment.

    Attributes:
        revision: Another one whenever anything is different.
        entries: All runs that can be read; the newest first.
        rows: Those in which something was logged, tracked or saved, in the same order.
        unreadable: The others that cannot be read, with the reason.
        columns: How many runs have each value of config and summary, and of what kind.
    """

    def __init__(
        self,
        revision: str,
        entries: Iterable[tuple[str, Entry]],
        columns: dict[tuple[Place, Kind], int],
    ) -> None:
        self.revision = revision
        self.entries: list[tuple[RunOutline, Entry]] = []
        self.unreadable: dict[str, str] = {}
        self.columns = columns
        for run, entry in entries:
            if entry.outline is None:
                self.unreadable[run] = entry.problem
            else:
                self.entries.append((entry.outline, entry))
        self.entries.sort(key=lambda item: (item[0].started, item[0].id), reverse=True)
        self.rows = [outline for outline, _ in self.entries if not outline.is_empty]

    @cached_property
    def table(self) -> RunTable:
        """The rows as columns, for queries."""
        return table_of(self.rows)

    @cached_property
    def texts(self) -> list[str]:
        """What of each row a person searches, in lower case."""
        return [
            "\n".join(
                (row.name, row.id, *row.tags, row.notes or "", row.notebook or "", row.project)
            ).lower()
            for row in self.rows
        ]


def table_of(rows: list[RunOutline]) -> RunTable:
    """Rows as columns, with the names that they have in queries."""
    names = {"started_at": "started", "ended_at": "ended", "duration_seconds": "seconds"}
    return RunTable(
        len(rows), lambda column: [getattr(row, names.get(column, column)) for row in rows]
    )


class RunIndex:
    """The index of one store. Any thread may use it.

    Args:
        look_again: Seconds after which runs are looked at again that may have changed unseen.
        thorough: Look at the folders of all runs each time.
        file: Where it is kept; by default in the user's cache directory.
    """

    def __init__(
        self,
        store: Store,
        *,
        look_again: float = _LOOK_AGAIN_SECONDS,
        thorough: bool = False,
        file: Path | None = None,
    ) -> None:
        self._store = store
        self._look_again = look_again
        self._thorough = thorough
        self._file = file
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._columns: Counter[tuple[Place, Kind]] = Counter()
        self._listing: Listing | None = None
        # Of this process: a server that starts again does not take up old numbers.
        self._prefix = os.urandom(4).hex()
        self._numbers = itertools.count(1)
        self._refreshed = float("-inf")
        self._look_again_at = 0.0
        self._next_folder = 0
        self._suspects: set[str] = set()
        self._unsaved = False
        self._saved_at = float("-inf")

    def listing(self, *, max_age: float = 0.0) -> Listing:
        """The runs as they are now, or were at most ``max_age`` seconds ago.

        Threads that ask at once wait for one and the same look.

        Raises:
            OSError: The store cannot be looked at.
        """
        asked = time.monotonic()
        with self._lock:
            fresh = self._refreshed >= asked - max_age and not self._suspects
            if self._listing is None or not fresh:
                self._listing = self._refresh()
                self._refreshed = time.monotonic()
            return self._listing

    def suspect(self, runs: Iterable[str]) -> None:
        """Have these runs read again with the next look: somebody has just changed them."""
        with self._lock:
            self._suspects.update(runs)

    def _refresh(self) -> Listing:
        if self._listing is None:
            self._load()
        begin = time.monotonic()
        stamps = run_stamps(self._store)
        suspects, self._suspects = self._suspects, set()
        again = begin >= self._look_again_at
        with_folders = self._next_folders(stamps)
        changed = self._listing is None
        for run in self._entries.keys() - stamps.keys():
            self._put(run, None)
            changed = self._unsaved = True
        looking = 0.0
        for run, stamp in stamps.items():
            entry = self._entries.get(run)
            if entry is not None and run not in suspects:
                same = entry.signature[:2] == stamp
                if same and run in with_folders:
                    same = entry.signature[2:] == folder_stamps(self._store, run)
                if same and not (entry.changes and again):
                    continue
                if entry.changes and not again and not self._was_edited(run, entry):
                    continue
            start = time.monotonic()
            new = self._read(run, stamp)
            looking += time.monotonic() - start
            if new is None or entry is None or _differs(entry, new):
                changed = True
            self._unsaved = self._unsaved or new is None or not new.changes
            self._put(run, new)
        if again:
            pause = min(looking / _LOOKING_PART, self._look_again * _LONGER)
            self._look_again_at = time.monotonic() + max(self._look_again, pause)
        self._save()
        if not changed and self._listing is not None:
            return self._listing
        revision = f"{self._prefix}-{next(self._numbers)}"
        columns = {column: runs for column, runs in self._columns.items() if runs > 0}
        return Listing(revision, self._entries.items(), columns)

    def _next_folders(self, stamps: dict[str, tuple[int, int]]) -> set[str]:
        """The runs whose folders are looked at this time."""
        if self._thorough or len(stamps) <= _FOLDERS_AT_ONCE:
            return set(stamps)
        runs = sorted(stamps)
        start = self._next_folder % len(runs)
        self._next_folder = start + _FOLDERS_AT_ONCE
        return set((runs[start:] + runs[:start])[:_FOLDERS_AT_ONCE])

    def _was_edited(self, run: str, entry: Entry) -> bool:
        """Whether somebody has changed what is said about a run that goes on."""
        return folder_stamps(self._store, run)[:1] != entry.signature[2:3]

    def _read(self, run: str, stamp: tuple[int, int]) -> Entry | None:
        """Look at a run; None if it is gone."""
        # First the stamps: what changes while it is read changes them.
        signature = (*stamp, *folder_stamps(self._store, run))
        fresh = _is_fresh(max(signature[1:]))
        run_dir = self._store.run(run)
        try:
            look: Look = look_at(run_dir)
        except Exception as error:
            # Whatever it is: one run holds up no others.
            if not run_dir.path.exists():
                return None
            lasting = isinstance(error, DamagedFileError | NewerFormatError)
            problem = str(error) or type(error).__name__
            return Entry(signature, None, fresh or not lasting, problem)
        return Entry(signature, look.outline, fresh or look.changes)

    def _put(self, run: str, entry: Entry | None) -> None:
        before = self._entries.pop(run, None)
        if before is not None and before.outline is not None:
            self._columns.subtract(leaves(before.outline))
        if entry is not None:
            self._entries[run] = entry
            if entry.outline is not None:
                self._columns.update(leaves(entry.outline))

    def _load(self) -> None:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            saved = from_msgpack(self._path.read_bytes(), Saved)
            if (saved.version, saved.store) == (__version__, self._name):
                self._entries = saved.entries
                self._columns = Counter({(place, kind): n for place, kind, n in saved.columns})

    def _save(self) -> None:
        """Keep what will not change by itself, now and then. Where that fails, it is read again."""
        if not self._unsaved or time.monotonic() < self._saved_at + _SAVE_SECONDS:
            return
        self._unsaved, self._saved_at = False, time.monotonic()
        entries: dict[str, Entry] = {}
        counts = Counter(self._columns)
        for run, entry in self._entries.items():
            if entry.outline is not None and not entry.changes:
                entries[run] = entry
            elif entry.outline is not None:
                counts.subtract(leaves(entry.outline))
        columns = [(place, kind, n) for (place, kind), n in counts.items() if n > 0]
        with contextlib.suppress(OSError, msgspec.EncodeError, UnicodeEncodeError):
            data = msgspec.msgpack.encode(Saved(__version__, self._name, entries, columns))
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_write(self._path, data, durable=False)

    @property
    def _name(self) -> str:
        return str(self._store.path.resolve())

    @property
    def _path(self) -> Path:
        if self._file is not None:
            return self._file
        import platformdirs

        folder = platformdirs.user_cache_path("nbtrack") / "indexes"
        return folder / f"{key_of(self._store)}.msgpack"


def _differs(one: Entry, other: Entry) -> bool:
    """Whether a person would see something else. Not by ``!=``: NaN is not equal to itself."""
    encode = msgspec.msgpack.encode
    return one.problem != other.problem or encode(one.outline) != encode(other.outline)


def _is_fresh(changed: int) -> bool:
    """Whether another change may still leave the same stamp."""
    tick = _TICK_NS if changed % 1_000_000_000 else _COARSE_TICK_NS
    return changed > time.time_ns() - tick
