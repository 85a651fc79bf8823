"""Functions of ``wandb`` that have nothing, or nearly nothing, to do here."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

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


def log_model(
    path: str | os.PathLike[str], name: str | None = None, aliases: Sequence[str] | None = None
) -> None:
    """Record a model in the current run; see :meth:`Run.log_model`.

    Raises:
        NoRunError: There is none.
    """
    _current.require_run("log a model").log_model(path, name, aliases)


def use_model(name: str) -> str:
    """The path of a model; see :meth:`Run.use_model`.

    Raises:
        NoRunError: There is no current run.
    """
    return _current.require_run("use a model").use_model(name)


def restore(
    name: str, run_path: str | None = None, replace: bool = False, root: str | None = None
) -> TextIO | None:
    """Bring back a file that a run kept; see :meth:`Run.restore`.

    Raises:
        NoRunError: There is no current run.
    """
    return _current.require_run("restore a file").restore(name, run_path, replace, root)


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
