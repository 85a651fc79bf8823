"""What a run logged besides numbers: which there is, its files, its tables by rows."""

from __future__ import annotations

import contextlib
import sysconfig
from pathlib import Path

from .._errors import NbtrackError, UsageError
from ..store import reader
from ..store.encoding import encode
from ..store.fetching import fetched
from ..store.layout import RunDir
from ..store.media_listing import Item, media_keys, media_steps
from ..store.spool import is_media_name
from .api.media import (
    MediaEntries,
    MediaEntry,
    MediaKey,
    MediaKeys,
    MediaQuery,
    TablePage,
    TableQuery,
)
from .files import OpenFile, UnknownFileError, open_inside
from .plain import plain
from .rows import rows_of

MOST_KEYS = 5_000
MOST_STEPS = 2_000
_LONGEST_KEY = 4_000
# Where plotly.py keeps the script that draws its figures.
_PLOTLY = ("plotly", "package_data", "plotly.min.js")


def keys(run_dir: RunDir) -> MediaKeys:
    """Under which keys there is anything.

    Raises:
        StoreError: The run cannot be read.
        FileNotFoundError: There is no such run.
    """
    found = reader.read(run_dir, lambda taken: media_keys(taken, MOST_KEYS + 1))
    return MediaKeys(
        keys=[
            MediaKey(key=one.key, kind=one.kind, count=one.count, attempts=one.attempts)  # type: ignore[arg-type]  # one of the kinds
            for one in found[:MOST_KEYS]
        ],
        more=len(found) > MOST_KEYS,
    )


def entries(run_dir: RunDir, asked: MediaQuery) -> MediaEntries:
    """What lies under one key.

    Raises:
        UsageError: The query asks for too much.
        As :func:`keys`.
    """
    if not 1 <= asked.steps <= MOST_STEPS or len(asked.key) > _LONGEST_KEY:
        raise UsageError(f"from 1 to {MOST_STEPS} steps of a key")
    if asked.attempt is not None and not 0 <= asked.attempt < 1 << 31:
        raise UsageError("there is no such attempt")
    attempt, steps, items = reader.read(
        run_dir, lambda taken: media_steps(taken, asked.key, asked.attempt, asked.steps)
    )
    return MediaEntries(attempt=attempt, entries=[_entry(item) for item in items], steps=steps)


def open_media(run_dir: RunDir, name: str) -> OpenFile:
    """A file of the run's media.

    Raises:
        UnknownFileError: There is no such file, or it waits to be encoded.
    """
    if not is_media_name(name):
        raise UnknownFileError("there is no such file")
    if not fetched(run_dir.media / name).exists():
        # It still waits in the spool; what cannot be encoded is not there.
        with contextlib.suppress(NbtrackError, OSError, ValueError, KeyError, TypeError):
            encode(run_dir, name)
    return open_inside(run_dir.media / name, run_dir.media, name)


def table(run_dir: RunDir, name: str, asked: TableQuery) -> TablePage:
    """Rows of a table.

    Raises:
        UnknownFileError: There is no such table.
        UsageError: The query asks for too much, or for a column that there is not.
        DamagedFileError: It cannot be read.
    """
    open_media(run_dir, name).file.close()
    return rows_of(run_dir.media / name, asked)


def plotly_script() -> Path:
    """What draws figures of plotly; it is there if that is installed beside the server."""
    return Path(sysconfig.get_path("purelib"), *_PLOTLY)


def _entry(item: Item) -> MediaEntry:
    return MediaEntry(
        step=item.step,
        time=item.time,
        index=item.index,
        kind=item.kind,  # type: ignore[arg-type]  # one of them
        file=item.file,
        size=item.size,
        frame=item.file is not None and _has_frame(item),
        info=plain(item.info),
    )


def _has_frame(item: Item) -> bool:
    if item.kind == "figure":
        source = item.info.get("source")
        return source == "altair" or (source == "plotly" and plotly_script().exists())
    return item.kind == "html"
