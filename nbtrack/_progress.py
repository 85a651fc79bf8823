"""``nbtrack.progress()``: a loop that counts itself.

The loop does next to nothing for it: it leaves its count in an attribute. Who shows it looks when
it has time: the live view through the file that says where the kernel is. Only where nobody shows
it, the loop writes a line of text itself, since text from another thread lands in the wrong cell.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Protocol, TextIO, TypeVar, overload

from . import _current
from ._settings import in_force
from .store import position

T = TypeVar("T")

_LINE_SECONDS = 0.1
# Text that goes to a file or a saved notebook stays there.
_LOG_SECONDS = 10.0
_WIDTH = 24
_NOTHING = object()
_EIGHTHS = " ▏▎▍▌▋▊▉"
# How fast the rate follows: the part of the latest look.
_WEIGHT = 0.3


class Counted(Protocol):
    """A loop whose count can be looked at from another thread."""

    @property
    def done(self) -> float:
        """Items so far."""

    def look(self) -> position.Progress | None:
        """How far it is; None if it is over, and never to be looked at again."""


# In the order in which they began: those that are inside of others come after them.
_open: list[Counted] = []
# How far those were that a cell found open at its beginning.
_found: dict[Counted, float] = {}


class Progress(Generic[T]):
    """Counts what is taken from an iterable, or what :meth:`update` is told.

    Attributes:
        done: Items whose turn is over.
        total: Of how many; None if nobody knows.
        label: What is counted.
    """

    __slots__ = (
        "_at",
        "_before",
        "_closed",
        "_iterable",
        "_line",
        "_rate",
        "_started",
        "done",
        "label",
        "total",
    )

    def __init__(
        self, iterable: Iterable[T] | None = None, total: float | None = None, label: str = ""
    ) -> None:
        if total is None:
            with suppress(TypeError):  # not everything knows how much it holds
                total = len(iterable)  # type: ignore[arg-type]
        self._iterable = iterable
        self.total = total
        self.label = label
        self.done = 0
        self._started: float | None = None
        self._closed = False
        self._line: _Line | None = None
        self._at = self._before = 0.0
        self._rate: float | None = None

    def __iter__(self) -> Iterator[T]:
        if self._iterable is None:
            raise TypeError("this progress was made without something to iterate over")
        self._begin()
        line = self._line
        items = enumerate(self._iterable)
        item: Any = _NOTHING
        due = 0
        try:
            if line is None:
                # This is all that an item costs.
                for self.done, item in items:
                    yield item
            else:
                for self.done, item in items:
                    if self.done >= due:
                        due = line.show(self)
                    yield item
            self.done += item is not _NOTHING
        finally:
            self.close()

    def __len__(self) -> int:
        return len(self._iterable)  # type: ignore[arg-type]

    def __enter__(self) -> Progress[T]:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def update(self, n: int = 1) -> None:
        """``n`` more are done."""
        self._begin()
        self.done += n
        if self._line is not None:
            self._line.show(self)

    def close(self) -> None:
        """Nothing more comes. Repeatable."""
        if self._closed or self._started is None:
            return
        self._closed = True
        _forget(self)
        if self._line is not None:
            self._line.end(self)

    def look(self) -> position.Progress:
        """How far it is. For one thread at a time: each look makes the rate more recent."""
        moment = time.monotonic()
        started = self._started if self._started is not None else moment
        done = self.done
        elapsed = moment - (self._at or started)
        if elapsed >= _LINE_SECONDS and done > self._before:
            new = (done - self._before) / elapsed
            self._rate = new if self._rate is None else self._rate + _WEIGHT * (new - self._rate)
            self._at, self._before = moment, done
        return position.Progress(
            label=self.label,
            done=done,
            total=self.total,
            seconds=round(moment - started, 1),
            rate=self._rate,
            closed=self._closed,
        )

    def _begin(self) -> None:
        if self._started is not None:
            return
        self._started = time.monotonic()
        host = _current.get_host()
        if (host is None or not host.shows_progress) and not in_force("quiet"):
            self._line = _Line(sys.stderr)
        _open.append(self)


class _Line:
    """A line of text that is written again and again, or now and then where it would stay."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stays = not stream.isatty()
        self._seconds = _LOG_SECONDS if self._stays else _LINE_SECONDS
        self._shown_at = time.monotonic() if self._stays else 0.0
        self._shown = 0
        self._step = 1
        self._length = 0

    def show(self, progress: Progress[Any]) -> int:
        """Show it if it is time to. Returns the count at which to look again."""
        moment = time.monotonic()
        elapsed = moment - self._shown_at
        if elapsed < self._seconds:
            self._step = min(2 * self._step, max(1, 2 * (progress.done - self._shown)))
        else:
            self._step = max(1, int((progress.done - self._shown) * _LINE_SECONDS / elapsed))
            self._shown_at, self._shown = moment, progress.done
            self._write(describe(progress.look()), "\n" if self._stays else "")
        return int(progress.done) + self._step

    def end(self, progress: Progress[Any]) -> None:
        """The last word."""
        self._write(describe(progress.look()), "\n")

    def _write(self, text: str, end: str) -> None:
        start = "" if self._stays else "\r"
        blank = "" if self._stays else " " * max(0, self._length - len(text))
        self._length = len(text)
        with suppress(OSError, ValueError):  # a closed stream is no reason to stop a loop
            self._stream.write(f"{start}{text}{blank}{end}")
            self._stream.flush()


