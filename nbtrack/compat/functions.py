"""Functions of ``wandb`` that have nothing, or nearly nothing, to do here."""

from __future__ import annotations

import sys
from typing import Any

from .. import _current


def login(*args: Any, **kwargs: Any) -> bool:
    """Does nothing: there is no account. Always True."""
    return True


def setup(settings: Any = None) -> None:
    """Does nothing: nothing has to be set up."""


def teardown(exit_code: int | None = None) -> None:
    """End the current run, if there is one."""
    run = _current.get_run()
    if run is not None:
        run.finish(exit_code)


# Its old name.
join = teardown


def require(*args: Any, **kwargs: Any) -> None:
    """Does nothing: there are no features to ask for."""


def mark_preempting() -> None:
    """Does nothing: how a run ended is seen from outside, see *how runs end*."""


def termlog(string: str = "", newline: bool = True, **kwargs: Any) -> None:
    """Write a line to stderr."""
    _write(string, newline)


def termwarn(string: str, **kwargs: Any) -> None:
    """Write a warning to stderr."""
    _write(f"WARNING {string}", newline=True)


def termerror(string: str, **kwargs: Any) -> None:
    """Write an error to stderr."""
    _write(f"ERROR {string}", newline=True)


def _write(text: str, newline: bool) -> None:
    sys.stderr.write(text + "\n" * newline)
