"""The current run of this process, and who is asked for the next one.

A module global and no context variable: threads of a kernel do not see a cell's context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import _family, _stacks
from ._errors import NoRunError
from .record.place import recording_into
from .store.layout import Store

if TYPE_CHECKING:
    from ._attempts import CellInfo
    from ._options import RunOptions
    from ._run import Run


class Host(Protocol):
    """What runs belong to: a kernel's session, or a script."""

    def init(self, options: RunOptions) -> Run:
        """Start a run, as ``nbtrack.init()`` was asked to, and make it current."""

    def cell_now(self) -> CellInfo | None:
        """The cell that is running, as far as it can be known."""

    def show(self) -> None:
        """Show the current run below the running cell, where there is one."""

    @property
    def shows_progress(self) -> bool:
        """Whether how far loops are is seen without that they write it."""


_run: Run | None = None
_host: Host | None = None


def get_run() -> Run | None:
    """The current run; None before the first and after the last."""
    return _run


def set_run(run: Run | None) -> None:
    """Make ``run`` the current one: processes started now, and a fault in C code, are of it."""
    global _run
    _run = run
    place = run.place if run is not None else None
    _family.announce(place)
    store = Store(place.run_dir.path.parent.parent) if place is not None else None
    recording_into(store, disabled=run is not None and store is None)
    _stacks.keep(run.stack_path if run is not None else None)


def attempt_changed(run: object) -> None:
    """Rows of ``run`` belong to another attempt from now on."""
    if _run is not None and _run is run:
        _family.announce(_run.place)


def forget(run: object) -> None:
    """``run`` has ended."""
    if _run is run:
        set_run(None)


def require_run(operation: str) -> Run:
    """The current run.

    Raises:
        NoRunError: There is none.
    """
    if _run is None:
        raise NoRunError(
            "there is no current run", operation=operation, hint="nbtrack.init() starts one."
        )
    return _run


def get_host() -> Host | None:
    """Who starts runs in this process, once that is decided."""
    return _host


def set_host(host: Host | None) -> None:
    """From now on ``host`` starts the runs of this process."""
    global _host
    _host = host
