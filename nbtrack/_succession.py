"""What becomes of the run that was current when another begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import _current

if TYPE_CHECKING:
    from ._attempts import CellInfo
    from ._run import Run


class Succession(Protocol):
    """What becomes of the run that was current before this one."""

    def settle(self) -> None:
        """This run is used: the one before ends."""

    def nest(self) -> None:
        """This run is entered by ``with``: the one before waits."""

    def leave(self) -> None:
        """The ``with`` statement is left: the one before goes on."""


class Takeover:
    """A run begins where another was current: the other ends, unless ``with`` nests them.

    A run without rows is taken over whole: nothing of it stays. Else it ends, and the cell that
    runs goes on as an attempt of the new run; if the cell had logged nothing yet, its attempt
    moves.
    """

    def __init__(self, old: Run, new: Run, cell: CellInfo | None) -> None:
        self._old = old
        self._new = new
        self._cell = cell

    def settle(self) -> None:
        """The old run ends."""
        old = self._old
        if not old.finished:
            if old.is_untouched:
                old.discard()
            else:
                old.let_go(self._cell)
                old.close("the next run began")
        self._begin()

    def nest(self) -> None:
        """The old run waits."""
        self._begin()

    def leave(self) -> None:
        """The old run goes on."""
        if not self._old.finished:
            _current.set_run(self._old)

    def _begin(self) -> None:
        if self._cell is not None and self._new.open_attempt is None:
            self._new.begin_attempt(self._cell)
