"""tqdm: how far its bars are is how far the run is."""

from __future__ import annotations

import weakref
from typing import Any

from tqdm import auto, std

from .._progress import follow
from ..store.position import Progress
from . import _patching

__all__ = ["autolog", "tqdm", "trange"]

_NAME = "tqdm"


class tqdm(auto.tqdm):
    """tqdm's own bar for where it runs, with the same arguments.

    Who looks at the run sees how far it is: nothing more is done while it counts.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _patching.guarded(_NAME, _follow, self)


def trange(*args: Any, **kwargs: Any) -> tqdm:
    """``tqdm(range(*args), **kwargs)``."""
    return tqdm(range(*args), **kwargs)


def autolog() -> None:
    """Show every bar that begins from now on, whoever makes it."""

    def begin(original: Any, args: Any, kwargs: Any) -> None:
        original(*args, **kwargs)
        _patching.guarded(_NAME, _follow, args[0])

    # All kinds of bars are made of this one.
    _patching.around(_NAME, std.tqdm, "__init__", begin)


def _follow(bar: Any) -> None:
    if not bar.disable:
        follow(_Bar(bar))


class _Bar:
    """A bar that is looked at, and not kept alive by that."""

    def __init__(self, bar: Any) -> None:
        self._bar = weakref.ref(bar)
        self._id = id(bar)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bar) and self._bar() is other._bar()

    def __hash__(self) -> int:
        return self._id

    @property
    def done(self) -> float:
        """Items so far, as of when tqdm last had reason to look."""
        return float(getattr(self._bar(), "n", 0))

    def look(self) -> Progress | None:
        """What tqdm would draw now; None if it is closed or gone."""
        bar = self._bar()
        if bar is None or bar.disable:
            return None
        told = bar.format_dict
        done, total, seconds = told["n"], told["total"], told["elapsed"]
        rate = told["rate"]
        if not rate and seconds:  # before the second time that it is drawn
            rate = (done - told["initial"]) / seconds
        return Progress(
            label=str(told["prefix"]).rstrip(": "),
            done=int(done),
            total=float(total) if total is not None else None,
            seconds=round(seconds, 1),
            rate=float(rate) if rate else None,
        )
