"""What of a run goes to another place, by name, and in which order it has to arrive there.

Only what never changes under its name, and a few documents that are replaced. A reader that looks
while it arrives sees less of the run, and nothing wrong: content comes before what names it, the
table that makes a set complete after all others, and a merged set's list of what it replaces, under
a name of its own, last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec

from .layout import LAST_TABLE, TABLES, RunDir, is_temporary
from .newest import written
from .reader import Selection, select
from .run_keys import DOCUMENTS, manifest_key, newest_key
from .spool import spooled

Stamps = tuple[int, ...]

_CONTENT, _TABLES, _LAST_TABLES, _MANIFESTS, _NEWEST = range(5)


class Item(NamedTuple):
    """One file.

    Attributes:
        key: What it is called below the run's directory, with ``/``.
        content: Where it is, or it itself.
        size: Bytes.
        wave: Everything of a lower number has to be there before it.
        fixed: Its content never changes. Else it is replaced, as ``modified`` tells: when that
            was (ns), or a checksum.
    """

    key: str
    content: Path | bytes
    size: int
    wave: int
    fixed: bool
    modified: int


class Shipment(NamedTuple):
    """A run at one moment.

    Attributes:
        items: What goes, in the order of waves.
        held_back: How many files do not go yet as they will be: segments of its journal that are
            not sealed, which go as far as they are written, and media that are not encoded.
    """

    items: list[Item]
    held_back: int


def shipment(run_dir: RunDir) -> Shipment:
    """What there is of a run now.

    Raises:
        FileNotFoundError: A file was merged away, or the run removed, during the look: look again.
        DamagedFileError: ``merged.json`` is not what was written.
    """
    selection = select(run_dir)
    found = [
        *_documents(run_dir),
        *_below(run_dir, run_dir.media, fixed=True),
        *_below(run_dir, run_dir.code, fixed=False),
        *_below(run_dir, run_dir.files, fixed=False),
        *_sets(run_dir, selection),
        *_newest(run_dir, selection),
    ]
    waiting = len(selection.segments) + len(spooled(run_dir))
    return Shipment(sorted(found, key=lambda item: item.wave), waiting)


def _documents(run_dir: RunDir) -> Iterator[Item]:
    yield _item(run_dir, run_dir.info, _CONTENT, fixed=True)
    for path in run_dir.edit_files():
        yield _item(run_dir, path, _CONTENT, fixed=True)
    for path in map(run_dir.path.joinpath, DOCUMENTS):
        with contextlib.suppress(FileNotFoundError):
            yield _item(run_dir, path, _CONTENT, fixed=False)


def _below(run_dir: RunDir, folder: Path, *, fixed: bool) -> Iterator[Item]:
    for path in sorted(folder.rglob("*")):
        if is_temporary(path.name) or run_dir.spool in path.parents or not path.is_file():
            continue
        yield _item(run_dir, path, _CONTENT, fixed=fixed)


def _sets(run_dir: RunDir, selection: Selection) -> Iterator[Item]:
    for name in selection.sealed:
        for table in TABLES:
            wave = _LAST_TABLES if table == LAST_TABLE else _TABLES
            try:
                yield _item(run_dir, run_dir.sealed_table(name, table), wave, fixed=True)
            except FileNotFoundError:
                # A table may have no rows. The last one goes first when a set is merged away.
                if not run_dir.sealed_table(name, LAST_TABLE).exists():
                    raise
    if selection.merged is not None:
        for table in selection.merged.tables:
            path = run_dir.merged_table(selection.merged.name, table)
            yield _item(run_dir, path, _TABLES, fixed=True)
        # As it was at the look: the file may be replaced before it goes.
        content = msgspec.json.encode(selection.merged)
        key = manifest_key(selection.merged.name)
        yield Item(key, content, len(content), _MANIFESTS, fixed=True, modified=0)


def _newest(run_dir: RunDir, selection: Selection) -> Iterator[Item]:
    for name in selection.segments:
        content = written(run_dir, name)
        if content:
            key, checksum = newest_key(name), crc32(content)
            yield Item(key, content, len(content), _NEWEST, fixed=False, modified=checksum)


def _item(run_dir: RunDir, path: Path, wave: int, *, fixed: bool) -> Item:
    status = path.stat()
    key = path.relative_to(run_dir.path).as_posix()
    return Item(key, path, status.st_size, wave, fixed, status.st_mtime_ns)


def stamps(run_dir: RunDir) -> Stamps:
    """When the folders of a run changed: as long as they are the same, so is what goes.

    Raises:
        FileNotFoundError: There is no such run.
    """
    folders = (
        run_dir.edits,
        run_dir.journal,
        run_dir.sealed,
        run_dir.merged,
        run_dir.media,
        run_dir.code,
        run_dir.files,
    )
    return (run_dir.path.stat().st_mtime_ns, *map(_changed, folders))


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
