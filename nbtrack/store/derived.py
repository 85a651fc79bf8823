"""Files that a person wants to open, made of what is recorded; they may be deleted at any time."""

from __future__ import annotations

from pathlib import Path

from . import reader
from .layout import RunDir, temporary
from .log import log
from .reader import Snapshot
from .session import session
from .view import RunView


def write_derived(run_dir: RunDir) -> None:
    """Write ``output.log`` and ``session.ipynb`` of a run that has ended.

    Raises:
        OSError: One cannot be written.
        StoreError: The run cannot be read.
    """
    if not run_dir.info.exists():
        return
    view = RunView(run_dir)
    if view.state == "running" or view.is_empty:
        return
    cells = view.cells
    if cells:
        write_session(view, run_dir.session)
    has_console = reader.read(run_dir, _has_console)
    if cells or has_console:
        write_log(view, run_dir.output_log)


def write_log(view: RunView, path: Path) -> None:
    """The log of a run, at ``path`` in one step."""
    cells = view.cells

    def write(taken: Snapshot) -> None:
        temp = temporary(path)
        try:
            # What is no UTF-8 was made printable when it was recorded.
            with temp.open("w", encoding="utf-8", newline="") as file:
                file.writelines(log(taken, cells))
            temp.replace(path)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise

    reader.read(RunDir(view.path), write)


def write_session(view: RunView, path: Path) -> None:
    """The session of a run as a notebook, at ``path`` in one step."""
    import nbformat

    about = {"run": view.id, "name": view.name, "state": view.state, "reason": view.reason}
    cells, python = view.cells, view.python
    notebook = reader.read(
        RunDir(view.path), lambda taken: session(taken, cells, python=python, about=about)
    )
    temp = temporary(path)
    try:
        nbformat.write(notebook, temp)
        temp.replace(path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


def _has_console(taken: Snapshot) -> bool:
    return bool(taken.source("console").files or taken.source("console").batches)
