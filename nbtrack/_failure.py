"""An exception as a run keeps it."""

from __future__ import annotations

import os
import traceback
from types import TracebackType

from .store.schema import Failure

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def failure_of(error: BaseException, *, cell: str | None = None) -> Failure:
    """``error`` with its traceback, from the first frame on that is not nbtrack's own or of what
    runs a process of multiprocessing.

    ``line`` is where the person's own code, not a library, was last.
    """
    first = error.__traceback__
    while first is not None and _is_machinery(first):
        first = first.tb_next
    text = "".join(traceback.format_exception(type(error), error, first))
    try:
        message = str(error)
    except Exception:  # a foreign __str__ may raise anything
        message = "(its text cannot be shown)"
    return Failure(
        type=type(error).__name__,
        message=message,
        traceback=text,
        cell=cell,
        line=_line(first),
    )


def _is_machinery(trace: TracebackType) -> bool:
    module = str(trace.tb_frame.f_globals.get("__name__", ""))
    is_ours = trace.tb_frame.f_code.co_filename.startswith(_PACKAGE)
    return is_ours or module.startswith("multiprocessing.")


def _line(first: TracebackType | None) -> int | None:
    """The line in the outermost file that the traceback comes from."""
    if first is None:
        return None
    file, line = first.tb_frame.f_code.co_filename, first.tb_lineno
    at = first.tb_next
    while at is not None:
        if at.tb_frame.f_code.co_filename == file:
            line = at.tb_lineno
        at = at.tb_next
    return line
