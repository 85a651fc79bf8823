"""What is known of a cell from IPython, and how it ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from .._attempts import CellInfo
from ..store.schema import Outcome
from . import engines
from .magics import TrackOptions

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

_VSCODE = "vscode-notebook-cell:"


class Execution(NamedTuple):
    """A cell that is being executed."""

    info: ExecutionInfo
    number: int | None


def executions(shell: InteractiveShell) -> list[Execution]:
    """The cells that this thread is executing, outermost first: ``%%capture`` runs one in another.

    Read from the stack. IPython tells nobody what runs now, its hooks are not called in every
    case, and its ``execution_count`` is this cell's before IPython 9.9 and the next one's since.
    """
    found: list[Execution] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if (
            frame.f_code.co_name == "run_cell_async"
            and frame.f_globals.get("__name__") == "IPython.core.interactiveshell"
        ):
            names = frame.f_locals
            result = names.get("result")
            info = getattr(result, "info", None)
            if info is not None and names.get("self") is shell:
                found.append(Execution(info, getattr(result, "execution_count", None)))
        frame = frame.f_back
    found.reverse()
    return found


def execution_now(shell: InteractiveShell) -> Execution | None:
    """What this thread executes that counts as a cell, or as an engine's work; None if nothing."""
    found = executions(shell)
    if found and not found[0].info.silent:
        return found[0]
    work = engines.work_now(shell)
    return Execution(work, None) if work is not None else None


def describe(execution: Execution, options: TrackOptions | None) -> CellInfo:
    """A cell as an attempt keeps it."""
    source = storable(execution.info.raw_cell or "")
    tracked = options is not None
    options = options or TrackOptions()
    return CellInfo(
        cell_id=_id_of(execution.info) or _digest(source),
        execution_count=execution.number,
        source=source,
        name=options.name or engines.name_of(execution.info),
        tags=options.tags,
        config=options.config,
        aside=not tracked and not execution.info.store_history,
    )


def describe_inputs(inputs: Sequence[str]) -> Iterator[CellInfo]:
    """The cells in IPython's history of inputs, which counts from 1."""
    for number, raw in enumerate(inputs):
        source = storable(raw)
        if source.strip():
            yield CellInfo(cell_id=_digest(source), execution_count=number, source=source)


def is_of_a_program(shell: InteractiveShell, info: ExecutionInfo) -> bool:
    """Whether a program such as nbclient runs the cell: it names none, and answers no question."""
    return getattr(info, "cell_id", None) is None and is_asked_by_a_program(shell)


def is_asked_by_a_program(shell: InteractiveShell) -> bool:
    """Whether what the kernel does was asked for by somebody who answers no question."""
    get_request = getattr(shell, "get_parent", None)  # a kernel's shell has it
    return get_request is not None and not get_request().get("content", {}).get("allow_stdin", True)


def ends_the_notebook(shell: InteractiveShell, info: ExecutionInfo) -> bool:
    """Whether nobody goes on if this cell fails.

    A program stops at an error, unless the cell may raise one.
    """
    if not is_of_a_program(shell, info):
        return False
    request = shell.get_parent().get("content", {})  # type: ignore[attr-defined]
    return bool(request.get("stop_on_error", False))


def storable(text: str) -> str:
    """The text without what UTF-8 cannot hold, such as the undecodable bytes of a file name."""
    return text.encode("utf-8", "backslashreplace").decode()


def _id_of(info: ExecutionInfo) -> str | None:
    """What the front end calls the cell.

    VS Code gives the address of its editor: the notebook's path, which changes, and then the cell.
    """
    found: str | None = getattr(info, "cell_id", None)
    if found is not None and found.startswith(_VSCODE):
        return unquote(found.rpartition("#")[2])
    return found


def _digest(source: str) -> str:
    """An id for a cell whose front end gives it none: the same text is the same cell."""
    return "text-" + blake2b(source.encode(), digest_size=8).hexdigest()


def outcome_of(
    result: ExecutionResult | None, before: Any, after: Any
) -> tuple[Outcome, BaseException | None]:
    """How a cell ended, and the exception that says so.

    ``%run``, ``%%capture`` and others swallow the exception from ``result`` while the person sees
    its traceback. What was shown is in ``sys.last_value``, which an exception that was handled
    leaves alone; ``before`` and ``after`` are what it held.

    Args:
        result: None if IPython has none: the execution was cancelled.
        before: ``sys.last_value`` when the cell began.
        after: The same when it had ended.
    """
    error = None
    if result is not None:
        error = result.error_before_exec or result.error_in_exec
    if error is None and after is not before and isinstance(after, BaseException):
        error = after
    if error is None:
        return ("finished" if result is not None else "interrupted"), None
    if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
        return "interrupted", error
    if isinstance(error, SystemExit) and not error.code:
        return "finished", None
    return "failed", error
