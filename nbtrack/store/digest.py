"""What a stretch of rows adds up to, kept beside them so that nobody has to scan them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

Value = tuple[float | None, str | None]


class Last(NamedTuple):
    """A value of a key, its last or first: who logged it when, and what it was."""

    writer: str
    seq: int
    time: int
    step: int
    value: float | None
    text: str | None

    def before(self, other: Last) -> bool:
        """Whether ``other`` came later: by sequence in one writer, by the clock between two."""
        if self.writer == other.writer:
            return self.seq < other.seq
        return self.time <= other.time


class Numbers(NamedTuple):
    """The numbers of a key that are not NaN: in how many rows, their sum, and the extremes.

    Of several rows with the same extreme, that with the lowest step counts: so it does not matter
    in which parts they are added up.
    """

    rows: int
    total: float
    low: float
    low_step: int
    high: float
    high_step: int

    def plus(self, other: Numbers) -> Numbers:
        """Those of two stretches of rows together."""
        low, low_step = min((self.low, self.low_step), (other.low, other.low_step))
        high, step = max((self.high, -self.high_step), (other.high, -other.high_step))
        return Numbers(self.rows + other.rows, self.total + other.total, low, low_step, high, -step)

    @property
    def mean(self) -> float:
        """Their arithmetic mean."""
        return self.total / self.rows


class AttemptDigest:
    """The rows of one attempt: number of ``log()`` calls, highest step, and of each key the last
    and the first value, and what its numbers add up to.
    """

    __slots__ = ("first", "last", "max_step", "numbers", "rows")

    def __init__(self, rows: int = 0, max_step: int = -1) -> None:
        self.rows = rows
        self.max_step = max_step
        self.last: dict[str, Last] = {}
        self.first: dict[str, Last] = {}
        self.numbers: dict[str, Numbers] = {}

    def add(self, other: AttemptDigest) -> None:
        self.rows += other.rows
        self.max_step = max(self.max_step, other.max_step)
        for key, last in other.last.items():
            self.take_last(key, last)
        for key, first in other.first.items():
            self.take_first(key, first)
        for key, numbers in other.numbers.items():
            self.take_numbers(key, numbers)

    def take_last(self, key: str, value: Last) -> None:
        known = self.last.get(key)
        if known is None or known.before(value):
            self.last[key] = value

    def take_first(self, key: str, value: Last) -> None:
        known = self.first.get(key)
        if known is None or value.before(known):
            self.first[key] = value

    def take_numbers(self, key: str, numbers: Numbers) -> None:
        known = self.numbers.get(key)
        self.numbers[key] = numbers if known is None else known.plus(numbers)


class Digest(dict[int, AttemptDigest]):
    """One :class:`AttemptDigest` for each attempt that has rows.

    Attributes:
        complete: Whether first values and numbers are known of all rows. Sets that were sealed
            before these were kept know of last values only.
    """

    complete = True

    def of(self, attempt: int) -> AttemptDigest:
        found = self.get(attempt)
        if found is None:
            found = self[attempt] = AttemptDigest()
        return found

    def add(self, others: Iterable[Digest]) -> None:
        for other in others:
            self.complete = self.complete and other.complete
            for attempt, digest in other.items():
                self.of(attempt).add(digest)

    @property
    def rows(self) -> int:
        return sum(digest.rows for digest in self.values())

    def to_json(self) -> str:
        # The json of the standard library keeps NaN and the infinities.
        return json.dumps(
            {
                attempt: [digest.rows, digest.max_step, digest.last, digest.first, digest.numbers]
                for attempt, digest in self.items()
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Digest:
        digests = cls()
        for attempt, (rows, max_step, last, *more) in json.loads(text).items():
            digest = digests[int(attempt)] = AttemptDigest(rows, max_step)
            digest.last = {key: Last(*entry) for key, entry in last.items()}
            if len(more) < 2:
                digests.complete = False
                continue
            digest.first = {key: Last(*entry) for key, entry in more[0].items()}
            digest.numbers = {key: Numbers(*entry) for key, entry in more[1].items()}
        return digests
