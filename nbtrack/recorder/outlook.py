"""What viewers are shown of one run, made of its records as they come.

The series go to the live frame, everything else to the card; both are published in one file, a few
times a second, and a picture of each attempt in one of its own. All of it is derived.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from .._errors import NbtrackError
from ..live.card import Card
from ..live.drawing import draw
from ..live.frame import SYSTEM, LiveFrame, unpack
from ..live.making import CONSOLE_LINES, last_lines, make_card
from ..live.picture import Picture, write_picture
from ..store.digest import Digest
from ..store.documents import read_info
from ..store.fold import Fold, fold
from ..store.journal import now
from ..store.layout import RunDir, atomic_write
from ..store.position import read_position
from ..store.schema import (
    AttemptEnd,
    AttemptStart,
    CellError,
    Change,
    Console,
    Event,
    Record,
    Row,
    RunInfo,
    Sample,
    WriterInfo,
)
from ..store.state import state
from ..store.values import flatten

_SECONDS = 0.5
_TICK_NS = 2_000_000_000
_BYTES_PER_SECOND = 500_000
_RATE_SECONDS = 5.0
# A picture is drawn again after a part of the time that its attempt has taken.
_SOONEST_PICTURE, _LATEST_PICTURE = 2.0, 30.0
_PICTURE_PART = 0.1


class Outlook:
    """What viewers see of one run.

    Attributes:
        frame: Its series.
    """

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir
        self.frame = LiveFrame()
        self._number = 0
        self._before: Card | None = None
        self._take_up()
        # Written before this recorder was started; rows up to there are in the frame already.
        self._counted = dict(self.frame.cursor)
        self._writers: dict[str, WriterInfo] = {}
        self._events: list[tuple[str, Event]] = []
        self._fold: Fold | None = None
        self._info: RunInfo | None = None
        self._edited: int | None = None
        self._console = _LastLines()
        self._rows = _Rate()
        self._memory_limit: int | None = None
        self._last_row = 0
        self._publish_at = 0.0
        self._changed = True
        self._card: Card | None = None
        self._redraw_at: dict[int, float] = {}
        self._drawn: set[int] = set()
        self._removed: set[int] = set()

    def add(self, writer: WriterInfo | None, name: str, records: list[Record]) -> None:
        """Take what ``name`` wrote, once each."""
        if writer is not None and name not in self._writers:
            self._writers[name] = writer
            self._fold = None
        frame = self.frame
        counted = self._counted.get(name, 0)
        for record in records:
            if isinstance(record, Row):
                self._last_row = max(self._last_row, record.time)
                if record.seq > counted:
                    frame.add(record.attempt, record.step, _numbers(record.data))
                    frame.add_time(record.attempt, record.step, record.time)
                    self._rows.count += 1
            elif isinstance(record, Sample):
                if record.seq > counted:
                    frame.add(SYSTEM, record.time, record.data.items())
                self._note_limit(record.data)
            elif isinstance(record, Console):
                self._console.add(record)
            elif isinstance(record, AttemptStart):
                record.source = ""
                self._take(name, record)
            elif isinstance(record, AttemptEnd | Change | CellError):
                self._take(name, record)
        if records:
            frame.cursor[name] = max(frame.cursor.get(name, 0), records[-1].seq)
            self._changed = True

    def publish(self, *, at_once: bool = False) -> None:
        """Show what is new, not too often and not too much at a time.

        Raises:
            OSError: It cannot be written.
        """
        moment = time.monotonic()
        if moment < self._publish_at and not at_once:
            return
        card = self._make_card()
        if card is None or not (self._changed or self.frame.changed or card != self._card):
            return
        self._changed, self._card = False, card
        self._number += 1
        data = self.frame.to_bytes(self._number, msgspec.structs.replace(card, time=now()))
        self._publish_at = moment + max(_SECONDS, len(data) / _BYTES_PER_SECOND)
        atomic_write(self._run_dir.live, data, durable=False)
        self._draw(card, moment)

    def _take(self, writer: str, event: Event) -> None:
        """Something happened that is to be seen at once."""
        self._events.append((writer, event))
        self._fold = None
        self._publish_at = 0.0

    def _take_up(self) -> None:
        """Go on with what the recorder before this one published, if there was one."""
        with contextlib.suppress(OSError, ValueError):
            packed = unpack(self._run_dir.live.read_bytes())
            self.frame = LiveFrame.from_packed(packed)
            self._number, self._before = packed.number, packed.card

    def _read_info(self) -> RunInfo:
        """Read again only when there is a new edit: this is asked for all the time.

        Raises:
            NbtrackError, OSError: It cannot be read.
        """
        edited = self._run_dir.edits.stat().st_mtime_ns
        if self._info is None or edited != self._edited:
            self._info = read_info(self._run_dir)
            # An edit may have come within the same tick of the file system's clock.
            settled = time.time_ns() - edited > _TICK_NS
            self._edited = edited if settled else None
        return self._info

    def _make_card(self) -> Card | None:
        try:
            info = self._read_info()
        except (NbtrackError, OSError):
            return None
        if self._fold is None:
            self._fold = fold(self._writers.values(), self._events, Digest())
        found = self._fold
        verdict = state(found.evidence(self._run_dir, info, now()))
        position = read_position(self._run_dir) if verdict.state == "running" else None
        if position is not None and found.owner and position.writer != found.owner.writer:
            position = None
        running = bool(found.attempts) and found.attempts[-1].state == "running"
        return make_card(
            info,
            found,
            verdict,
            changes=self._events,
            before=self._before,
            keys=dict.fromkeys(key for n, key in self.frame.series if n != SYSTEM),
            rows=sum(clock.count for clock in self.frame.clocks.values()),
            last_row=self._last_row,
            rate=self._rows.look() if running else None,
            position=position,
            console=self._console.lines(),
            memory_limit=self._memory_limit,
            left_out=self.frame.left_out,
        )

    def _note_limit(self, sample: dict[str, float]) -> None:
        limit = sample.get("memory.limit.bytes") or sample.get("memory.total.bytes")
        if limit:
            self._memory_limit = int(limit)

    def _draw(self, card: Card, moment: float) -> None:
        """Bring the pictures up to date: of what has ended at once, of what runs now and then."""
        latest = {attempt.cell: attempt.n for attempt in card.attempts}
        for attempt in card.attempts:
            final = attempt.state != "running"
            if attempt.n != latest[attempt.cell]:
                if attempt.n not in self._removed:
                    self._removed.add(attempt.n)
                    with contextlib.suppress(OSError):
                        self._run_dir.picture(attempt.n).unlink(missing_ok=True)
            elif attempt.n in self._drawn:
                continue
            elif final or moment >= self._redraw_at.get(attempt.n, 0.0):
                drawn = draw(card, attempt, self.frame)
                picture = Picture(attempt=attempt.n, final=final, svg=drawn.svg, text=drawn.text)
                write_picture(self._run_dir, picture)
                took = (now() - attempt.started) / 1e6
                wait = min(max(_SOONEST_PICTURE, _PICTURE_PART * took), _LATEST_PICTURE)
                self._redraw_at[attempt.n] = moment + wait
                if final:
                    self._drawn.add(attempt.n)


class _Rate:
    """Rows in a second, of late."""

    def __init__(self) -> None:
        self.count = 0
        self._counted = 0
        self._looked_at = time.monotonic()
        self._rate: float | None = None

    def look(self) -> float | None:
        """Two significant digits, so that nothing moves which does not."""
        moment = time.monotonic()
        elapsed = moment - self._looked_at
        if elapsed >= _SECONDS / 2:
            new = (self.count - self._counted) / elapsed
            self._counted, self._looked_at = self.count, moment
            part = min(1.0, elapsed / _RATE_SECONDS)
            self._rate = new if not self._rate else self._rate + part * (new - self._rate)
        return float(f"{self._rate:.2g}") if self._rate and self.count else None


class _LastLines:
    """The last rows of text below one cell: of the cell that showed something last."""

    def __init__(self) -> None:
        self._cell = 0
        self._rows: dict[tuple[str, int], str] = {}

    def add(self, record: Console) -> None:
        if record.stream == "display":
            return
        if record.cell != self._cell:
            self._cell = record.cell
            self._rows.clear()
        first, *others = record.text.split("\n")
        before = self._rows.get((record.stream, record.row), "")
        self._rows[record.stream, record.row] = before[: record.start] + first
        for at, text in enumerate(others, start=1):
            self._rows[record.stream, record.row + at] = text
        while len(self._rows) > CONSOLE_LINES:
            del self._rows[next(iter(self._rows))]

    def lines(self) -> list[str]:
        return last_lines(self._rows.values())


def _numbers(data: dict[str, Any]) -> Iterator[tuple[str, float]]:
    return ((key, value) for key, (value, _) in flatten(data) if value is not None)
