"""The rows that console text makes, as a person sees them: a progress bar is one row."""

from __future__ import annotations

import re
from typing import NamedTuple

# How far above the last row text may still move the cursor.
_LIVE_ROWS = 64
# Of many updates of a row that come at once, only the last can still be seen.
_UPDATES = 100

_COLOUR = r"\x1b\[[0-9;:]*m"
_MOVES = re.compile(r"[\r\b]|\x1b(?!\[[0-9;:]*m)")
_CONTROL = re.compile(
    r"(\n|\r|\x08|\x1b\[[0-9;?]*[@-ln-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]])"
)
_CUT_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?]*|\][^\x07\x1b]*)?\Z")
_COLOURS = re.compile(_COLOUR)
# A visible character with the colours that go with it.
_CELLS = re.compile(rf"(?:{_COLOUR})*[^\x1b](?:{_COLOUR})*", re.DOTALL)


class RowChange(NamedTuple):
    """``text`` stands behind the first ``start`` characters of row ``row``.

    Each newline in ``text`` begins the next row.
    """

    row: int
    start: int
    text: str

    def after(self) -> tuple[int, int]:
        """The row and the character behind it."""
        rows = self.text.count("\n")
        last = len(self.text) - self.text.rfind("\n") - 1
        return self.row + rows, last if rows else self.start + last


class Screen:
    """Takes text as it comes, and tells what that changed.

    Carriage returns, backspaces and the escapes that move the cursor by rows and columns or erase
    parts of rows do what they do on a terminal of endless width; colours are kept in the text.
    """

    def __init__(self, first_row: int = 0) -> None:
        self._rows: dict[int, str] = {first_row: ""}
        self._told: dict[int, str] = {first_row: ""}
        self._changed: set[int] = set()
        self._pending: list[RowChange] = []
        self._top = self._last = self._row = first_row
        self._column = 0
        self._rest = ""

    @property
    def has_changes(self) -> bool:
        """Whether something is not told yet."""
        return bool(self._pending or self._changed)

    def feed(self, text: str) -> None:
        """Show ``text`` at the cursor."""
        text = self._rest + text
        self._rest = ""
        cut = _CUT_ESCAPE.search(text, max(0, len(text) - _LIVE_ROWS))
        if cut is not None:
            self._rest, text = text[cut.start() :], text[: cut.start()]
        if self._at_end() and _MOVES.search(text) is None:
            self._append(text)
        else:
            self._play(text)

    def changes(self, *, rewrites: bool) -> list[RowChange]:
        """What was not told yet; without ``rewrites``, rows that replace what was told wait."""
        found, self._pending = self._pending, []
        for row in sorted(self._changed):
            text, told = self._rows[row], self._told.get(row)
            start = 0
            if told is not None:
                if text.startswith(told):
                    start = len(told)
                elif not rewrites:
                    continue
                elif told.startswith(text):
                    start = len(text)
            self._told[row] = text
            self._changed.discard(row)
            change = RowChange(row, start, text[start:])
            if told is None and found and found[-1].after()[0] == row - 1:
                change = found[-1]._replace(text=f"{found.pop().text}\n{text}")
            found.append(change)
        return found

    def _at_end(self) -> bool:
        row = self._rows[self._row]
        return (
            self._row == self._last
            and self._row not in self._changed
            and self._column == _width(row)
        )

    def _append(self, text: str) -> None:
        """Text without moves, behind everything: what programs write nearly always."""
        if not text:
            return
        change = RowChange(self._row, len(self._rows[self._row]), text)
        if self._pending and self._pending[-1].after() == change[:2]:
            change = self._pending.pop()
            change = change._replace(text=change.text + text)
        self._pending.append(change)
        first, *others = text.rsplit("\n", _LIVE_ROWS)
        skipped = first.count("\n")
        if skipped:
            self._rows[self._row] = ""
            first = first[first.rfind("\n") + 1 :]
            self._row += skipped
        self._rows[self._row] = self._rows.get(self._row, "") + first
        for at, row in enumerate(others, start=self._row + 1):
            self._rows[at] = row
        for at in range(self._row, self._row + len(others) + 1):
            self._told[at] = self._rows[at]
        self._row += len(others)
        self._last = self._row
        self._column = _width(self._rows[self._row])
        self._scroll()

    def _play(self, text: str) -> None:
        lines = text.split("\n")
        for at, line in enumerate(lines):
            if line.count("\r") > _UPDATES:
                updates = line.split("\r")
                lines[at] = "\r".join([updates[0], *updates[-_UPDATES:]])
        for at, part in enumerate(_CONTROL.split("\n".join(lines))):
            if at % 2:
                self._control(part)
            elif part:
                self._put(part)

    def _put(self, text: str) -> None:
        row = self._rows[self._row]
        self._set(_splice(row, self._column, text))
        self._column += _width(text)

    def _set(self, text: str) -> None:
        if text != self._rows[self._row]:
            self._rows[self._row] = text
            self._changed.add(self._row)

    def _control(self, code: str) -> None:
        count = int(digits) if (digits := code[2:-1]).isdigit() else 1
        match code[0] if len(code) == 1 else code[-1]:
            case "\n":
                self._row += 1
                self._column = 0
                if self._row > self._last:
                    self._last = self._row
                    self._rows[self._row] = ""
                    self._changed.add(self._row)
                    self._scroll()
            case "\r":
                self._column = 0
            case "\b":
                self._column = max(0, self._column - 1)
            case _ if not code.startswith("\x1b["):
                pass
            case "A":
                self._row = max(self._top, self._row - count)
            case "B":
                self._row = min(self._last, self._row + count)
            case "C":
                self._column += count
            case "D":
                self._column = max(0, self._column - count)
            case "G":
                self._column = count - 1
            case "K":
                self._erase(code[2:-1])

    def _erase(self, which: str) -> None:
        cells = _CELLS.findall(self._rows[self._row])
        if which in ("", "0"):
            self._set("".join(cells[: self._column]))
        elif which == "1":
            self._set(" " * self._column + "".join(cells[self._column :]))
        elif which == "2":
            self._set("")

    def _scroll(self) -> None:
        """Forget the rows that the cursor cannot come to any more."""
        top = max(self._top, self._last - _LIVE_ROWS)
        gone = [row for row in self._rows if row < top]
        if any(row in self._changed for row in gone):
            self._pending = self.changes(rewrites=True)
        for row in gone:
            self._rows.pop(row)
            self._told.pop(row, None)
        self._top = top
        self._row = max(self._row, top)


def _width(text: str) -> int:
    """How many characters of it are seen."""
    return len(_COLOURS.sub("", text)) if "\x1b" in text else len(text)


def _splice(row: str, column: int, text: str) -> str:
    """``row`` with ``text`` written over it from ``column`` on."""
    if "\x1b" not in row and "\x1b" not in text:
        return row[:column].ljust(column) + text + row[column + len(text) :]
    cells = _CELLS.findall(row)
    if column >= len(cells):
        return row + " " * (column - len(cells)) + text
    return "".join(cells[:column]) + text + "".join(cells[column + _width(text) :])
