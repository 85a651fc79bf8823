"""What of a run goes to another place, by name, and in which order it has to arrive there.

Only what never changes under its name, and a few documents that are replaced. A reader that looks
while it arrives sees less of the run, and nothing wrong: content comes before what names it, the
table that makes a set complete after all others, and a merged set's list of what it replaces, under
a name of its own, last.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .._errors import DamagedFileError
from . import intact
from .layout import LAST_TABLE, SHIPPED, TABLES, RunDir, is_temporary
from .newest import written
from .run_keys import DOCUMENTS, manifest_key, newest_key
from .spool import spooled

if TYPE_CHECKING:
    from .reader import Selection

Stamps = tuple[int, ...]

_CONTENT, _TABLES, _LAST_TABLES, _MANIFESTS, _NEWEST = range(5)


class Item(NamedTuple):
    """One file.

    Attributes:
        key: What it is called below the run's directory, with ``/``.
        content: Where it is, or it itself.
        size: Bytes.
        wave: Everything of a lower number has to be there before it.
        fixed: Its content never changes. Else it is replaced, as ``modified`` (ns) tells, or of
            what only grows its size.
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
        damaged: What is not as it was written, and does not go, in words with its path. Of a set
            nothing goes if one of its tables is damaged.
        merged: The sealed sets that are in a merged one now, by name.
    """

    items: list[Item]
    held_back: int
    damaged: list[str]
    merged: frozenset[str]


def shipment(run_dir: RunDir, known: Container[str] = ()) -> Shipment:
    """What there is of a run now, as far as it is whole.

    Args:
        known: Keys of files that are there already: whether these are whole is not looked at.

    Raises:
        FileNotFoundError: A file was merged away, or the run removed, during the look: look again.
        DamagedFileError: ``run.json`` is not what was written: nobody could tell what the rest is.
        NewerFormatError: A newer nbtrack merged it.
    """
    # It takes longer to load than to see that nothing changed.
    from .reader import select

    if run_dir.info.name not in known and (damage := intact.of_document(run_dir.info)):
        raise DamagedFileError(
            damage.removeprefix(f"{run_dir.info} "),
            path=run_dir.info,
            operation="sync",
            hint="Nothing of this run goes without it. Restore the file from a backup.",
        )
    damaged: list[str] = []
    try:
        selection = select(run_dir)
    except DamagedFileError as error:
        damaged.append(f"{run_dir.manifest} {error.message}: what was merged does not go")
        selection = select(run_dir, merged_too=False)
    damaged += intact.of_segments(run_dir, selection.segments)
    found = [
        *_documents(run_dir, known, damaged),
        *_below(run_dir, run_dir.media, fixed=True),
        *_below(run_dir, run_dir.code, fixed=False),
        *_below(run_dir, run_dir.files, fixed=False),
        *_sets(run_dir, selection, known, damaged),
        *_newest(run_dir, selection),
    ]
    waiting = len(selection.segments) + len(spooled(run_dir))
    merged = frozenset(selection.merged.replaces if selection.merged else ())
    return Shipment(sorted(found, key=lambda item: item.wave), waiting, damaged, merged)


def _documents(run_dir: RunDir, known: Container[str], damaged: list[str]) -> Iterator[Item]:
    yield _item(run_dir, run_dir.info, _CONTENT, fixed=True)
    for path in run_dir.edit_files():
        item = _item(run_dir, path, _CONTENT, fixed=True)
        if item.key not in known and (damage := intact.of_document(path)):
            damaged.append(damage)
        else:
            yield item
    for path in map(run_dir.path.joinpath, DOCUMENTS):
        with contextlib.suppress(FileNotFoundError):
            yield _item(run_dir, path, _CONTENT, fixed=False)


def _below(run_dir: RunDir, folder: Path, *, fixed: bool) -> Iterator[Item]:
    if not folder.exists():
        return
    for path in sorted(folder.rglob("*")):
        if is_temporary(path.name) or run_dir.spool in path.parents or not path.is_file():
            continue
        yield _item(run_dir, path, _CONTENT, fixed=fixed)


def _sets(
    run_dir: RunDir, selection: Selection, known: Container[str], damaged: list[str]
) -> Iterator[Item]:
    for name in selection.sealed:
        tables: list[Item] = []
        for table in TABLES:
            wave = _LAST_TABLES if table == LAST_TABLE else _TABLES
            try:
                tables.append(_item(run_dir, run_dir.sealed_table(name, table), wave, fixed=True))
            except FileNotFoundError:
                # A table may have no rows. The last one goes first when a set is merged away.
                if not run_dir.sealed_table(name, LAST_TABLE).exists():
                    raise
        yield from _whole(tables, known, damaged)
    if selection.merged is not None:
        merged = [
            _item(run_dir, run_dir.merged_table(selection.merged.name, table), _TABLES, fixed=True)
            for table in selection.merged.tables
        ]
        if whole := _whole(merged, known, damaged):
            yield from whole
            # As it was at the look: the file may be replaced before it goes.
            content = msgspec.json.encode(selection.merged)
            key = manifest_key(selection.merged.name)
            yield Item(key, content, len(content), _MANIFESTS, fixed=True, modified=0)


def _whole(tables: list[Item], known: Container[str], damaged: list[str]) -> list[Item]:
    """All tables of a set, or none."""
    problems = [
        problem
        for item in tables
        if item.key not in known and isinstance(item.content, Path)
        if (problem := intact.of_table(item.content))
    ]
    damaged += problems
    return [] if problems else tables


def _newest(run_dir: RunDir, selection: Selection) -> Iterator[Item]:
    for name in selection.segments:
        content = written(run_dir, name)
        if content:
            yield Item(newest_key(name), content, len(content), _NEWEST, fixed=False, modified=0)


def _item(run_dir: RunDir, path: Path, wave: int, *, fixed: bool) -> Item:
    status = path.stat()
    key = path.relative_to(run_dir.path).as_posix()
    return Item(key, path, status.st_size, wave, fixed, status.st_mtime_ns)


def stamps(run_dir: RunDir) -> Stamps:
    """When the folders of a run changed: as long as they are the same, so is what goes.

    Raises:
        FileNotFoundError: There is no such run, or a folder was removed during the look.
    """
    own = os.stat(run_dir.path).st_mtime_ns
    with os.scandir(run_dir.path) as entries:
        found = {entry.name: entry.stat().st_mtime_ns for entry in entries if entry.name in SHIPPED}
    return (own, *(found.get(name, 0) for name in SHIPPED))
