"""What the files of a run are called at a place: as in its directory, but for three.

Each list of what a merged set replaces has a name of its own there, since nothing is replaced that
others read. There is a small document that tells whether the run's owner lives. And segments that
still grow lie there as far as they were written, apart from the journal: a reader of that would
take an old copy of a segment for all of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .layout import LAST_TABLE, RunDir, SegmentName, segment_in, table_in

_RUN = RunDir(Path())
# Without what it is, a run is not there.
INFO = _RUN.info.name
HEARTBEAT = _RUN.alive.name
# Those that may get another content.
DOCUMENTS = tuple(path.name for path in (_RUN.model, _RUN.diff, _RUN.requirements))
_NEWEST = "newest"
_CHANGING = (_RUN.code.name, _RUN.files.name, _NEWEST)


class TableKey(NamedTuple):
    """A table of a run.

    Attributes:
        set: The name of the set that it belongs to.
        merged: Whether that is a merged set.
    """

    set: str
    table: str
    merged: bool


def manifest_key(name: str) -> str:
    """What the list of what a merged set replaces is called."""
    return f"{_RUN.merged.name}/{name}.json"


def is_manifest(key: str) -> bool:
    """Whether that is such a name."""
    return key.startswith(f"{_RUN.merged.name}/") and key.endswith(".json")


def newest_key(name: SegmentName) -> str:
    """What a segment that is not sealed yet is called."""
    return f"{_NEWEST}/{_RUN.segment(name).name}"


def newest_segment(key: str) -> SegmentName | None:
    """The segment that is called so."""
    folder, _, name = key.partition("/")
    return segment_in(name) if folder == _NEWEST else None


def is_replaced(key: str) -> bool:
    """Whether what is called so may get another content."""
    return key in (*DOCUMENTS, HEARTBEAT) or key.partition("/")[0] in _CHANGING


def table_of(key: str) -> TableKey | None:
    """The table that is called so."""
    folder, _, name = key.partition("/")
    found = table_in(name) if folder in (_RUN.sealed.name, _RUN.merged.name) else None
    return TableKey(*found, folder == _RUN.merged.name) if found else None


def complete_set(key: str) -> SegmentName | None:
    """The sealed set that is there because this key is."""
    found = table_of(key)
    if found is None or found.merged or found.table != LAST_TABLE:
        return None
    writer, _, number = found.set.rpartition("-")
    return SegmentName(writer, int(number))


def is_inside(key: str) -> bool:
    """Whether a key leads nowhere else: anybody may write to a place."""
    return not any(part in ("", ".", "..") or "\\" in part for part in key.split("/"))
