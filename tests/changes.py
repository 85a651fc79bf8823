"""What changes a run that has ended, by anybody: each has to be noticed by whoever lists runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbtrack._settings import Settings
from nbtrack.store.edits import edit
from nbtrack.store.journal import Journal, now
from nbtrack.store.layout import RunDir
from nbtrack.store.reader import snapshot
from nbtrack.store.schema import Row
from nbtrack.store.view import RunView


def rename(run_dir: RunDir) -> None:
    edit(RunView(run_dir), name="renamed")


def edit_by_hand(run_dir: RunDir) -> None:
    # As somebody does who does not know that the directory is to be touched.
    before = run_dir.path.stat()
    run_dir.new_edit().write_text('{"name": "renamed"}')
    os.utime(run_dir.path, ns=(before.st_atime_ns, before.st_mtime_ns))


def undo_edit(run_dir: RunDir) -> None:
    for path in run_dir.edit_files():
        path.unlink()


def write_more(run_dir: RunDir) -> None:
    info = next(writer for writer in snapshot(run_dir).fold.writers if writer.role == "owner")
    worker = msgspec.structs.replace(info, writer="w0000000001", role="worker")
    journal = Journal(run_dir, worker, Settings())
    journal.append(Row(journal.next_seq(), now(), 1, 7, {"loss": 0.25}))
    journal.close()


def replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.replace(path)


CHANGES: dict[str, Callable[[RunDir], object]] = {
    "an edit": rename,
    "an edit by hand": edit_by_hand,
    "more rows": write_more,
    "merged again": lambda run_dir: replace(run_dir.manifest),
    "summed up again": lambda run_dir: replace(run_dir.status),
    "the recorder goes on": lambda run_dir: run_dir.live.write_bytes(b"x"),
    "the document replaced": lambda run_dir: replace(run_dir.info),
    "a sealed set comes": lambda run_dir: (run_dir.sealed / "x").touch(),
}
