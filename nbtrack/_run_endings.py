"""What is asked before an attempt ends, whether there is more to record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ._timeline import Timeline
from .store.schema import Failure, Outcome


class Endings(Timeline):
    """The part of a run that lets others record something last."""

    _asked: dict[object, Callable[[], None]] | None = None

    def before_end(self, who: object, ask: Callable[[], None]) -> None:
        """Have ``ask`` called once, before the attempt or the run ends.

        Args:
            who: What is asked on behalf of; the latest ``ask`` of each counts.
            ask: Records what there is. It has to be quick: a kernel that shuts down waits for it.
        """
        if self._asked is None:
            self._asked = {}
        self._asked[who] = ask

    def end_attempt(self, outcome: Outcome, failure: Failure | None) -> None:
        """The tracked cell has ended so. Does nothing if none is open."""
        while self._asked:
            _, ask = self._asked.popitem()
            with contextlib.suppress(Exception):  # the attempt has to end
                ask()
        super().end_attempt(outcome, failure)
