"""An exception at any line, or any instruction, of the library: what a stop button can do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Literal

import nbtrack

PACKAGE = os.path.dirname(os.path.abspath(nbtrack.__file__)) + os.sep

Events = Literal["line", "opcode"]


class Interrupt(BaseException):
    """Raised where the test says."""


def count_events(action: Callable[[], object], events: Events) -> int:
    """How many lines or instructions of the library ``action`` runs through on this thread."""
    return _run(action, events, -1, _raise)[0]


def interrupt(action: Callable[[], object], events: Events, at: int) -> str | None:
    """Run ``action`` and raise at its ``at``-th event. Where that was; None if it never came."""
    return _run(action, events, at, _raise)[1]


def reenter(
    action: Callable[[], object], events: Events, at: int, other: Callable[[], object]
) -> str | None:
    """Run ``action`` and do something else at its ``at``-th event, as a signal handler may."""
    return _run(action, events, at, other)[1]


def places(count: int, stride: int) -> Iterator[int]:
    """Every ``stride``-th of ``count`` events; not the same ones in each stretch of code."""
    return iter(range(count % stride, count, stride))


def _raise() -> None:
    raise Interrupt


def _run(
    action: Callable[[], object], events: Events, at: int, do: Callable[[], object]
) -> tuple[int, str | None]:
    seen = 0
    where: str | None = None

    def enter(frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        # Python itself swallows what a finalizer raises.
        if not frame.f_code.co_filename.startswith(PACKAGE) or frame.f_code.co_name == "__del__":
            return None
        frame.f_trace_lines = events == "line"
        frame.f_trace_opcodes = events == "opcode"
        return step

    def step(frame: FrameType, event: str, arg: Any) -> Callable[..., Any]:
        nonlocal seen, where
        if event == events:
            seen += 1
            if seen == at + 1:
                name = frame.f_code.co_filename.removeprefix(PACKAGE)
                where = f"{name}:{frame.f_lineno} in {frame.f_code.co_name}"
                if events == "opcode":
                    where += f" at {frame.f_lasti}"
                do()
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        next(_apart(action), None)
    except Interrupt:
        pass
    finally:
        sys.settrace(before)
    assert sys.exception() is None
    return seen, where


def _apart(action: Callable[[], object]) -> Iterator[None]:
    """``action`` in a generator.

    Raising between two instructions of an ``except`` clause can leave Python believing that its
    exception is still being handled, and every later one would be chained to it. What a generator
    handles ends with the generator.
    """
    action()
    yield
