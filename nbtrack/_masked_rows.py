"""Masks console text, which comes in pieces, with a view to what its rows already hold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from ._screen import RowChange

# As many rows as a cursor may still move over.
_ROWS = 64
# How much of a row is looked at again when text is put behind it.
_CONTEXT = 256
# Longer rows are looked at in parts: such a one is data, not text.
_LONGEST_ROW = 64 * 1024


class MaskedRows:
    """The rows of one stream, as they were shown and as they are recorded.

    A piece is looked at together with the row that it goes on with. Where only both together are a
    secret, what was recorded of it is replaced: less than the whole reached the disk.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._rows: OrderedDict[int, tuple[str, str]] = OrderedDict()
        self._key_begun = ""

    def take(self, change: RowChange) -> RowChange:
        """The change to record."""
        row, start, text = change
        if start and row not in self._rows:
            return change._replace(text=self._mask(text))
        shown, recorded = self._rows.get(row, ("", ""))
        same = shown == recorded
        skipped = max(0, start - _CONTEXT) if same and start == len(shown) else 0
        raw = shown[skipped:start] + text
        begun = self._key_begun
        masked = self._mask(begun + raw)[len(begun) :]
        self._key_begun = _begun_key(begun + raw)
        self._keep(row, shown[:skipped] + raw, recorded[:skipped] + masked)
        if same and masked == raw:
            return change
        # As much of the row as was recorded in the same way stays.
        kept = _equal(masked.partition("\n")[0], recorded[skipped:])
        return RowChange(row, skipped + kept, masked[kept:])

    def _keep(self, row: int, shown: str, recorded: str) -> None:
        both = list(zip(shown.split("\n"), recorded.split("\n"), strict=True))
        for at, rows in enumerate(both[-_ROWS:], start=row + max(0, len(both) - _ROWS)):
            self._rows.pop(at, None)
            if len(rows[0]) <= _LONGEST_ROW:
                self._rows[at] = rows
        while len(self._rows) > _ROWS:
            self._rows.popitem(last=False)


def _equal(text: str, other: str) -> int:
    """With how many equal characters two texts begin."""
    differ = (at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two)
    return next(differ, min(len(text), len(other)))


def _begun_key(text: str) -> str:
    """The first line of a private key that has not come to its end; else nothing."""
    begin = text.rfind("-----BEGIN ")
    if begin < 0 or "-----END" in text[begin:]:
        return ""
    line, found, _ = text[begin:].partition("\n")
    return line + "\n" if found and "PRIVATE KEY" in line else ""
