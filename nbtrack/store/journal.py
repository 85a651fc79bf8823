"""A writer's journal: the segments that one process appends its records to.

Who writes: one process, from any of its threads. Who reads: anyone, at any time. A segment grows
until it is full, is ended, and never changes again; its number is never used twice.

Everything outside :attr:`Journal.write` may be interrupted between any two lines, and may be
re-entered by a signal handler: a change of segments is prepared out of sight, happens with the
rename that makes the new one visible, and whoever comes next brings it to its end.
"""

from __future__ import annotations

import _thread
import contextlib
import itertools
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from .._errors import NbtrackWarning, RunFinishedError
from .._settings import Settings
from .backlog import ROWS_WAIT, Backlog, up_to
from .frames import HEADER_SIZE, frame, header, salt_of
from .layout import RunDir, SegmentName, not_writable
from .locks import PatientLock
from .quota import Quota
from .schema import (
    Beat,
    Change,
    Media,
    Record,
    Row,
    Sample,
    SegmentEnd,
    WriterInfo,
    encode_any,
    encode_record,
)
from .segment import FIRST_SIZE, Segment, can_map, create_segment, growing_sizes

_RETRY_SECONDS = 1.0
_AT_QUOTA = "the journal's quota is reached"


def now() -> int:
    """Microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


class _SegmentChange(NamedTuple):
    """A segment that is ready to follow the full one, and the frames set aside that it holds."""

    full: Segment | None
    following: Segment
    path: Path
    kept: list[bytes]


class Journal:
    """Appends records to the segments of one writer.

    Attributes:
        write: Appends one frame to the current segment; what it raises, :meth:`put_slowly` mends.
        salt: Where the CRC of this writer's frames starts.
        next_seq: The next sequence number of this writer.
        dropped: Records that could not be kept so far.

    Args:
        recorder_alive: Whether somebody seals: waiting at the quota makes sense.
        tell: Takes a warning in words; by default it becomes an :class:`NbtrackWarning`.
        clean: What :meth:`append` keeps of a record in its place.
    """

    write: Callable[[bytes], object]

    def __init__(
        self,
        run_dir: RunDir,
        info: WriterInfo,
        settings: Settings,
        *,
        recorder_alive: Callable[[], bool] = lambda: False,
        tell: Callable[[str], object] | None = None,
        clean: Callable[[Record], Record] = lambda record: record,
    ) -> None:
        self.info = info
        self.salt = salt_of(info.writer)
        self.next_seq: Callable[[], int] = itertools.count(1).__next__
        self.dropped = 0
        self.write = _not_open
        self._run_dir = run_dir
        self._settings = settings
        self._tell = tell or _warn_person
        self._clean = clean
        self._mapped: bool | None = None
        self._numbers = itertools.count(self._first_number())
        self._sizes = growing_sizes(settings.journal_quota)
        self._segment: Segment | None = None
        self._prepared: Segment | None = None
        self._keeping_house = False
        self._change: _SegmentChange | None = None
        self._retired: list[Segment] = []
        self._lock = PatientLock()
        self._closed = False
        self._backlog = Backlog()
        self._quota = Quota(run_dir, info.writer, settings.journal_quota, recorder_alive)
        self._dropped_told = 0
        self._retry_at = 0.0
        self._warned: set[str] = set()

    def open(self) -> None:
        """Make the first segment now instead of at the first record.

        Raises:
            StoreNotWritableError: It cannot be made.
        """
        try:
            self._change_segment(None, 0)
        except OSError as error:
            raise not_writable(self._run_dir.journal, error) from error

    def append(self, record: Record) -> None:
        """Append one record. At a limit rows, media, samples and beats may be dropped, no others.

        Raises:
            RunFinishedError: The journal is closed.
        """
        data = frame(encode_any(self._clean(record)), self.salt)
        try:
            self.write(data)
        except (ValueError, OSError):
            self.put_slowly(data, droppable=isinstance(record, Row | Sample | Beat | Media))

    def offer(self, record: Record) -> bool:
        """Append one record if that can be done at once. Never waits for room, and tells nobody.

        False: it is not kept.
        """
        data = frame(encode_any(record), self.salt)
        for _ in range(2):
            try:
                self.write(data)
                return True
            except ValueError:
                if self._closed or self._backlog or self._quota.is_reached():
                    return False
                with contextlib.suppress(OSError):
                    self._change_segment(self._segment, len(data))
            except OSError:
                return False
        return False

    def put_slowly(self, data: bytes, *, droppable: bool = True) -> None:
        """Append one frame for which :attr:`write` had no room.

        Raises:
            RunFinishedError: The journal is closed.
        """
        while not self._closed:
            segment = self._segment
            if segment is not None:
                try:
                    segment.write(data)
                    return
                except ValueError:
                    pass
                except OSError as error:
                    self._disk_full(error, data, droppable)
                    return
            if not self._make_room(segment, data, droppable):
                return
        raise RunFinishedError(
            "nothing can be logged to a run that has ended",
            path=self._run_dir.path,
            operation=f"log to run {self._run_dir.id}",
            hint="nbtrack.log() starts a new run; init(id=..., resume='allow') goes on with this.",
        )

    def close(self) -> None:
        """End the journal. Repeatable; what is logged later raises RunFinishedError."""
        if not self._closed:
            self._retry_at = 0.0
            while self._backlog and self._make_room(self._segment, b"", droppable=False):
                self._retry_at = 0.0
            self._give_up_backlog()
            self._tell_dropped()
        self._closed = True
        lock = self._lock.take()
        try:
            self._finish_change()
            self.write = _not_open
            if self._segment is not None:
                self._retired.append(self._segment)
                self._segment = None
            self._end_retired(self._backlog.vital)
            self._drop_prepared()
        finally:
            lock.release()

    def _make_room(self, full: Segment | None, data: bytes, droppable: bool) -> bool:
        """Get a segment with room for ``data``. False: there is none, and ``data`` was seen to."""
        if droppable and self._quota.is_reached() and self._is_over_quota():
            self.dropped += 1
            self._warn(f"{_AT_QUOTA}; rows are dropped and counted")
            return False
        if self._backlog and time.monotonic() < self._retry_at:
            self._set_aside(data, droppable)
            return False
        try:
            self._change_segment(full, len(data))
        except OSError as error:
            self._disk_full(error, data, droppable)
            return False
        return True

    def _disk_full(self, error: OSError, data: bytes, droppable: bool) -> None:
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self._set_aside(data, droppable)
        # The system gives one reason and then another for one and the same full disk.
        reason = error.strerror or error
        self._warn(f"cannot write to {self._run_dir.journal}: {reason}; {ROWS_WAIT}", ROWS_WAIT)

    def _change_segment(self, full: Segment | None, need: int) -> None:
        """Put a segment with ``need`` bytes of room in the place of ``full``.

        Raises:
            OSError: There is no room for one; nothing has changed.
        """
        lock = self._lock.take()
        try:
            self._finish_change()
            if self._segment is full and not self._closed:
                kept = self._backlog.frames
                try:
                    following = self._take_segment(b"".join(kept), need)
                except OSError:
                    part = up_to(FIRST_SIZE, kept)
                    if len(part) == len(kept):
                        raise
                    # There may be room for a part: the rest follows with the next change.
                    kept = part
                    following = self._take_segment(b"".join(kept), 0)
                # Numbered when they come into use: the order of numbers is that of their records.
                name = SegmentName(self.info.writer, next(self._numbers))
                self._change = _SegmentChange(full, following, self._run_dir.segment(name), kept)
                self._finish_change()
                self._quota.unsealed += full.size if full is not None else 0
                self._tell_dropped()
                self._start_housekeeping()
        finally:
            lock.release()

    def _finish_change(self) -> None:
        """Bring a change to its end, from wherever an interrupt or a signal handler left it."""
        change = self._change
        if change is None:
            return
        try:
            change.following.put_in_place(change.path)
        except OSError:
            self._change = None
            change.following.discard()
            raise
        self._backlog.remove(change.kept)
        if change.full is not None:
            self._retired.append(change.full)
        self._segment = change.following
        self.write = change.following.write
        self._change = None

    def _take_segment(self, content: bytes, need: int) -> Segment:
        """A segment that no reader sees yet, with ``content`` and ``need`` bytes of room in it."""
        need += len(content)
        segment, self._prepared = self._prepared, None
        if segment is not None and need >= FIRST_SIZE // 2:
            segment.discard()
            segment = None
        if segment is None:
            segment = self._create(need)
        if content:
            try:
                segment.write(content)
            except BaseException:
                segment.discard()
                raise
        return segment

    def _create(self, need: int) -> Segment:
        folder = self._run_dir.journal
        if self._mapped is None:
            self._mapped = can_map(folder, self._settings.journal)
        path, head = self._run_dir.next_segment(self.info.writer), header(self.info)
        least = need + HEADER_SIZE + FIRST_SIZE
        size = max(next(self._sizes), least)
        try:
            return create_segment(path, head, size, self.salt, mapped=self._mapped)
        except OSError:
            if size == least:
                raise
            # On a disk that is nearly full there may be room for a small one.
            return create_segment(path, head, least, self.salt, mapped=self._mapped)

    def _start_housekeeping(self) -> None:
        """End the full segment and make the next one beside the loop that logs.

        Both take milliseconds, and beside a busy thread each system call costs the loop 5 ms.
        """
        if self._keeping_house:
            return  # the next change sees to what this one leaves
        self._keeping_house = True
        try:
            _thread.start_new_thread(self._keep_house, ())
        except RuntimeError:
            self._keeping_house = False  # no more threads: the next change makes its own segment

    def _keep_house(self) -> None:
        left: list[Segment] | None = None
        try:
            while self._retired != left:  # the loop that logs can be faster than this one
                left = self._end_retired()
                if self._prepared is None:
                    self._prepared = self._create(0)
                self._quota.measure()
        except OSError:
            return  # reported when a segment is needed and cannot be had
        finally:
            self._keeping_house = False
        if self._closed:
            self._drop_prepared()
        elif self._retired != left:
            self._start_housekeeping()

    def _drop_prepared(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            prepared.discard()

    def _end_retired(self, vital: Sequence[bytes] = ()) -> list[Segment]:
        """End the segments that were left, ``vital`` frames in the latest.

        Returns those that cannot be ended now; perhaps they can later.
        """
        segments = list(self._retired)
        left = list(segments)
        for segment in segments:
            last = SegmentEnd(self.next_seq(), now())
            with contextlib.suppress(OSError, ValueError):
                segment.end(encode_record(last), vital if segment is segments[-1] else ())
                self._retired.remove(segment)
                left.remove(segment)
        return left

    def _is_over_quota(self) -> bool:
        """Whether a row is to be dropped, even after waiting for the recorder."""
        if self._settings.overflow == "drop" and not self._quota.is_due():
            return True  # a look at the disk for every row that is dropped would cost more than it
        self._start_housekeeping()  # nobody can seal what is full and not ended
        if self._settings.overflow == "drop":
            self._quota.measure()
            return self._quota.is_reached()
        self._quota.wait(lambda: self._warn(f"{_AT_QUOTA}; log() waits for the recorder"))
        return False

    def _set_aside(self, data: bytes, droppable: bool) -> None:
        """Keep a frame in memory while the disk is full."""
        if data and not self._backlog.add(data, droppable=droppable):
            self.dropped += 1

    def _give_up_backlog(self) -> None:
        count = self._backlog.drop_rows()
        if count:
            self.dropped += count
            self._warn(f"{self.dropped} rows could not be written: no room on the disk")

    def _tell_dropped(self) -> None:
        count = self.dropped - self._dropped_told
        if count and self._segment is not None:
            self._dropped_told += count
            self.append(Change(self.next_seq(), now(), 0, "dropped", "", count))

    def _first_number(self) -> int:
        """Numbering goes on from what is on disk."""
        names = (*self._run_dir.segments(), *self._run_dir.sealed_sets())
        return max((n.number for n in names if n.writer == self.info.writer), default=0) + 1

    def _warn(self, text: str, about: str | None = None) -> None:
        if (about or text) not in self._warned:
            self._warned.add(about or text)
            self._tell(text)


def _warn_person(text: str) -> None:
    warnings.warn(f"nbtrack: {text}", NbtrackWarning, stacklevel=6)


def _not_open(data: bytes) -> NoReturn:
    raise ValueError("no segment is open")
