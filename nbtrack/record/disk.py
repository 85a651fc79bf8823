"""Whether the disk is getting full, said once."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from .._errors import NbtrackWarning

_told: set[int] = set()


def warn_if_full(folder: Path, limit: float) -> None:
    """Warn if more than ``limit`` of a disk is in use, once for each disk. 0: never."""
    try:
        device, found = folder.stat().st_dev, os.statvfs(folder)
    except OSError:
        return
    used = found.f_blocks - found.f_bfree
    if not limit or device in _told or not used or used / (used + found.f_bavail) <= limit:
        return
    _told.add(device)
    warnings.warn(
        f"nbtrack: the disk of {folder} is {100 * used / (used + found.f_bavail):.0f} % full, and"
        f" {found.f_bavail * found.f_frsize / 1e9:.1f} GB are free. `nbtrack doctor` shows what"
        " takes room, `nbtrack gc` frees what nothing refers to.",
        NbtrackWarning,
        stacklevel=5,
    )
