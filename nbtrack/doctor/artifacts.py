"""What artifacts, media and runs take of the disk, and whether every artifact is whole."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..store.layout import Store
from ..store.soundness import examine_artifacts
from .finding import Finding
from .place import size

_NAMED = 3
_PATIENCE = 6.0


def check_artifacts(store: Store, *, thorough: bool = False) -> Iterator[Finding]:
    """Look at every version of every artifact; ``thorough``: and read all content."""
    deadline = math.inf if thorough else time.monotonic() + _PATIENCE
    found = examine_artifacts(store, thorough=thorough, deadline=deadline)
    if not found.is_complete:
        were = "was" if found.versions == 1 else "were"
        what = f"{_count(found.versions, 'version')} of artifacts {were} looked at: time was up"
        advice = "`nbtrack doctor --verify` takes the time that it needs."
        yield Finding("artifacts", "note", what, advice=advice)
    if found.problems:
        more = f"; and {len(found.problems) - _NAMED} more" if len(found.problems) > _NAMED else ""
        yield Finding(
            "artifacts",
            "problem",
            f"artifacts are not whole: {'; '.join(found.problems[:_NAMED])}{more}",
            "These versions cannot be downloaded in full. Others are not concerned.",
            "Restore the files from a backup, or record the same content again: it gets its place"
            " back.",
        )
    elif found.versions:
        words = "holds what was stored" if thorough else "is there"
        refer = "refers" if found.versions == 1 else "refer"
        yield Finding(
            "artifacts",
            "ok",
            f"everything that {_count(found.versions, 'version')} of"
            f" {_count(found.artifacts, 'artifact')} {refer} to {words}",
        )
    else:
        yield Finding("artifacts", "ok", "there are no artifacts yet")


def check_use(store: Store) -> Iterator[Finding]:
    """How much of the disk the store takes, by what it is."""
    if not store.path.is_dir():
        return
    deadline = time.monotonic() + _PATIENCE
    artifacts = _bytes_below(store.artifacts)
    media = files = other = unseen = 0
    for run_dir in store.run_dirs():
        if time.monotonic() > deadline:
            unseen += 1
            continue
        in_media, in_files = _bytes_below(run_dir.media), _bytes_below(run_dir.files)
        media, files = media + in_media, files + in_files
        other += _bytes_below(run_dir.path) - in_media - in_files
    parts = [
        ("artifacts", artifacts),
        ("media", media),
        ("saved files", files),
        ("everything else of the runs", other),
    ]
    words = ", ".join(f"{name} {size(count)}" for name, count in parts if count)
    total = size(sum(count for _, count in parts))
    what = f"the store takes {total}{': ' if words else ''}{words}"
    if unseen:
        yield Finding("use", "note", f"{what}; {_count(unseen, 'run')} not counted: time was up")
    else:
        yield Finding("use", "ok", what)


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name), follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
    return total


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
