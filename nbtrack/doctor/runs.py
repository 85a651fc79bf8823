"""Runs that cannot be read, that nobody looks after, or that were left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

from .._errors import NewerFormatError, StoreError
from .._process import liveness
from ..store import reader
from ..store.fold import Fold
from ..store.layout import RunDir, Store
from .finding import Finding

# A recorder has written by then.
_YOUNG_SECONDS = 30
_CLOCK_SECONDS = 120


def check_runs(store: Store) -> Iterator[Finding]:
    """What is wrong with the runs of a store."""
    readable = 0
    orphans: list[str] = []
    for run_dir in store.run_dirs():
        try:
            yield from _check_run(run_dir, orphans)
            readable += 1
        except NewerFormatError as error:
            advice = "Upgrade nbtrack here to read it; nothing is wrong with it."
            yield Finding("runs", "warning", f"{run_dir.id}: {error.message}", advice)
        except (StoreError, OSError) as error:
            if run_dir.path.exists():
                advice = "Its rows may still be there: docs/format.md tells how to read them."
                yield Finding("runs", "problem", f"{run_dir.id} cannot be read: {error}", advice)
    if orphans:
        yield Finding(
            "runs",
            "warning",
            f"{len(orphans)} runs were left by kernels that died with their recorders:"
            f" {', '.join(orphans[:3])}{' …' * (len(orphans) > 3)}",
            "Nothing is lost. `nbtrack recover` seals them, which makes reading faster.",
        )
    yield Finding("runs", "ok", f"runs that can be read: {readable}")


def _check_run(run_dir: RunDir, orphans: list[str]) -> Iterator[Finding]:
    taken = reader.snapshot(run_dir)
    info = reader.read_info(run_dir)
    for damage in taken.damage:
        yield Finding(
            "runs",
            "warning",
            f"{run_dir.id} is damaged: {damage}",
            "Everything around the damage is read. Look after the disk; restore the file from a"
            " backup if there is one.",
        )
    age = time.time() - info.created / 1e6
    if age < -_CLOCK_SECONDS:
        yield Finding(
            "runs",
            "warning",
            f"{run_dir.id} was begun in the future, by {-age / 60:.0f} minutes",
            "Set the clocks of the machines that share the store.",
        )
    if _is_looked_after(taken.fold):
        return
    owner = taken.fold.owner
    alive = owner is not None and liveness(owner.process) == "alive"
    if alive and owner is not None and owner.writer not in taken.fold.closings:
        if age > _YOUNG_SECONDS:
            yield Finding(
                "runs",
                "warning",
                f"{run_dir.id} is running without a recorder",
                "Rows are recorded; samples are not, and nothing is sealed. The next tracked cell"
                " starts one, unless the setting 'recorder' says off.",
            )
    elif taken.selection.segments and _all_dead(taken.fold) and not taken.damage:
        orphans.append(run_dir.id)


def _is_looked_after(fold: Fold) -> bool:
    return any(
        writer.role == "recorder" and liveness(writer.process) == "alive" for writer in fold.writers
    )


def _all_dead(fold: Fold) -> bool:
    return all(
        liveness(writer.process) == "dead" or writer.writer in fold.closings
        for writer in fold.writers
    )
