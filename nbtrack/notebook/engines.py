"""Engines of ipyparallel: kernels without a notebook, to which a client sends work.

What ``%%px`` sends is a cell like any other. Of functions that are applied, and of what
``execute()`` of a view sends, IPython tells nobody. It is told here, so that their rows belong to
attempts, and one that raises, or in which the engine dies, is known to have failed. What logs
nothing leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from .. import _family
from .._options import RunOptions

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

_KINDS = ("apply", "execute")
_APPLIED = "# a function that a client of ipyparallel applied"


def engine_number(shell: InteractiveShell) -> int | None:
    """Which engine of its cluster this kernel is; None if it is none."""
    return getattr(getattr(shell, "kernel", None), "engine_id", None)


def work_of(request: Any) -> ExecutionInfo | None:
    """The work that a request to an engine is; None if it is a cell, or something else."""
    from IPython.core.interactiveshell import ExecutionInfo

    header, content = request.get("header", {}), request.get("content", {})
    if header.get("msg_type") == "apply_request":
        # Each is one of its own: that another one works out later mends nothing.
        return ExecutionInfo(_APPLIED, False, True, True, f"apply-{header.get('msg_id')}")
    if header.get("msg_type") == "execute_request" and content.get("silent"):
        code = content.get("code", "")
        same = blake2b(code.encode("utf-8", "replace"), digest_size=8).hexdigest()
        return ExecutionInfo(code, False, True, True, f"execute-{same}")
    return None


def name_of(info: ExecutionInfo) -> str | None:
    """What a person calls work that has no number; None for a cell."""
    kind = str(getattr(info, "cell_id", None)).partition("-")[0]
    return kind if info.silent and kind in _KINDS else None


def work_now(shell: InteractiveShell) -> ExecutionInfo | None:
    """The work that this kernel does now; None if it is no engine, or does something else."""
    if engine_number(shell) is None:
        return None
    return work_of(shell.get_parent())  # type: ignore[attr-defined]


def describe(shell: InteractiveShell, options: RunOptions) -> None:
    """Say which engine's run this is, and whose: that of the process that started the cluster."""
    number = engine_number(shell)
    if number is None:
        return
    options.tags = [*options.tags, f"engine-{number}"]
    options.job_type = options.job_type or "engine"
    options.group = options.group or _family.announced_id()


class Work:
    """Tells when the work that a client sends to this engine begins and ends."""

    def __init__(
        self,
        shell: InteractiveShell,
        begin: Callable[[ExecutionInfo], None],
        end: Callable[[ExecutionResult], None],
    ) -> None:
        self._shell = shell
        self._begin = begin
        self._end = end
        self._take_off: list[Callable[[], None]] = []

    def install(self) -> None:
        """Begin to tell, if this is an engine. May be repeated."""
        if engine_number(self._shell) is None or self._take_off:
            return
        kernel = self._shell.kernel  # type: ignore[attr-defined]
        # Every kernel has these two around what it executes.
        before, after = kernel.init_metadata, kernel.finish_metadata

        def init_metadata(parent: Any, *args: Any, **kwargs: Any) -> Any:
            info = work_of(parent)
            if info is not None:
                self._begin(info)
            return before(parent, *args, **kwargs)

        def finish_metadata(parent: Any, *args: Any, **kwargs: Any) -> Any:
            from IPython.core.interactiveshell import ExecutionResult

            info = work_of(parent)
            if info is not None:
                self._end(ExecutionResult(info))
            return after(parent, *args, **kwargs)

        for name, method in (
            ("init_metadata", init_metadata),
            ("finish_metadata", finish_metadata),
        ):
            setattr(kernel, name, method)
            self._take_off.append(_taker(kernel, name, method))

    def remove(self) -> None:
        """Tell nothing any more."""
        for take_off in self._take_off:
            take_off()
        self._take_off.clear()


def _taker(kernel: Any, name: str, method: Any) -> Callable[[], None]:
    def take_off() -> None:
        if vars(kernel).get(name) is method:
            delattr(kernel, name)

    return take_off
