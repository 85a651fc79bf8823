"""The current run of this process, and who is asked for the next one.

A module global and no context variable: threads of a kernel do not see a cell's context. A thread
that records a run beside others, a trial of a study say, can have a current run of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
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


# What log() asks first: the current run; None while any thread has one of its own.
_run: Run | None = None
_common: Run | None = None
# Current runs of threads that have their own, by the threads' identifiers.
_own: dict[int, Run | None] = {}
_host: Host | None = None


def get_run() -> Run | None:
    """The current run; None before the first and after the last."""
    return _run or _own.get(get_ident(), _common)


def set_run(run: Run | None) -> None:
    """Make ``run`` the current one: processes started now, and a fault in C code, are of it.

    In a thread with a current run of its own it is that thread's, and nothing else changes.
    """
    thread = get_ident()
    if thread in _own:
        _own[thread] = run
    else:
        _set_common(run)


def _set_common(run: Run | None) -> None:
    global _common
    _common = run
    _show()
    place = run.place if run is not None else None
    _family.announce(place)
    store = Store(place.run_dir.path.parent.parent) if place is not None else None
    recording_into(store, disabled=run is not None and store is None)
    _stacks.keep(run.stack_path if run is not None else None)


def _show() -> None:
    global _run
    _run = None if _own else _common
    if _own:  # another thread came between
        _run = None


def has_own() -> bool:
    """Whether the calling thread has a current run of its own."""
    return get_ident() in _own


@contextmanager
def own_run() -> Iterator[None]:
    """The calling thread has a current run of its own meanwhile: at first the one that is.

    Threads and processes that it starts know nothing of it.
    """
    thread = get_ident()
    if thread in _own:
        yield
        return
    _own[thread] = get_run()
    _show()
    try:
        yield
    finally:
        del _own[thread]
        _show()


def attempt_changed(run: object) -> None:
    """Rows of ``run`` belong to another attempt from now on."""
    if _common is not None and _common is run:
        _family.announce(_common.place)


def forget(run: object) -> None:
    """``run`` has ended."""
    for thread, own in list(_own.items()):
        if own is run:
            _own[thread] = None
    if _common is run:
        _set_common(None)


def require_run(operation: str) -> Run:
    """The current run.

    Raises:
        NoRunError: There is none.
    """
    run = get_run()
    if run is None:
        raise NoRunError(
            "there is no current run", operation=operation, hint="nbtrack.init() starts one."
        )
    return run


def get_host() -> Host | None:
    """Who starts runs in this process, once that is decided."""
    return _host


def set_host(host: Host | None) -> None:
    """From now on ``host`` starts the runs of this process."""
    global _host
    _host = host
