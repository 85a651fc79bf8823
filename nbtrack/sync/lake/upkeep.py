"""Few large files instead of many small ones, and nothing of what was replaced long ago.

Only in tables that nbtrack made, and only files that such a table writes: what is true lies
elsewhere, and everything else below a root is somebody's mistake, which is named and not removed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..._errors import SyncError
from .access import Location, telling
from .schema import PARTITION
from .tables import LakeTable, opened, writer_properties

# An upload that has begun is committed long before.
KEEP_DAYS = 7
_LOOKS = 20
# As the Delta Lake library names the files of a table.
_OF_A_TABLE = re.compile(rf"({PARTITION}=[^/]+/)?part-[^/]+")


class Upkeep(NamedTuple):
    """What was done to one table.

    Attributes:
        compacted, made: So many files became so many.
        removed: Files that no version within the days that are kept needs any more.
        files: How many the table has now.
        bytes: What they hold.
    """

    table: str
    compacted: int
    made: int
    removed: int
    files: int
    bytes: int


def optimize(location: Location, *, keep_days: float = KEEP_DAYS) -> list[Upkeep]:
    """Compact the tables of a lake and remove what they do not need; no row changes.

    Args:
        keep_days: Versions of the tables that are so old can be read no more.

    Raises:
        SyncError: A place does not answer; a table is not there or not nbtrack's; there is
            something else below its root.
    """
    tables = opened(location, make=False).values()
    for table in tables:
        _check(table)
    return [_optimized(location, table, keep_days) for table in tables]


def _optimized(location: Location, table: LakeTable, keep_days: float) -> Upkeep:
    with telling(table.url):
        compacted = _compact(table)
        table.delta.create_checkpoint()
        table.delta.cleanup_metadata()
        before = location.place(table.name).sizes()
        # It tells again of those that earlier ones removed.
        removed = before.keys() & set(_vacuum(table, keep_days, dry_run=False))
        table.delta.update_incremental()
        actions = table.delta.get_add_actions(flatten=True)
        sizes = [int(size) for size in actions.column("size_bytes").to_pylist()]
    return Upkeep(
        table.name,
        compacted["numFilesRemoved"],
        compacted["numFilesAdded"],
        len(removed),
        len(sizes),
        sum(sizes),
    )


def _compact(table: LakeTable) -> dict[str, int]:
    from deltalake.exceptions import CommitFailedError

    for _ in range(_LOOKS):
        table.look()
        try:
            done: dict[str, int] = table.delta.optimize.compact(
                writer_properties=writer_properties(table.name)
            )
        except CommitFailedError:
            continue  # a commit replaced rows of these files
        return done
    raise SyncError(
        "others kept changing the table",
        path=table.url,
        operation="optimize the lake",
        hint="Try again later.",
        passing=True,
    )


def _check(table: LakeTable) -> None:
    with telling(table.url):
        unknown = _vacuum(table, 0, dry_run=True)
    others = [path for path in unknown if not _OF_A_TABLE.fullmatch(path)]
    if others:
        raise SyncError(
            f"{others[0]} lies below the table and is no part of it",
            path=table.url,
            operation="optimize the lake",
            hint="Nothing was removed. Move it away: what the table does not need goes.",
        )


def _vacuum(table: LakeTable, keep_days: float, *, dry_run: bool) -> list[str]:
    removed: list[str] = table.delta.vacuum(
        retention_hours=int(keep_days * 24),
        dry_run=dry_run,
        enforce_retention_duration=False,
        # Also what was uploaded by somebody who was killed before the commit.
        full=True,
    )
    return removed
