"""What a person saw of a run's output, bounded, on its way into the journal."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

from ._attempts import CellInfo
from ._masked_rows import MaskedRows
from ._screen import RowChange, Screen
from .store.locks import PatientLock
from .store.schema import Stream

# A row that is set again and again is recorded this often.
REWRITE_SECONDS = 1.0
# What one stream of one cell may take of the run's limit.
_SHARE = 8
# Beyond the limit, this much of the end of each stream is kept, in characters.
_TAIL = 32 * 1024
_LONGEST_RECORD = 256 * 1024
_LOSS_SECONDS = 5.0
# Cells of which output may still come.
_MAX_CHANNELS = 256

# (cell, stream, row, start, text, lost) -> whether it was kept
Record = Callable[[CellInfo | None, Stream, int, int, str, int], bool]


class ConsoleWriter:
    """Records the console output of one run.

    Text without rewritten rows is recorded as it comes. A row that changes, such as a progress
    bar, is recorded once a second and when its cell has ended. Of a stream that exceeds its share
    of ``limit`` characters, the start and the end are kept, and the loss between is counted.

    May be used from every thread.

    Args:
        mask: Takes the secrets out of a text, and leaves it as many rows as it has.
    """

    def __init__(
        self, record: Record, limit: int, mask: Callable[[str], str] = lambda text: text
    ) -> None:
        self._record = record
        self._mask = mask
        self._limit = limit
        self._spent = 0
        self._channels: OrderedDict[tuple[CellInfo | None, Stream], _Channel] = OrderedDict()
        self._lock = PatientLock()

    def write(self, cell: CellInfo | None, stream: Stream, text: str) -> bool:
        """Text appeared in a stream of a cell. True: something waits for :meth:`flush`."""
        lock = self._lock.take()
        try:
            key = (cell, stream)
            channel = self._channels.get(key)
            if channel is None:
                channel = self._channels[key] = _Channel(self._mask)
                if len(self._channels) > _MAX_CHANNELS:
                    self._finish(*self._channels.popitem(last=False))
            channel.take(text)
            self._tell(key, channel, rewrites=channel.ended or channel.is_due())
            if channel.ended:
                self._tell_tail(key, channel)
            return channel.waits
        finally:
            lock.release()

    def flush(self) -> bool:
        """Record the rows that wait and are due. True: others wait still."""
        waiting = False
        lock = self._lock.take()
        try:
            for key, channel in self._channels.items():
                if channel.waits and channel.is_due():
                    self._tell(key, channel, rewrites=True)
                waiting = waiting or channel.waits
        finally:
            lock.release()
        return waiting

    def end(self, cell: CellInfo) -> None:
        """The cell has ended; what still comes of it is recorded at once."""
        self._end(lambda ended: ended is cell)

    def close(self) -> None:
        """The run ends: record all that waits."""
        self._end(lambda ended: True)

    def _end(self, which: Callable[[CellInfo | None], bool]) -> None:
        lock = self._lock.take()
        try:
            for key, channel in self._channels.items():
                if which(key[0]):
                    self._finish(key, channel)
        finally:
            lock.release()

    def _finish(self, key: tuple[CellInfo | None, Stream], channel: _Channel) -> None:
        channel.ended = True
        self._tell(key, channel, rewrites=True)
        self._tell_tail(key, channel)

    def _tell(
        self, key: tuple[CellInfo | None, Stream], channel: _Channel, *, rewrites: bool
    ) -> None:
        for change in channel.changes(rewrites=rewrites):
            for piece in _pieces(change):
                room = 0 if channel.overflows else self._room(channel)
                kept, rest = _cut(piece, room)
                if kept is not None:
                    self._put(key, channel, kept)
                if rest is not None:
                    channel.overflow(rest)
        if channel.overflows and channel.lost and time.monotonic() >= channel.tell_loss_at:
            channel.tell_loss_at = time.monotonic() + _LOSS_SECONDS
            self._put(key, channel, RowChange(*channel.end, ""))

    def _tell_tail(self, key: tuple[CellInfo | None, Stream], channel: _Channel) -> None:
        for change in channel.take_tail():
            self._put(key, channel, change)

    def _put(
        self, key: tuple[CellInfo | None, Stream], channel: _Channel, change: RowChange
    ) -> None:
        channel.spent += len(change.text)
        self._spent += len(change.text)
        if self._record(*key, change.row, change.start, change.text, channel.lost):
            channel.lost = 0
        else:
            channel.lost += len(change.text)

    def _room(self, channel: _Channel) -> int:
        return max(0, min(self._limit - self._spent, self._limit // _SHARE - channel.spent))


class _Channel:
    """One stream of one cell."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self.ended = False
        self._mask = mask
        self._masked = MaskedRows(mask)
        self.spent = 0
        self.lost = 0
        self.tell_loss_at = 0.0
        self.end = (0, 0)
        self._screen = Screen()
        self._rewritten_at = 0.0
        self._tail: list[str] | None = None
        self._tail_size = 0

    @property
    def overflows(self) -> bool:
        """Whether only the end is kept."""
        return self._tail is not None

    @property
    def waits(self) -> bool:
        """Whether a row was rewritten and not recorded."""
        return self._tail is None and self._screen.has_changes

    def is_due(self) -> bool:
        return time.monotonic() - self._rewritten_at >= REWRITE_SECONDS

    def take(self, text: str) -> None:
        if self._tail is None:
            self._screen.feed(text)
        else:
            self._keep(text)

    def changes(self, *, rewrites: bool) -> list[RowChange]:
        if self._tail is not None:
            return []
        found = self._screen.changes(rewrites=rewrites)
        if rewrites and found:
            self._rewritten_at = time.monotonic()
        return [self._masked.take(change) for change in found]

    def overflow(self, change: RowChange) -> None:
        """There is no room for ``change``: from now on only the end is kept."""
        if self._tail is None:
            self._tail = []
            self.end = change.row, change.start
        self._keep(change.text)

    def take_tail(self) -> Iterator[RowChange]:
        """The end of what was too much."""
        if not self._tail:
            return
        text = self._mask("".join(self._tail))
        self._tail, self._tail_size = [], 0
        row, start = self.end
        if self.lost or start == 0:
            screen = Screen(row)
            screen.feed(text)
            changes = screen.changes(rewrites=True)
        else:
            changes = [RowChange(row, start, text)]
        if changes:
            self.end = changes[-1].after()
        yield from changes

    def _keep(self, text: str) -> None:
        assert self._tail is not None
        self._tail.append(text)
        self._tail_size += len(text)
        if self._tail_size > 2 * _TAIL:
            kept = "".join(self._tail)
            gone, kept = kept[:-_TAIL], kept[-_TAIL:]
            # The rest begins with a whole row, if there is one.
            at = kept.find("\n") + 1
            gone, kept = gone + kept[:at], kept[at:]
            self.lost += len(gone)
            rows = gone.count("\n")
            self.end = (self.end[0] + rows, 0 if rows else self.end[1])
            self._tail, self._tail_size = [kept], len(kept)


def _pieces(change: RowChange) -> Iterator[RowChange]:
    """The change in parts of a size that suits the journal."""
    rest: RowChange | None = change
    while rest is not None:
        head, rest = _cut(rest, _LONGEST_RECORD)
        if head is not None:
            yield head


def _cut(change: RowChange, size: int) -> tuple[RowChange | None, RowChange | None]:
    """The first ``size`` characters of a change, and the others."""
    if len(change.text) <= size:
        return change, None
    if size <= 0:
        return None, change
    head = change._replace(text=change.text[:size])
    return head, RowChange(*head.after(), change.text[size:])
