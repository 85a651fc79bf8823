"""Files of a store that lie somewhere else until somebody reads them.

A store at a place is read through a local copy of it. Whoever copies it registers here what brings
the files that are not copied yet; readers ask for a file before they open it. Of every other store
nothing is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol


class Elsewhere(NamedTuple):
    """A file where it is.

    Attributes:
        size: Bytes.
        modified: When it was put there, nanoseconds since 1970.
    """

    size: int
    modified: int


class Source(Protocol):
    """Where the files of a store are."""

    def fetch(self, path: Path) -> None:
        """Put a file where it belongs, unless it is there or nobody has it.

        Raises:
            NbtrackError: It cannot be brought.
        """

    def files(self, folder: Path) -> Mapping[Path, Elsewhere]:
        """The files below a folder that are known, brought or not."""


_sources: dict[Path, Source] = {}


def register(root: Path, source: Source) -> None:
    """The files below ``root`` come from ``source``."""
    _sources[root] = source


def fetched(path: Path) -> Path:
    """The path itself; the file is there now, if there is one.

    Raises:
        NbtrackError: It cannot be brought.
    """
    source = _source_of(path)
    if source is not None:
        source.fetch(path)
    return path


def fetched_below(folder: Path) -> Path:
    """The folder itself, with all files that belong in it; raises as :func:`fetched`."""
    source = _source_of(folder)
    if source is not None:
        for path in source.files(folder):
            source.fetch(path)
    return folder


def elsewhere_below(folder: Path) -> Mapping[Path, Elsewhere]:
    """Files below a folder that may not have been brought yet."""
    source = _source_of(folder)
    return source.files(folder) if source is not None else {}


def _source_of(path: Path) -> Source | None:
    if not _sources:
        return None
    return next((s for root, s in _sources.items() if path.is_relative_to(root)), None)
