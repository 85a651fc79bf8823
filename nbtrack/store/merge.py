"""Many sealed sets into one, sorted so that a reader of one metric skips the rest.

A merged set becomes visible by one rename of ``merged.json``, which lists everything that it
replaces; only then are the replaced files unlinked. A kill at any point leaves the old files or
the new set in force, never both. Takes sealed sets only, so nothing that may still grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

import msgspec

from . import parquet, pyramid
from .faults import fault
from .layout import (
    LAST_TABLE,
    PYRAMID,
    TABLES,
    RunDir,
    SegmentName,
    atomic_write,
    make_folders,
    set_name,
)
from .reader import Selection, completed, read_metadata, select
from .removal import remove_of_merges
from .schema import Manifest
from .seal import DIGEST_KEY, set_metadata
from .sorting import sorting


def is_worth_merging(selection: Selection) -> bool:
    """Whether a run that goes on has sealed enough since the last merge."""
    merged = len(selection.merged.replaces) if selection.merged else 0
    return len(selection.sealed) >= max(32, merged)


def merge(run_dir: RunDir) -> bool:
    """Merge every sealed set of a run. False if there was nothing to merge.

    Raises:
        OSError, duckdb.Error: A file could not be read or written; nothing changed for readers.
    """
    with only_merger(run_dir) as alone:
        if alone:
            remove_of_merges(run_dir)
        return alone and _merge(run_dir, select(run_dir))


def _merge(run_dir: RunDir, selection: Selection) -> bool:
    if not selection.sealed:
        remove_replaced(run_dir, selection)
        return False
    name = set_name(selection.sealed_names)
    files = {table: selection.files(run_dir, table) for table in TABLES}
    writers, digest = read_metadata(files[LAST_TABLE])
    digest = completed(digest, files["metrics"])
    metadata = set_metadata(writers)
    tables = [table for table in TABLES if files[table]]
    with sorting(run_dir.merged) as sort:
        for table in tables:
            extra = {DIGEST_KEY: digest.to_json()} if table == LAST_TABLE else {}
            target = run_dir.merged_table(name, table)
            rows = sort(table, files[table])
            parquet.write(table, rows, target, {**metadata, **extra})
            fault(f"merge.after_{table}")
    if "metrics" in tables:
        pyramid.write(run_dir, name, digest, metadata)
        fault("merge.after_pyramid")
    before = selection.merged.replaces if selection.merged else []
    manifest = Manifest(
        name=name,
        tables=tables,
        replaces=[*before, *(str(sealed) for sealed in selection.sealed)],
    )
    atomic_write(run_dir.manifest, msgspec.json.encode(manifest))
    fault("merge.before_unlink")
    remove_replaced(run_dir, select(run_dir))
    return True


@contextlib.contextmanager
def only_merger(run_dir: RunDir) -> Iterator[bool]:
    """Whether no other process merges this run. The system lets go when this process dies."""
    make_folders(run_dir)
    fd = os.open(run_dir.merged, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(fd)


def remove_replaced(run_dir: RunDir, selection: Selection) -> None:
    """Unlink what the manifest replaces, also what a killed merge left behind."""
    if selection.merged is None:
        return
    for text in selection.merged.replaces:
        writer, _, number = text.rpartition("-")
        for table in reversed(TABLES):  # readers take the last table for the set
            path = run_dir.sealed_table(SegmentName(writer, int(number)), table)
            path.unlink(missing_ok=True)
    keep = {run_dir.merged_table(selection.merged.name, table) for table in (*TABLES, PYRAMID)}
    for path in run_dir.merged_files():
        if path not in keep:
            path.unlink(missing_ok=True)
