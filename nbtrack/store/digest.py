"""What a stretch of rows adds up to, kept beside them so that nobody has to scan them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

Value = tuple[float | None, str | None]


class Last(NamedTuple):
    """The last value of a key: who logged it when, and what it was."""

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


class AttemptDigest:
    """The rows of one attempt: number of ``log()`` calls, highest step, last value of each key."""

    __slots__ = ("last", "max_step", "rows")

    def __init__(self, rows: int = 0, max_step: int = -1) -> None:
        self.rows = rows
        self.max_step = max_step
        self.last: dict[str, Last] = {}

    def add(self, other: AttemptDigest) -> None:
        self.rows += other.rows
        self.max_step = max(self.max_step, other.max_step)
        for key, last in other.last.items():
            mine = self.last.get(key)
            if mine is None or mine.before(last):
                self.last[key] = last


class Digest(dict[int, AttemptDigest]):
    """One :class:`AttemptDigest` for each attempt that has rows."""

    def of(self, attempt: int) -> AttemptDigest:
        found = self.get(attempt)
        if found is None:
            found = self[attempt] = AttemptDigest()
        return found

    def add(self, others: Iterable[Digest]) -> None:
        for other in others:
            for attempt, digest in other.items():
                self.of(attempt).add(digest)

    @property
    def rows(self) -> int:
        return sum(digest.rows for digest in self.values())

    def to_json(self) -> str:
        # The json of the standard library keeps NaN and the infinities.
        return json.dumps(
            {
                attempt: [digest.rows, digest.max_step, digest.last]
                for attempt, digest in self.items()
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Digest:
        digests = cls()
        for attempt, (rows, max_step, last) in json.loads(text).items():
            digest = digests[int(attempt)] = AttemptDigest(rows, max_step)
            digest.last = {key: Last(*entry) for key, entry in last.items()}
        return digests
