"""Named points at which a test may kill the process, to prove that nothing is lost there."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from functools import cache

from .._settings import Settings
from .layout import TABLES

JOURNAL_POINTS = (
    "segment.created",
    "segment.before_rename",
    "segment.after_rename",
    "segment.before_end",
    "segment.after_end",
)
SEAL_POINTS = (*(f"seal.after_{table}" for table in TABLES), "seal.before_unlink")
MERGE_POINTS = (
    *(f"merge.after_{table}" for table in TABLES),
    "merge.after_pyramid",
    "merge.before_unlink",
)
ARTIFACT_POINTS = (
    "object.before_sync",
    "object.before_rename",
    "object.after_rename",
    "artifact.before_manifest",
    "artifact.after_manifest",
)
GC_POINTS = ("gc.after_manifest", "gc.after_object")
MEDIA_POINTS = (
    "media.before_rename",
    "media.after_rename",
    "media.before_record",
    "media.after_record",
    "media.before_encoded",
    "media.after_encoded",
)
POINTS = (*JOURNAL_POINTS, *SEAL_POINTS, *MERGE_POINTS, *ARTIFACT_POINTS, *GC_POINTS)


@cache
def _armed() -> tuple[str, int, Callable[[], int]]:
    """The point, at which time it is passed, and a counter of the times."""
    point, _, times = (Settings.load().fault or "").partition(":")
    return point, int(times or 1), itertools.count(1).__next__


def fault(point: str) -> None:
    """Die here, as by ``kill -9``, if ``NBTRACK_FAULT`` names this point.

    ``point:3`` dies when it is passed for the third time.
    """
    armed, times, count = _armed()
    if armed == point and count() >= times:
        os.kill(os.getpid(), signal.SIGKILL)