def follow(counted: Counted) -> None:
    """A loop begins that is counted by something else. Twice is as once."""
    for known in list(_open):
        if known.look() is None:
            _forget(known)
    if counted not in _open:
        _open.append(counted)


def begin_cell() -> None:
    """A cell begins: what was left half-way before it counts only if it goes on."""
    _found.clear()
    _found.update((counted, counted.done) for counted in list(_open))


def outermost() -> position.Progress | None:
    """How far the loop around all others that count themselves is; None if there is none."""
    for counted in list(_open):
        if _found.get(counted, -1) == counted.done:
            continue
        seen = counted.look()
        if seen is not None:
            return seen
        _forget(counted)
    return None


def _forget(counted: Counted) -> None:
    _found.pop(counted, None)
    if counted in _open:
        _open.remove(counted)


def describe(progress: position.Progress) -> str:
    """One line: ``epoch  37% ████▍     37/100  3.1/s  20s left``."""
    words = [progress.label] if progress.label else []
    if progress.total:
        part = min(1.0, progress.done / progress.total)
        eighths = int(part * _WIDTH * 8)
        rest = _EIGHTHS[eighths % 8] if eighths < 8 * _WIDTH else ""
        words += [f"{part:4.0%}", f"{'█' * (eighths // 8)}{rest}".ljust(_WIDTH)]
        words.append(f"{progress.done}/{progress.total:g}")
    else:
        words.append(str(progress.done))
    words.append(f"in {progress.seconds:.0f}s")
    if progress.rate:
        words.append(f"{progress.rate:.3g}/s")
        if progress.total and progress.done < progress.total and not progress.closed:
            words.append(f"{(progress.total - progress.done) / progress.rate:.0f}s left")
    return "  ".join(words)


@overload
def progress(iterable: Iterable[T], total: float | None = None, label: str = "") -> Progress[T]: ...


@overload
def progress(
    iterable: None = None, total: float | None = None, label: str = ""
) -> Progress[Any]: ...


def progress(
    iterable: Iterable[Any] | None = None, total: float | None = None, label: str = ""
) -> Progress[Any]:
    """Count what a loop takes from ``iterable``, and show how far it is and when it will be done.

    ``for batch in nbtrack.progress(loader): ...`` shows a bar in the live view below the cell; in
    scripts, terminals and notebooks that run without a person, a line of text on stderr. Without
    an iterable: ``with nbtrack.progress(total=100) as bar: bar.update()``.

    Args:
        iterable: Anything to iterate over.
        total: How many there will be; by default ``len(iterable)`` if it has one.
        label: What is counted, such as ``"epoch"``.
    """
    return Progress(iterable, total, label)
