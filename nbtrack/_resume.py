"""Going on with a run that another process recorded, here or elsewhere, or this one before."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from . import _current
from ._arguments import LAST_STEP
from ._attempts import Past, Tries
from ._errors import RunExistsError, StoreError
from ._mappings import refuse_changes
from ._options import RunOptions
from ._run import Run
from ._settings import Settings
from ._timeline import live_runs
from .store import documents
from .store.journal import now
from .store.layout import RunDir, Store, make_folders, not_writable
from .store.owners import circumstances, differences, first_part, in_words
from .store.schema import Circumstances, RunInfo
from .store.state import Evidence, first_failure, state

if TYPE_CHECKING:
    from .store.fold import Fold


def resume_run(run_dir: RunDir, options: RunOptions, settings: Settings, here: RunInfo) -> Run:
    """Go on with the run in ``run_dir``; ``here`` describes this process.

    Raises:
        RunExistsError: ``resume`` does not allow it, or another process records it.
        StoreNotWritableError: The store cannot be written.
    """
    if options.resume not in ("allow", "must", "auto"):
        raise RunExistsError(
            f"there is a run {run_dir.id!r} already",
            path=run_dir.path,
            operation="init a run",
            hint="resume='allow' goes on with it; nothing of it is ever overwritten.",
        )
    taken = _read(run_dir)
    info = documents.read_info(run_dir)
    evidence = taken.evidence(run_dir, info, now())
    if evidence.owner == "alive" and evidence.closing is None and taken.owner is not None:
        raise RunExistsError(
            f"run {run_dir.id!r} is being recorded by process {taken.owner.process.pid}",
            path=run_dir.path,
            operation="init a run",
            hint="End it there first, or use another id.",
        )
    if not options.allow_val_change:
        refuse_changes(taken.config, options.config)
    for attempt in taken.attempts:
        if attempt.state == "running":
            attempt.state = "crashed"
    try:
        make_folders(run_dir)
    except OSError as error:
        raise not_writable(run_dir.path, error) from error
    run = Run(
        run_dir,
        info,
        settings,
        _past(taken),
        on_end=_current.forget,
        allow_val_change=options.allow_val_change,
    )
    later = circumstances(here, {**taken.config, **options.config})
    run.resume(taken, later)
    changed = [
        difference.what.removeprefix("config.")
        for difference in differences(Circumstances(host="", config=taken.config), later)
        if difference.what.startswith("config.")
    ]
    run.config.update({key: options.config[key] for key in changed})
    _edit(run, info, options)
    if not settings.quiet:
        _tell(run, taken, evidence, in_words(differences(first_part(taken, info), later)))
    return run


def _past(taken: Fold) -> Past:
    loose = taken.loose.max_step if taken.loose else -1
    highest = [attempt.max_step for attempt in taken.attempts if attempt.rows]
    return Past(
        tries=Tries(taken.facts()),
        has_rows=True,
        loose_step=min(loose + 1, LAST_STEP),
        next_step=min([loose, *highest][-1] + 1, LAST_STEP),
        owned_from=taken.owner.opened if taken.owner is not None else 0,
    )


def _edit(run: Run, info: RunInfo, options: RunOptions) -> None:
    if options.name is not None and options.name != info.name:
        run.name = options.name
    if options.tags:
        run.tags = list(dict.fromkeys((*info.tags, *options.tags)))
    if options.notes is not None:
        run.notes = options.notes


def _tell(run: Run, taken: Fold, evidence: Evidence, differs: str) -> None:
    """Say in one line what may surprise; all of it can be read later, see ``RunView.parts``."""
    said: list[str] = []
    if evidence.owner == "elsewhere" and evidence.closing is None:
        said.append(f"nobody ended it {state(evidence).reason}, where it may go on too")
    if differs:
        said.append(f"it differs from its first part: {differs}")
    if said:
        sys.stderr.write(f"nbtrack: {run.name} is resumed; {'; '.join(said)}\n")


def unfinished(options: RunOptions, store: Store, cwd: Path) -> str | None:
    """The last run of this notebook or script in this store, if it did not end as finished.

    None too where this process does not know its notebook's path, since another notebook of the
    same folder could not be told from it; and where the run may still go on on another machine.
    """
    current = _current.get_run()
    if current is not None and not current.is_untouched:
        before = [a for a in current.attempts if a.n != current.open_attempt]
        failed = first_failure(Evidence("alive", attempts=tuple(before)))
        return current.id if failed is not None else None
    mine = {run.id for run in live_runs()}
    found: list[tuple[int, RunDir, RunInfo]] = []
    for run_dir in store.run_dirs():
        with suppress(StoreError, OSError):  # such a run cannot be gone on with either
            info = documents.read_info(run_dir)
            if run_dir.id not in mine and _is_of_same(info, options, cwd):
                found.append((info.created, run_dir, info))
    found.sort(key=lambda run: run[0], reverse=True)
    for _, run_dir, info in found:
        taken = _read(run_dir)
        if not taken.is_empty:
            verdict = state(taken.evidence(run_dir, info, now()))
            return run_dir.id if verdict.state in ("crashed", "failed") else None
    return None


def _is_of_same(info: RunInfo, options: RunOptions, cwd: Path) -> bool:
    """Whether the run is of this notebook or script, and of the project that was asked for."""
    if info.discarded or options.project not in (None, info.project):
        return False
    if options.notebook is not None:
        return info.notebook == options.notebook
    if not options.command or info.notebook is not None or not info.command:
        return False
    return info.command[0] == options.command[0] and info.cwd == str(cwd)


def _read(run_dir: RunDir) -> Fold:
    from .store import reader

    return reader.snapshot(run_dir).fold
