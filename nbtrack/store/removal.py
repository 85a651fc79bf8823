"""Taking away what nobody needs any more: whole runs, and what killed processes left."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from .layout import RunDir, Store, temporary

# So old a temporary file counts as left behind.
LEFTOVER_SECONDS = 3600.0


def leftovers(place: RunDir | Store, *, older_than: float) -> list[Path]:
    """Temporary files and folders that are ``older_than`` seconds old: a killed process left them.

    Or one that lives and has not come to use them: see that nobody writes there.
    """
    limit = time.time() - older_than
    if isinstance(place, Store):
        folders = [place.path, place.runs]
    else:
        folders = [place.path, place.journal, place.sealed, place.merged, place.edits]
        folders += [place.media, place.spool]
    return [path for folder in folders for path in _temporaries(folder, limit)]


def remove_leftovers(place: RunDir | Store, *, older_than: float) -> None:
    """Remove what :func:`leftovers` finds."""
    _remove(leftovers(place, older_than=older_than))


def remove_of_merges(run_dir: RunDir) -> None:
    """Remove what killed merges of a run left. Only for whoever holds the lock of its merges."""
    _remove(_temporaries(run_dir.merged, float("inf")))


def remove_prepared(run_dir: RunDir, writer: str) -> None:
    """Remove what a dead writer had prepared for later: up to 2 MiB that nobody reads."""
    for path in run_dir.journal.glob(f".{writer}-*.tmp"):
        path.unlink(missing_ok=True)


def remove_run(run_dir: RunDir) -> None:
    """Remove a run with all its files.

    It loses its name first: a recorder that is just writing to it would bring parts of it back.
    """
    gone = temporary(run_dir.path)
    try:
        run_dir.path.rename(gone)
    except OSError:
        gone = run_dir.path
    shutil.rmtree(gone, ignore_errors=True)


def _temporaries(folder: Path, limit: float) -> list[Path]:
    found: list[Path] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".tmp") and entry.stat().st_mtime <= limit:
                found.append(Path(entry.path))
    return found


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
