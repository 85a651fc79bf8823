"""Functions of frameworks that do something more: what :func:`nbtrack.autolog` is made of.

What takes the place of a function is a function too, of the same name and signature: it is found by
pickle and inspect as the one before.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from .._errors import NbtrackWarning

# The frameworks that log by themselves.
logging: set[str] = set()

_MARK = "_nbtrack_framework"

Args = tuple[Any, ...]
Kwargs = dict[str, Any]
Around = Callable[[Callable[..., Any], Args, Kwargs], Any]


def around(framework: str, owner: Any, name: str, call: Around) -> None:
    """Have ``call(original, args, kwargs)`` answer calls of a function, while it logs by itself.

    Done once, however often it is asked for. Of a method, ``args`` begins with the object.

    Args:
        framework: Its key in :data:`~nbtrack.integrations.FRAMEWORKS`.
        owner: The module or class that has the function.
        name: The function's name there.
        call: Calls the original; what it raises reaches the person who called.
    """
    original = vars(owner).get(name)
    if not callable(original):  # such as a partialmethod, which a class makes a function of
        original = getattr(owner, name)
    if hasattr(original, _MARK):
        return

    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        if framework not in logging:
            return original(*args, **kwargs)
        return call(original, args, kwargs)

    setattr(function, _MARK, framework)
    setattr(owner, name, function)


def before(
    framework: str, owner: Any, name: str, prepare: Callable[[Args, Kwargs], tuple[Args, Kwargs]]
) -> None:
    """Have ``prepare(args, kwargs)`` change what a function is called with; see :func:`around`.

    If it raises, the function is called as it was, and a warning says why nothing is logged.
    """

    def call(original: Callable[..., Any], args: Args, kwargs: Kwargs) -> Any:
        prepared = guarded(framework, prepare, args, dict(kwargs))
        args, kwargs = prepared or (args, kwargs)
        return original(*args, **kwargs)

    around(framework, owner, name, call)


def guarded(framework: str, ours: Callable[..., Any], *args: Any) -> Any:
    """What a function of ours gives; if it raises, None and a warning."""
    try:
        return ours(*args)
    except Exception as error:  # the person's training goes on without us
        warnings.warn(
            f"nbtrack could not log what {framework} did: {type(error).__name__}: {error}",
            NbtrackWarning,
            stacklevel=3,
        )
        return None
