"""Changes of what is said about a run, by anybody at any time: each is a small file of its own."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import msgspec

from .layout import RunDir, atomic_write, not_writable
from .schema import Edit
from .view import RunView


def edit(view: RunView, **changes: Any) -> None:
    """Change fields of a run; see :class:`nbtrack.store.schema.Edit`. The last change counts.

    Raises:
        StoreNotWritableError: It cannot be written.
    """
    run_dir = RunDir(view.path)
    try:
        atomic_write(run_dir.new_edit(), msgspec.json.encode(Edit(**changes)))
    except OSError as error:
        raise not_writable(run_dir.edits, error) from error
    with contextlib.suppress(OSError):
        # Who watches thousands of runs looks at their directories alone; see index.py.
        os.utime(run_dir.path)
    view.refresh()
