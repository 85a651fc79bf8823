"""Runs that cannot be read, that nobody records, or that were left behind."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from .._errors import NewerFormatError, StoreError
from .._process import liveness
from ..recorder.recover import is_recorded, is_unfinished
from ..store import documents, reader
from ..store.fold import Fold
from ..store.layout import RunDir, Store
from ..store.removal import LEFTOVER_SECONDS, leftovers
from .finding import Finding, Level
from .place import size

_PATIENCE = 6.0
# A recorder has written by then.
_YOUNG_SECONDS = 30
_CLOCK_SECONDS = 120
_NAMED = 3


def check_runs(store: Store) -> Iterator[Finding]:
    """What is wrong with the runs of a store, the newest first, as far as there is time."""
    deadline = time.monotonic() + _PATIENCE
    run_dirs = list(store.run_dirs())
    look = _Look()
    for run_dir in run_dirs:
        if time.monotonic() > deadline:
            break
        look.at(run_dir)
    look.leftovers += leftovers(store, older_than=LEFTOVER_SECONDS)
    yield from look.findings()
    if not run_dirs:
        yield Finding("runs", "ok", "there are no runs yet")
        return
    unseen = len(run_dirs) - look.count
    if unseen:
        what = f"{look.count} of {len(run_dirs)} runs were looked at, the newest: time was up"
        yield Finding("runs", "note", what)
    what = f"{look.readable} run{'s' * (look.readable != 1)} can be read; {size(look.bytes)}"
    if look.unsealed:
        what += f", of which {size(look.unsealed)} are not sealed yet"
    yield Finding("runs", "ok", what)


class _Look:
    """What was seen of the runs so far."""

    def __init__(self) -> None:
        self.count = 0
        self.readable = 0
        self.bytes = 0
        self.unsealed = 0
        self.leftovers: list[Path] = []
        self._newer: list[str] = []
        self._unreadable: list[str] = []
        self._forbidden: list[str] = []
        self._damaged: list[str] = []
        self._unrecorded: list[str] = []
        self._left_behind: list[str] = []
        self._future: list[str] = []

    def at(self, run_dir: RunDir) -> None:
        """Look at one run."""
        self.count += 1
        try:
            info = documents.read_info(run_dir)
            taken = reader.snapshot(run_dir)
            latest = max(info.created / 1e6, self._measure(run_dir))
        except NewerFormatError as error:
            self._newer.append(f"{run_dir.id} ({error.message})")
        except PermissionError as error:
            self._forbidden.append(f"{run_dir.id} ({error.filename})")
        except (StoreError, OSError) as error:
            if run_dir.path.exists():
                self._unreadable.append(f"{run_dir.id} ({error})")
        else:
            self.readable += 1
            self._judge(taken, time.time() - info.created / 1e6)
            if latest > time.time() + _CLOCK_SECONDS:
                ahead = (latest - time.time()) / 60
                self._future.append(f"{run_dir.id} (by {ahead:.0f} minutes)")

    def _judge(self, taken: reader.Snapshot, age: float) -> None:
        run_dir, fold = taken.run_dir, taken.fold
        if taken.damage:
            more = f" and {len(taken.damage) - 1} more" if len(taken.damage) > 1 else ""
            self._damaged.append(f"{run_dir.id} ({taken.damage[0]}{more})")
        if _is_without_recorder(fold) and age > _YOUNG_SECONDS:
            self._unrecorded.append(run_dir.id)
        if is_recorded(fold):
            return
        # What is damaged stays as it is, and that no sum of it is kept is no work left over.
        damaged = {damage.path for damage in taken.damage}
        left = [run_dir.segment(name) for name in taken.selection.segments]
        if fold.writers and is_unfinished(taken) and not (left and damaged.issuperset(left)):
            self._left_behind.append(run_dir.id)
        self.leftovers += leftovers(run_dir, older_than=LEFTOVER_SECONDS)

    def _measure(self, run_dir: RunDir) -> float:
        """Add up its files. Returns when the latest was changed, in seconds UTC."""
        latest = 0.0
        for folder, _, names in os.walk(run_dir.path):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    found = os.stat(os.path.join(folder, name), follow_symlinks=False)
                    latest = max(latest, found.st_mtime)
                    self.bytes += found.st_size
                    if Path(folder) == run_dir.journal:
                        self.unsealed += found.st_size
        return latest

    def findings(self) -> Iterator[Finding]:
        """What is wrong, the worst first."""
        yield from _about(
            self._unreadable,
            "problem",
            "cannot be read",
            "A document of it is not what was written.",
            "Restore the file from a backup. Its rows may still be there: docs/format.md tells how"
            " to read them.",
        )
        yield from _about(
            self._forbidden,
            "problem",
            "may not be read by this user",
            "It was recorded by another user, or by root.",
            "Have its owner `chown` or `chmod` it.",
        )
        yield from _about(
            self._damaged,
            "warning",
            "damaged",
            "Everything around the damage is read; what it held is lost.",
            "Look after the disk. Restore the file from a backup, if there is one.",
        )
        yield from _about(
            self._newer,
            "warning",
            "written by a newer nbtrack",
            "It cannot be shown here. Nothing is wrong with it.",
            "`pip install --upgrade nbtrack` in this environment.",
        )
        yield from _about(
            self._unrecorded,
            "warning",
            "running without a recorder",
            "Rows are recorded; samples stop, and nothing is sealed.",
            "In a kernel the next tracked cell starts one, unless the setting 'recorder' says off."
            " A script goes on without.",
        )
        yield from _about(
            self._left_behind,
            "warning",
            "left unsealed or unmerged",
            "Nothing is lost. It takes more room, and longer to read, and nobody is at work on it.",
            "`nbtrack recover` seals and merges it.",
        )
        yield from _about(
            self._future,
            "warning",
            "from the future",
            "Times, orders and ages that are shown may be wrong.",
            "Set the clocks of the machines that share the store.",
        )
        yield from _about(
            [str(path) for path in self.leftovers],
            "note",
            "left by a process that was killed",
            "No reader looks at it.",
            "`nbtrack recover` removes it.",
            noun="temporary file",
        )


def _is_without_recorder(fold: Fold) -> bool:
    """Whether its owner, on this machine, goes on with it, and no recorder does."""
    owner = fold.owner
    if owner is None or owner.writer in fold.closings or liveness(owner.process) != "alive":
        return False
    recorders = [writer for writer in fold.writers if writer.role == "recorder"]
    return not any(liveness(writer.process) == "alive" for writer in recorders)


def _about(
    which: list[str], level: Level, what: str, why: str, advice: str, *, noun: str = "run"
) -> Iterator[Finding]:
    """One finding for all that have the same."""
    if which:
        count = f"{len(which)} {noun}{'s' * (len(which) != 1)} {what}"
        more = f" and {len(which) - _NAMED} more" if len(which) > _NAMED else ""
        named = ", ".join(which[:_NAMED]) + more
        yield Finding("runs", level, f"{count}: {named}", why, advice)
