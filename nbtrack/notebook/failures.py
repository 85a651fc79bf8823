"""The exception of a cell, as a run keeps it: the person's own frames, lines of the cell."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from .._attempts import CellInfo
from ..store.schema import Failure
from .cells import storable
from .magics import dropped_lines, leading_lines

# codeop compiles the statements of a cell, one by one.
_MACHINERY = frozenset({"IPython", "ipykernel", "codeop", "nbtrack"})
# What %%time compiles the cell below it as.
_TIMED = frozenset({"<timed exec>", "<timed eval>"})
_LONGEST_MESSAGE = 10_000
_LONGEST_TRACEBACK = 100_000

# The label of a cell that was compiled under this file name, None for any other file.
Label = Callable[[str], str | None]


def failure_of(error: BaseException, cell: CellInfo, label_of: Label) -> Failure:
    """``error``, which ended ``cell``."""
    line, text = None, ""
    with suppress(Exception):  # an exception may have any properties, also some that raise
        place = _Place(error, cell, label_of)
        line = place.line_of(error)
        shown = traceback.TracebackException(type(error), error, None, compact=True)
        _keep_own_frames(shown, error, place)
        text = "".join(shown.format())
    return Failure(
        type=type(error).__name__,
        message=_cut(storable(_message(error)), _LONGEST_MESSAGE),
        traceback=_cut(storable(text), _LONGEST_TRACEBACK),
        cell=cell.label,
        line=line,
    )


class _Place:
    """Where the lines of a traceback are in the cell that the person sees."""

    def __init__(self, error: BaseException, cell: CellInfo, label_of: Label) -> None:
        self._cell = cell
        self._label_of = label_of
        self._source = cell.source.splitlines()
        first = next(iter(_own_frames(error.__traceback__)), None)
        file = first[0].tb_frame.f_code.co_filename if first else None
        self._file = file if file is not None and self._compiled_from(file) else None

    def _compiled_from(self, file: str) -> bool:
        """Whether ``file`` is what the cell, or the part of it below a cell magic, became."""
        label = self._label_of(file)
        if label is None:
            return False
        # A cell that another one runs gets the next number: then the text has to tell.
        code = "".join(linecache.getlines(file)).split("\n")
        last = next((line.strip() for line in reversed(code) if line.strip()), None)
        own = next((line.strip() for line in reversed(self._source) if line.strip()), None)
        return label == self._cell.label or last == own

    def line_of(self, error: BaseException) -> int | None:
        """The line in the cell that the error came from."""
        line = None
        for trace, number in _own_frames(error.__traceback__):
            file = trace.tb_frame.f_code.co_filename
            if self.is_here(file):
                line = self.line(file, number)
        if line is None and isinstance(error, SyntaxError) and error.lineno:
            file = error.filename or ""
            line = self.line(file, error.lineno) if self._label_of(file) else None
        return line

    def is_here(self, file: str) -> bool:
        """Whether code of this file is the cell's."""
        if file in _TIMED:
            return leading_lines(self._cell.source, below="time") is not None
        return file == self._file

    def name(self, file: str) -> str:
        """How a traceback names the file."""
        label = self._cell.label if self.is_here(file) else self._label_of(file)
        return file if label is None else f"Cell {label}"

    def line(self, file: str, number: int) -> int:
        """The cell's line, for a line of the code that was compiled from it.

        Lines can be missing from the start of that code, and magics within can change their
        number: so the text decides, among equal texts the one nearest to where it should be.
        """
        if file in _TIMED:
            return number + (leading_lines(self._cell.source, below="time") or 0)
        code = linecache.getlines(file)
        from_start = number + dropped_lines(self._cell.source)
        from_end = number + len(self._source) - len(code)
        text = code[number - 1].strip() if 0 < number <= len(code) else ""
        same = [at for at, line in enumerate(self._source, 1) if text and line.strip() == text]
        if not same:
            return max(1, min(from_start, len(self._source)))
        return min(same, key=lambda at: min(abs(at - from_start), abs(at - from_end)))

    def text(self, line: int) -> str:
        """What the person wrote there."""
        return self._source[line - 1] if 0 < line <= len(self._source) else ""


def _own_frames(trace: TracebackType | None) -> list[tuple[TracebackType, int]]:
    """The frames that are not of IPython, the kernel or nbtrack, with their lines."""
    found = []
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in _MACHINERY:
            found.append((trace, trace.tb_lineno))
        trace = trace.tb_next
    return found


def _keep_own_frames(
    shown: traceback.TracebackException, error: BaseException, place: _Place
) -> None:
    """Give ``shown``, and what it was chained to, the frames that a person wants to see."""
    pending: list[tuple[traceback.TracebackException | None, BaseException | None]]
    pending = [(shown, error)]
    while pending:
        shown_now, error_now = pending.pop()
        if shown_now is None or error_now is None:
            continue
        shown_now.stack = traceback.StackSummary.from_list(
            [
                _summary(trace, number, place)
                for trace, number in _own_frames(error_now.__traceback__)
            ]
        )
        if isinstance(error_now, SyntaxError) and error_now.filename and error_now.lineno:
            name = place.name(error_now.filename)
            if name != error_now.filename:
                shown_now.filename = name
                shown_now.lineno = str(place.line(error_now.filename, error_now.lineno))
        pending.append((shown_now.__cause__, error_now.__cause__))
        pending.append((shown_now.__context__, error_now.__context__))
        if shown_now.exceptions and isinstance(error_now, BaseExceptionGroup):
            pending.extend(zip(shown_now.exceptions, error_now.exceptions, strict=False))


def _summary(trace: TracebackType, number: int, place: _Place) -> traceback.FrameSummary:
    code = trace.tb_frame.f_code
    file = code.co_filename
    if place.is_here(file):
        number = place.line(file, number)
        text = place.text(number)
    else:
        text = linecache.getline(file, number, trace.tb_frame.f_globals)
    # IPython 7 and early ones of 8 name the code of a cell after its first line.
    name = "<module>" if code.co_name.startswith("<cell line") else code.co_name
    return traceback.FrameSummary(place.name(file), number, name, lookup_line=False, line=text)


def _message(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError) and error.msg:
            # Its text names a temporary file instead of the cell.
            return str(error.msg)
        return str(error)
    except Exception:  # the __str__ is not ours
        return "(its text cannot be shown)"


def _cut(text: str, longest: int) -> str:
    """The start and the end of a text that is too long to keep."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters left out]\n{text[-half:]}"
