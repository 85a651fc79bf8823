"""Whole segments into Parquet.

A segment may be sealed when its writer ended it, or when its writer is certainly dead. It is
unlinked only after all tables of its set are on disk under their names; until then readers use
the segment. A kill anywhere leaves either the segment or the set in force, and sealing again is
harmless. A damaged segment stays as it is: what can be read is read from it, and the evidence is
not thrown away.
"""

from __future__ import annotations

import json

import msgspec

from .._process import liveness
from . import parquet
from .faults import fault
from .layout import (
    LAST_TABLE,
    TABLES,
    RunDir,
    SegmentName,
    make_folders,
)
from .removal import remove_prepared
from .schema import FORMAT_VERSION, WriterInfo
from .tables import TableBuilder
from .tail import SegmentTail

FORMAT_KEY = "nbtrack.format"
WRITERS_KEY = "nbtrack.writers"
DIGEST_KEY = "nbtrack.digest"


def seal_run(run_dir: RunDir) -> list[SegmentName]:
    """Seal every segment of a run that may be sealed. Returns the ones that were.

    Raises:
        NewerFormatError: A segment was written by a newer nbtrack.
        OSError: A table could not be written; what is not sealed stays in the journal.
    """
    return [name for name in run_dir.segments() if seal(run_dir, name)]


def seal(run_dir: RunDir, name: SegmentName) -> bool:
    """Seal one segment if it may be sealed; False if not, or if somebody else did.

    Raises:
        NewerFormatError: A newer nbtrack wrote it.
        OSError: A table could not be written.
    """
    tail = SegmentTail(run_dir.segment(name), name)
    builder = TableBuilder()
    try:
        for batch in tail.batches():
            builder.add(name.writer, batch)
        if not tail.ended:
            if tail.info is None or liveness(tail.info.process) != "dead":
                return False
            # Dead first, then the last look: nothing can come after it.
            builder.add(name.writer, tail.read())
    except FileNotFoundError:
        return False
    if tail.damage or tail.info is None:
        return False
    write_set(run_dir, name, tail.info, builder)
    fault("seal.before_unlink")
    tail.path.unlink(missing_ok=True)
    if not tail.ended:
        remove_prepared(run_dir, name.writer)
    return True


def write_set(run_dir: RunDir, name: SegmentName, info: WriterInfo, builder: TableBuilder) -> None:
    """Write the tables of one sealed set, the one that makes it visible last."""
    make_folders(run_dir)
    batches = builder.finish()
    metadata = set_metadata([info])
    for table in TABLES:
        if table in batches or table == LAST_TABLE:
            extra = {DIGEST_KEY: builder.digest.to_json()} if table == LAST_TABLE else {}
            stream = parquet.stream(table, batches.get(table, []))
            parquet.write(table, stream, run_dir.sealed_table(name, table), {**metadata, **extra})
            fault(f"seal.after_{table}")


def set_metadata(writers: list[WriterInfo]) -> dict[str, str]:
    """What every Parquet file of a set says about itself."""
    return {
        FORMAT_KEY: str(FORMAT_VERSION),
        WRITERS_KEY: json.dumps([msgspec.to_builtins(writer) for writer in writers]),
    }
