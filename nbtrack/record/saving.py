"""Which files ``save()`` means, and what they are called in the run."""

from __future__ import annotations

import glob as globbing
import os
from pathlib import Path

from .._errors import UsageError
from .artifacts.draft import files_below

_OPERATION = "save files"


def files_to_save(
    pattern: str | os.PathLike[str], base_path: str | os.PathLike[str] | None, leave_out: Path
) -> dict[str, Path]:
    """Every file that a pattern means, by its path relative to the base.

    A folder means all files below it. A link is followed if it was named itself, or if it leads to
    a file inside the base; ``leave_out`` is not looked into.

    Raises:
        UsageError: The pattern cannot be used, or a file lies outside the base.
    """
    try:
        text = os.path.expanduser(os.fspath(pattern))
    except TypeError:
        raise UsageError(f"{pattern!r} is no path", operation=_OPERATION) from None
    if not isinstance(text, str) or not text or "\0" in text:
        raise UsageError(f"{pattern!r} is no path", operation=_OPERATION)
    base = Path(os.path.abspath(base_path if base_path is not None else _base_of(text)))
    named = Path(os.path.abspath(text))
    if named.is_file():
        return {_relative(named, base): named}
    found: dict[str, Path] = {}
    for match in sorted(globbing.glob(text, recursive=True)):
        path = Path(os.path.abspath(match))
        if path.is_dir():
            if path != base:
                _relative(path, base)
            below = files_below(path, "", leave_out)
            found |= {_relative(file, base): file for file in below.values()}
        elif path.is_symlink() and not path.resolve().is_relative_to(base.resolve()):
            continue
        elif path.is_file():
            found[_relative(path, base)] = path
    return {name: file for name, file in found.items() if not file.is_relative_to(leave_out)}


def _base_of(pattern: str) -> str:
    """The working directory, or of an absolute pattern the folder of its part without wildcards."""
    if not os.path.isabs(pattern):
        return "."
    folder = os.path.dirname(pattern)
    while globbing.has_magic(folder):
        folder = os.path.dirname(folder)
    return folder


def _relative(path: Path, base: Path) -> str:
    if not path.is_relative_to(base):
        raise UsageError(
            f"{path} lies outside of {base}",
            operation=_OPERATION,
            hint="Give a base_path above it.",
        )
    return path.relative_to(base).as_posix()
