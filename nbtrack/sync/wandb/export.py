"""A run as a directory of W&B's offline mode, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..._errors import StoreNotWritableError, UsageError
from ...store import reader
from ...store.layout import RunDir
from ...store.step_rows import extents
from ...store.view import RunView
from .content import Content
from .plan import targets
from .process import check_installed, writing
from .told import Told

# W&B's name for the folder in which it looks for runs.
RUNS = "wandb"
# Tables of W&B are artifacts, and its records of them have full paths: they lie here from the
# beginning, while everything else is moved when it is whole.
ARTIFACTS = "artifacts"
UNFINISHED = ".unfinished"
_OPERATION = "export to W&B"


class Exported(NamedTuple):
    """What an export has made.

    Attributes:
        paths: The directories of the runs, each of which ``wandb sync`` takes.
        rows: How many rows of W&B there are in them.
        left_out: What could not be carried, in words.
    """

    run: str
    paths: list[Path]
    rows: int
    left_out: list[str]


def export(run_dir: RunDir, folder: Path) -> Exported:
    """Write a run into ``folder``, which is empty or not there yet.

    ``folder/wandb`` is there when everything is in it, and not before.

    Raises:
        UsageError: wandb is not installed, or ``folder`` holds something.
        StoreNotWritableError: It cannot be written.
        StoreError: The run cannot be read.
        SyncError: wandb failed.
    """
    check_installed()
    told = Told()
    view = RunView(run_dir)
    taken = reader.snapshot(run_dir)
    plan = targets(view, taken.fold, reader.read(run_dir, extents), told)
    with _unfinished(folder) as (unfinished, lock):
        content = Content(view, unfinished, told)
        with writing(folder / ARTIFACTS, lock) as writer:
            for target in plan:
                writer.tell("start", str(unfinished), msgspec.to_builtins(target))
                content.send(target, writer)
                writer.tell("finish", target.summary, target.exit_code)
            for words, count in writer.end().items():
                told.say(words, count)
            for warning in writer.warnings():
                told.say(f"wandb says: {warning}")
        content.say_what_never_goes()
        if (folder / ARTIFACTS).exists():
            told.say(
                "tables to another folder: W&B has their full paths, so send before you move it"
            )
        names = sorted(path.name for path in (unfinished / RUNS).glob("offline-run-*"))
        for name in names:
            # How the export went, not the run.
            for extra in ("logs", "tmp"):
                shutil.rmtree(unfinished / RUNS / name / extra, ignore_errors=True)
        (unfinished / RUNS).rename(folder / RUNS)
    return Exported(view.id, [folder / RUNS / name for name in names], content.rows, told.lines())


@contextmanager
def _unfinished(folder: Path) -> Iterator[tuple[Path, int]]:
    """A folder in ``folder`` for what is being made, gone afterwards, and the lock on it.

    If it does not come to its end, everything else that was made is gone too.
    """
    is_new = not folder.exists()
    unfinished = folder / UNFINISHED
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_empty(folder)
        unfinished.mkdir(exist_ok=True)
        lock = os.open(unfinished, os.O_RDONLY)
    except OSError as error:
        raise _not_writable(folder, error) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                "another export is writing there", operation=_OPERATION, path=folder
            ) from error
        try:
            _clear(folder)  # what one left that was killed
            yield unfinished, lock
        except BaseException as error:
            _clear(folder)
            unfinished.rmdir()
            if is_new:
                folder.rmdir()
            if isinstance(error, OSError):
                raise _not_writable(folder, error) from error
            raise
        shutil.rmtree(unfinished)
    finally:
        os.close(lock)


def _clear(folder: Path) -> None:
    for path in (folder / UNFINISHED).iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    shutil.rmtree(folder / ARTIFACTS, ignore_errors=True)


def _check_empty(folder: Path) -> None:
    found = {path.name for path in folder.iterdir()}
    if UNFINISHED in found:
        found -= {UNFINISHED, ARTIFACTS}
    if found:
        raise UsageError(
            f"the folder is not empty: it holds {min(found)!r}",
            operation=_OPERATION,
            path=folder,
            hint="Name one that is not there yet: each export has a folder of its own.",
        )


def _not_writable(folder: Path, error: OSError) -> StoreNotWritableError:
    return StoreNotWritableError(
        f"cannot write: {error.strerror or error}",
        operation=_OPERATION,
        path=folder,
        hint="Make room there, or name another folder.",
    )
