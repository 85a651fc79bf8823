"""The copies that a run keeps of files, below ``files/``: ``save()`` makes them.

They are brought up to date by the process that saved them, by the recorder while that works, and by
either of the recorder and ``recover`` when it has died.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .._errors import NbtrackError
from .artifact_schema import SavedFile
from .copying import copy, make_place
from .layout import RunDir


def bring_up_to_date(run_dir: RunDir, saved: SavedFile) -> bool:
    """Copy a file if it is not what was copied last, by its size and time. Whether it was copied.

    Raises:
        InvalidArtifactError: The copy would lie outside of the run's ``files/``.
        OSError: The file cannot be read, or the copy written.
    """
    source, target = Path(saved.source), make_place(run_dir.files, saved.path)
    found = source.stat()
    try:
        there = target.lstat()
    except FileNotFoundError:
        pass
    else:
        if (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino):
            return False  # it was written there
        if (there.st_size, there.st_mtime_ns) == (found.st_size, found.st_mtime_ns):
            return False
    copy(source, target)
    return True


def bring_all(
    run_dir: RunDir, files: Iterable[SavedFile], *, until: float | None = None
) -> dict[str, str]:
    """The same for many, one failing file not stopping the others. Path -> what went wrong.

    A file that is gone is no failure: what was copied of it stays. With ``until`` (seconds UTC),
    what was changed later is left alone.
    """
    problems: dict[str, str] = {}
    for saved in files:
        try:
            if until is None or os.stat(saved.source).st_mtime <= until:
                bring_up_to_date(run_dir, saved)
        except FileNotFoundError:
            continue
        except NbtrackError as error:
            problems[saved.path] = str(error)
        except OSError as error:
            problems[saved.path] = error.strerror or str(error)
    return problems
