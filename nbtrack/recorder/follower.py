"""One run, as the recorder looks after it.

Every look reads what came to the journal, feeds the live frame, and seals the segments that may be
sealed: those that their writer closed, and those of certainly dead writers. A stopped process is
alive. The recorder's own samples and heartbeats go through a journal of its own, and so come back
to it like everybody else's records.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Literal

import msgspec

from .._errors import NbtrackError
from .._process import ProcessIdentity, liveness, this_process
from .._settings import Settings
from ..store.death import Death
from ..store.journal import Journal, now
from ..store.layout import RunDir, SegmentName, new_writer_id
from ..store.remains import add_remains, remove_remains
from ..store.schema import (
    AttemptEnd,
    AttemptStart,
    Beat,
    CellEnd,
    CellStart,
    Change,
    Media,
    MemoryAlert,
    Record,
    Row,
    Sample,
    WriterInfo,
)
from ..store.tail import SegmentTail
from .cgroup import MemoryUse
from .notes import note
from .outlook import Outlook
from .saving import SavedFiles

_RETRY_SECONDS = 1.0
_LONGEST_RETRY = 60.0


class Follower:
    """Looks after one run.

    Attributes:
        run_dir: The run.
        settings: As the run's owner has them.
        vanished: The directory is not there any more: the run was discarded.
        sealed: How many segments were sealed so far.
        behind: The last look ended before everything was read.
        media: There may be something to encode since the last look.
        news: How many records of the run's own were read.
        has_content: The run would be listed: something was logged, tracked or said.
    """

    def __init__(
        self, run_dir: RunDir, settings: Settings, owner: ProcessIdentity, *, seals: bool
    ) -> None:
        self.run_dir = run_dir
        self.settings = settings
        self.vanished = False
        self.sealed = 0
        self.behind = False
        self.media = True  # of a recorder before this one
        self.news = 0
        self.has_content = bool(run_dir.sealed_sets())
        self._owner = owner
        self._seals = seals
        self._inode = self._look_up()
        self._tails: dict[SegmentName, SegmentTail] = {}
        self._given_up: set[SegmentName] = set()
        self._closed: dict[str, bool] = {}
        self._missing: set[str] = set()
        self._owner_gone = False
        self._journal: Journal | None = None
        # What the owner executes.
        self._busy: set[int] = set()
        self._outlook = Outlook(run_dir)
        self._trouble = _Trouble(run_dir)
        self._saved = SavedFiles(run_dir, partial(note, run_dir.recorder_log))

    @property
    def closed(self) -> bool:
        """The owner has ended the run or is dead, and has not begun to write to it again."""
        return self._owner_gone or (bool(self._closed) and all(self._closed.values()))

    @property
    def open(self) -> bool:
        """The owner has begun to write, and has not ended."""
        return not self.vanished and bool(self._closed) and not self.closed

    @property
    def done(self) -> bool:
        """Nothing is left to do: the run is closed and what can be sealed is."""
        if self.vanished:
            return True
        if not self.closed or self.behind or self._journal is not None or self._saved.busy:
            return False
        return not any(
            self._is_waited_for(tail) or (self._seals and (tail.ended or self._is_dead(tail)))
            for tail in self._tails.values()
        )

    def is_same(self, run_dir: RunDir) -> bool:
        """Whether ``run_dir`` is this very directory, not another in its place."""
        return run_dir.path == self.run_dir.path and self._look_up() == self._inode

    def look(self, seconds: float = float("inf")) -> None:
        """Read what is new, seal what may be sealed, and show it.

        Args:
            seconds: After so many no further segment is read: see :attr:`behind`.
        """
        with self._trouble.noted("look at the run"):
            self.vanished = self._look_up() != self._inode
        if self.vanished:
            return
        self.behind = False
        with self._trouble.noted("follow"):
            self._read(time.monotonic() + seconds)
        with self._trouble.noted("save files"):
            if self.closed:
                self._saved.forget()
            self._saved.poll()
        self._seal(self._tails)
        self.publish()

    def beat(self) -> None:
        """Record that the owner is alive."""
        self._append(lambda seq: Beat(seq, now()))

    def add_sample(self, values: dict[str, float]) -> None:
        """Record a look at the machine."""
        self._append(lambda seq: Sample(seq, now(), values))

    def owner_died(self, death: Death) -> None:
        """Record how the owner ended, if it left the run open."""
        left_open = [] if self.vanished else [w for w, closed in self._closed.items() if not closed]
        for writer in left_open:
            found = add_remains(death, self.run_dir, writer)
            self._append(partial(_change, "owner_died", writer, found))
        if left_open and self._journal is not None:
            remove_remains(self.run_dir)
        if left_open:
            with self._trouble.noted("save files"):
                self._saved.end()
        self._owner_gone = True

    def memory_reached(self, use: MemoryUse) -> MemoryAlert | None:
        """Record that the memory limit is reached, and what follows; None: nobody is to know."""
        action = self.settings.on_memory_limit
        writer = next((w for w, closed in self._closed.items() if not closed), None)
        if action == "ignore" or writer is None:
            return None
        alert = MemoryAlert(
            used=use.used,
            limit=use.limit or 0,
            action="interrupt" if action == "interrupt" and self._busy else "warn",
        )
        self._append(partial(_change, "memory", writer, alert))
        return alert

    def end_own_journal(self) -> None:
        """Write nothing more of our own. Repeatable."""
        journal, self._journal = self._journal, None
        if journal is not None:
            with self._trouble.noted("end the recorder's journal"):
                journal.close()

    def publish(self, *, at_once: bool = False) -> None:
        """Show viewers what is new."""
        if not self.vanished:
            with self._trouble.noted("publish the live frame"):
                self._outlook.publish(at_once=at_once)

    def _read(self, until: float) -> None:
        names = self.run_dir.segments()
        self._forget(set(self._tails) - set(names))
        self._note_ends({name.writer for name in names})
        # By number, so that no writer has to wait until another one has nothing more to say.
        names.sort(key=lambda name: name.number)
        for name in names:
            if name in self._given_up:
                continue
            tail = self._tails.get(name)
            if tail is None:
                tail = self._tails[name] = SegmentTail(self.run_dir.segment(name), name)
            if tail.ended:
                continue
            if self._read_segment(tail):
                # At once: who logs faster than this waits for the room.
                self._seal({name: tail})
            if time.monotonic() >= until:
                self.behind = name != names[-1]
                return

    def _forget(self, names: set[SegmentName]) -> None:
        """Segments that somebody else sealed."""
        for name in names:
            del self._tails[name]

    def _note_ends(self, writers: set[str]) -> None:
        """An owner without a segment has ended: somebody else sealed its last words unread.

        Seen twice, since the list of a directory that changes may miss what is there all the time.
        """
        missing = {writer for writer, closed in self._closed.items() if not closed} - writers
        for writer in missing & self._missing:
            self._closed[writer] = True
        self._missing = missing

    def _read_segment(self, tail: SegmentTail) -> bool:
        """Read what is new; whether that was the end of it."""
        try:
            for records in tail.batches(thorough=False):
                self._take(tail, records)
        except FileNotFoundError:
            # Sealed by somebody else, or discarded with the whole run.
            self._tails.pop(tail.name, None)
            return False
        except NbtrackError as error:
            self._give_up(tail, str(error))
            return False
        if tail.info is not None and self._is_owners(tail.info):
            self._closed.setdefault(tail.name.writer, False)
        return tail.ended

    def _take(self, tail: SegmentTail, records: list[Record]) -> None:
        writer = tail.name.writer
        owners = tail.info is not None and self._is_owners(tail.info)
        for record in records:
            if isinstance(record, CellStart | AttemptStart | CellEnd | AttemptEnd) and owners:
                self._note_cell(record)
            elif isinstance(record, Change) and record.kind == "saved":
                self._saved.add(record)
            elif isinstance(record, Media) and record.file is not None:
                self.media = True
        if tail.info is not None and tail.info.role != "recorder":
            self.news += len(records)
            self.has_content = self.has_content or any(map(_counts, records))
        self._outlook.add(tail.info, writer, records)
        if owners:
            self._closed[writer] = _is_closed_by(records, self._closed.get(writer, False))

    def _note_cell(self, record: CellStart | AttemptStart | CellEnd | AttemptEnd) -> None:
        """Know what runs: cells, by their names, and as 0 a script, an attempt without a cell."""
        if isinstance(record, CellStart) and not record.earlier:
            self._busy.add(record.time)
        elif isinstance(record, CellEnd):
            self._busy.discard(record.cell)
        elif isinstance(record, AttemptStart) and not record.cell:
            self._busy.add(0)
        elif isinstance(record, AttemptEnd):
            self._busy.discard(0)

    def _seal(self, tails: Mapping[SegmentName, SegmentTail]) -> None:
        if not self._seals or self._trouble.waiting("seal"):
            return
        for name, tail in sorted(tails.items()):
            if tail.ended or self._is_dead(tail):
                with self._trouble.noted("seal"):
                    self._seal_segment(name, tail)

    def _seal_segment(self, name: SegmentName, tail: SegmentTail) -> None:
        from ..store.seal import seal

        if not tail.ended:
            self._read_segment(tail)  # what a dead writer left behind since the last look
        if name in self._given_up or name not in self._tails:
            return
        if seal(self.run_dir, name):
            self.sealed += 1
        elif tail.path.exists():
            self._give_up(tail, "; ".join(map(str, tail.damage)) or "it cannot be sealed")
            return
        self._tails.pop(name, None)

    def _give_up(self, tail: SegmentTail, why: str) -> None:
        """Leave a segment as it is; readers go on reading what can be read of it."""
        self._given_up.add(tail.name)
        self._tails.pop(tail.name, None)
        note(self.run_dir.recorder_log, f"left as it is: {tail.path.name}: {why}")

    def _append(self, make: Callable[[int], Record]) -> None:
        with self._trouble.noted("write the recorder's journal"):
            journal = self._journal
            if journal is None:
                journal = self._journal = self._open_journal()
            journal.append(make(journal.next_seq()))

    def _open_journal(self) -> Journal:
        info = WriterInfo(
            run=self.run_dir.id,
            writer=new_writer_id("recorder"),
            role="recorder",
            process=this_process(),
            opened=now(),
        )
        # Who waits at the quota for the recorder must not be the recorder.
        settings = msgspec.structs.replace(self.settings, overflow="drop")
        return Journal(self.run_dir, info, settings, tell=partial(note, self.run_dir.recorder_log))

    def _is_owners(self, info: WriterInfo) -> bool:
        return info.role == "owner" and info.process == self._owner

    def _is_dead(self, tail: SegmentTail) -> bool:
        return tail.info is not None and liveness(tail.info.process) == "dead"

    def _is_waited_for(self, tail: SegmentTail) -> bool:
        """Whether a worker may still write here. Another owner has a recorder of its own."""
        if tail.ended or tail.info is None or tail.info.role != "worker":
            return False
        return liveness(tail.info.process) == "alive"

    def _look_up(self) -> tuple[int, int] | None:
        try:
            found = self.run_dir.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


class _Trouble:
    """Failures of one run: noted once each, and none of them stops the others."""

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir
        self._told: dict[str, str] = {}
        self._retry: dict[str, tuple[float, float]] = {}

    def waiting(self, what: str) -> bool:
        """Whether ``what`` failed and is not to be tried again yet."""
        return time.monotonic() < self._retry.get(what, (0.0, 0.0))[0]

    @contextlib.contextmanager
    def noted(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # one failing run must not stop the others
            text = f"could not {what}: {type(error).__name__}: {error}"
            if self._told.get(what) != text and self._run_dir.path.exists():
                self._told[what] = text
                note(self._run_dir.recorder_log, text)
            delay = min(_LONGEST_RETRY, 2 * self._retry.get(what, (0.0, _RETRY_SECONDS))[1])
            self._retry[what] = (time.monotonic() + delay, delay)
        else:
            self._retry.pop(what, None)


def _is_closed_by(records: list[Record], before: bool) -> bool:
    """Whether the owner's last word is that the run is closed."""
    for record in reversed(records):
        if isinstance(record, Change):
            if record.kind == "dropped":
                continue  # the journal's last word, which may come after the owner's
            return record.kind == "closed"
        return False
    return before


def _counts(record: Record) -> bool:
    """Whether a run in which this is recorded is one that somebody wants to see."""
    if isinstance(record, Change):
        return record.kind not in ("closed", "dropped", "memory", "owner_died")
    return isinstance(record, Row | AttemptStart | Media)


def _change(
    kind: Literal["owner_died", "memory"], writer: str, value: Death | MemoryAlert, seq: int
) -> Change:
    return Change(seq, now(), 0, kind, writer, value)
