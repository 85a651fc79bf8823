"""Frames that wait in memory while there is no room on the disk."""

from __future__ import annotations

from collections import deque

BACKLOG_BYTES = 8 << 20
ROWS_WAIT = f"up to {BACKLOG_BYTES >> 20} MiB of rows wait in memory until there is room"


class Backlog:
    """Rows up to a bound, and the few records that tell how a run went without one.

    Every step may be interrupted and done again: frames are told by identity.
    """

    def __init__(self) -> None:
        self._rows: deque[bytes] = deque()
        self._row_bytes = 0
        self._vital: deque[bytes] = deque()

    def __bool__(self) -> bool:
        return bool(self._vital or self._rows)

    @property
    def vital(self) -> tuple[bytes, ...]:
        """The frames that must not be dropped."""
        return tuple(self._vital)

    @property
    def frames(self) -> list[bytes]:
        """Everything that waits, in the order in which it is to be written."""
        return [*self._vital, *self._rows]

    def add(self, data: bytes, *, droppable: bool) -> bool:
        """Keep a frame; False if there is no room for it here either."""
        if not droppable:
            self._vital.append(data)
            return True
        if self._row_bytes + len(data) > BACKLOG_BYTES:
            return False
        self._rows.append(data)
        self._row_bytes += len(data)
        return True

    def remove(self, written: list[bytes]) -> None:
        """Forget frames that were written, the first of :attr:`frames`."""
        for data in written:
            for waiting in (self._vital, self._rows):
                if waiting and waiting[0] is data:
                    waiting.popleft()
        self._row_bytes = sum(map(len, self._rows))

    def drop_rows(self) -> int:
        """Forget the rows. Returns how many there were."""
        count = len(self._rows)
        self._rows.clear()
        self._row_bytes = 0
        return count


def up_to(size: int, frames: list[bytes]) -> list[bytes]:
    """The first of ``frames`` that are not longer than ``size`` together, and at least one."""
    total = 0
    for at, data in enumerate(frames):
        total += len(data)
        if total > size and at:
            return frames[:at]
    return frames
