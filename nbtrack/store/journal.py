"""A writer's journal: the segments that one process appends its records to.

Who writes: one process, from any of its threads. Who reads: anyone, at any time. A segment grows
until it is full, is ended, and never changes again; its number is never used twice.

Everything outside :attr:`Journal.write` may be interrupted between any two lines, and may be
re-entered by a signal handler: changing segments twice leaves an empty segment behind and loses
nothing, and the lock around it only saves that work. A lock left behind by an interrupt is
replaced after :data:`_LOCK_PATIENCE` seconds.
"""

from __future__ import annotations

import _thread
import contextlib
import itertools
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from .._errors import NbtrackWarning, RunFinishedError
from .._settings import Settings
from .frames import HEADER_SIZE, frame, header, salt_of
from .layout import RunDir, SegmentName, not_writable
from .schema import Change, Record, SegmentEnd, WriterInfo, encode_record
from .segment import Segment, can_map, create_segment

FIRST_SIZE = 64 << 10
LARGEST_SIZE = 4 << 20
_GROWTH = 4
_LOCK_PATIENCE = 2.0
_BACKLOG_BYTES = 8 << 20
_RETRY_SECONDS = 1.0
_RECORDER_PATIENCE = 30.0


def now() -> int:
    """Microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


class Journal:
    """Appends records to the segments of one writer.

    Attributes:
        write: Appends one frame to the current segment; what it raises, :meth:`put_slowly` mends.
        salt: Where the CRC of this writer's frames starts.
        next_seq: The next sequence number of this writer.
        dropped: Records that could not be kept so far.

    Args:
        recorder_alive: Whether somebody seals, so that waiting at the quota makes sense.
        tell: Takes a warning in words; by default it becomes an :class:`NbtrackWarning`.
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
    ) -> None:
        self.info = info
        self.salt = salt_of(info.writer)
        self.next_seq: Callable[[], int] = itertools.count(1).__next__
        self.dropped = 0
        self.write = _not_open
        self._run_dir = run_dir
        self._settings = settings
        self._recorder_alive = recorder_alive
        self._tell = tell or _warn_person
        self._mapped: bool | None = None
        self._numbers = itertools.count(self._first_number())
        self._sizes = self._growing_sizes()
        self._segment: Segment | None = None
        self._prepared: Segment | None = None
        self._keeping_house = False
        self._unsealed = 0
        self._retired: list[Segment] = []
        self._lock = threading.RLock()
        self._closed = False
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
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
        """Append one record.

        Raises:
            RunFinishedError: The journal is closed.
        """
        self.put(frame(encode_record(record), self.salt))

    def put(self, data: bytes) -> None:
        """Append one frame."""
        try:
            self.write(data)
        except (ValueError, OSError):
            self.put_slowly(data)

    def put_slowly(self, data: bytes) -> None:
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
                    self._disk_full(error, data)
                    return
            if not self._make_room(segment, data):
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
            if self._backlog:
                self._retry_at = 0.0
                self._make_room(self._segment, b"")
            self._give_up_backlog()
            self._tell_dropped()
        self._closed = True
        self.write = _not_open
        if self._segment is not None:
            self._retired.append(self._segment)
            self._segment = None
        self._end_retired()
        self._drop_prepared()

    def _make_room(self, full: Segment | None, data: bytes) -> bool:
        """Get a segment with room for ``data``. False: there is none, and ``data`` was seen to."""
        if self._over_quota() and self._settings.overflow == "drop":
            self.dropped += 1
            self._warn("the journal's quota is reached; rows are dropped and counted")
            return False
        if self._backlog and time.monotonic() < self._retry_at:
            self._set_aside(data)
            return False
        try:
            self._change_segment(full, len(data))
        except OSError as error:
            self._disk_full(error, data)
            return False
        return True

    def _disk_full(self, error: OSError, data: bytes) -> None:
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self._set_aside(data)
        self._warn(
            f"cannot write to {self._run_dir.journal}: {error.strerror or error}; up to "
            f"{_BACKLOG_BYTES >> 20} MiB of rows wait in memory until there is room"
        )

    def _change_segment(self, full: Segment | None, need: int) -> None:
        lock = self._lock
        if not lock.acquire(timeout=_LOCK_PATIENCE):
            self._lock = lock = threading.RLock()
            lock.acquire()
        try:
            if self._segment is not full or self._closed:
                return
            segment = self._take_segment(need + self._backlog_bytes)
            segment.put_in_place()
            if self._backlog:
                self._write_backlog(segment)
            if full is not None:
                self._retired.append(full)
            self._segment = segment
            self.write = segment.write
            self._tell_dropped()
            self._start_housekeeping()
        finally:
            lock.release()

    def _take_segment(self, need: int) -> Segment:
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            if need < FIRST_SIZE // 2:
                return prepared
            prepared.discard()
        return self._create(need)

    def _create(self, need: int) -> Segment:
        folder = self._run_dir.journal
        if self._mapped is None:
            self._mapped = can_map(folder, self._settings.journal)
        name = SegmentName(self.info.writer, next(self._numbers))
        size = max(next(self._sizes), need + HEADER_SIZE + FIRST_SIZE)
        return create_segment(
            self._run_dir.segment(name), header(self.info), size, self.salt, mapped=self._mapped
        )

    def _start_housekeeping(self) -> None:
        """End the full segment and make the next one beside the loop that logs.

        Both take milliseconds, and with a busy thread in the process every system call that the
        loop makes costs it 5 ms more.
        """
        if self._keeping_house:
            return  # the next change sees to what this one leaves
        self._keeping_house = True
        try:
            _thread.start_new_thread(self._keep_house, ())
        except RuntimeError:
            self._keeping_house = False  # no more threads: the next change makes its own segment

    def _keep_house(self) -> None:
        try:
            self._end_retired()
            if self._prepared is None:
                self._prepared = self._create(0)
            self._unsealed = self._measure_unsealed()
        except OSError:
            return  # reported when a segment is needed and cannot be had
        finally:
            self._keeping_house = False
        if self._closed:
            self._drop_prepared()

    def _drop_prepared(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            prepared.discard()

    def _end_retired(self) -> None:
        while self._retired:
            try:
                segment = self._retired.pop()
            except IndexError:
                return  # another thread took it
            segment.end(encode_record(SegmentEnd(self.next_seq(), now())))

    def _over_quota(self) -> bool:
        """Whether the unsealed journal is too large even after waiting for the recorder."""
        quota = self._settings.journal_quota
        if self._unsealed < quota:
            return False
        self._unsealed = least = self._measure_unsealed()
        if self._settings.overflow == "wait" and least >= quota and self._recorder_alive():
            self._warn("the journal's quota is reached; log() waits for the recorder")
            since = time.monotonic()
            while self._recorder_alive() and time.monotonic() - since < _RECORDER_PATIENCE:
                time.sleep(0.02)
                self._unsealed = self._measure_unsealed()
                if self._unsealed < quota:
                    return False
                if self._unsealed < least:
                    least, since = self._unsealed, time.monotonic()
        return self._unsealed >= quota

    def _measure_unsealed(self) -> int:
        """Bytes of this writer's segments that are not sealed yet."""
        sizes = 0
        for name in self._run_dir.segments():
            if name.writer == self.info.writer:
                with contextlib.suppress(FileNotFoundError):
                    sizes += self._run_dir.segment(name).stat().st_size
        return sizes

    def _set_aside(self, data: bytes) -> None:
        """Keep a frame in memory while the disk is full, up to a bound."""
        if self._backlog_bytes + len(data) > _BACKLOG_BYTES:
            self.dropped += 1
        elif data:
            self._backlog.append(data)
            self._backlog_bytes += len(data)

    def _write_backlog(self, segment: Segment) -> None:
        # On one line: between taking the frames out and writing them nothing may come.
        kept = list(self._backlog)
        try:
            segment.write(b"".join(map(deque.popleft, itertools.repeat(self._backlog, len(kept)))))
        except OSError:
            self._backlog.extendleft(reversed(kept))
            raise
        self._backlog_bytes = sum(map(len, self._backlog))

    def _give_up_backlog(self) -> None:
        if self._backlog:
            self.dropped += len(self._backlog)
            self._backlog.clear()
            self._warn(f"{self.dropped} rows could not be written: no room on the disk")

    def _tell_dropped(self) -> None:
        count = self.dropped - self._dropped_told
        if count and self._segment is not None:
            self._dropped_told += count
            self.put(
                frame(
                    encode_record(Change(self.next_seq(), now(), 0, "dropped", "", count)),
                    self.salt,
                )
            )

    def _first_number(self) -> int:
        """Numbering goes on from what is on disk."""
        numbers = (
            name.number
            for name in (*self._run_dir.segments(), *self._run_dir.sealed_sets())
            if name.writer == self.info.writer
        )
        return max(numbers, default=0) + 1

    @staticmethod
    def _growing_sizes() -> itertools.chain[int]:
        sizes = []
        size = FIRST_SIZE
        while size < LARGEST_SIZE:
            sizes.append(size)
            size *= _GROWTH
        return itertools.chain(sizes, itertools.repeat(LARGEST_SIZE))

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._tell(text)


def _warn_person(text: str) -> None:
    warnings.warn(f"nbtrack: {text}", NbtrackWarning, stacklevel=6)


def _not_open(data: bytes) -> NoReturn:
    raise ValueError("no segment is open")
