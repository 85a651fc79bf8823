"""Several runs at once: the same change of all of them, or all of them beside each other."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from .._errors import NbtrackError, UsageError
from ..store import reader
from ..store.documents import read_info
from ..store.edits import edit
from ..store.layout import RunDir
from ..store.reader import Snapshot
from ..store.state import state
from ..store.view import RunView
from .api.runs import Compared, ComparedRun, CompareRequest, Edited, EditRequest
from .plain import plain
from .run import checked_tags
from .stores import Stores, UnknownRunError

MOST_COMPARED = 200
MOST_EDITED = 10_000
# Edits wait for the disk, not for the processor.
_THREADS = 8


def edit_runs(stores: Stores, asked: EditRequest) -> Edited:
    """Change tags, and whether runs are out of sight. Runs that are so already are left alone.

    Raises:
        UnknownStoreError: There is no such store.
        UsageError: That is too much, or no tag.
    """
    if len(asked.runs) > MOST_EDITED:
        raise UsageError(f"at most {MOST_EDITED:,} runs")
    add, remove = checked_tags(asked.add_tags), checked_tags(asked.remove_tags)
    stores.find(asked.store)
    runs = list(dict.fromkeys(asked.runs))
    change = partial(_edit, stores, asked.store, add, remove, asked.discarded)
    with ThreadPoolExecutor(_THREADS, "nbtrack-edits") as threads:
        problems = dict(zip(runs, threads.map(change, runs), strict=True))
    return Edited(
        changed=[run for run, problem in problems.items() if problem is None],
        failed={run: problem for run, problem in problems.items() if problem},
    )


def compare(stores: Stores, asked: CompareRequest) -> Compared:
    """Those runs that there are and that can be read.

    Raises:
        UnknownStoreError: There is no such store.
        UsageError: They are too many.
    """
    if len(asked.runs) > MOST_COMPARED:
        raise UsageError(f"at most {MOST_COMPARED} runs")
    stores.find(asked.store)
    found: list[ComparedRun] = []
    for run in dict.fromkeys(asked.runs):
        with contextlib.suppress(UnknownRunError, NbtrackError, OSError):
            run_dir = stores.run(asked.store, run)
            found.append(reader.read(run_dir, partial(_compared, run_dir)))
    return Compared(runs=found)


def _edit(
    stores: Stores,
    store: str,
    add: list[str],
    remove: list[str],
    discarded: bool | None,
    run: str,
) -> str | None:
    """Why a run cannot be changed; None if it was, empty if it is so already."""
    try:
        view = RunView(stores.run(store, run))
        changes: dict[str, object] = {}
        tags = [tag for tag in view.tags if tag not in remove]
        tags = checked_tags([*tags, *add])
        if tags != view.tags:
            changes["tags"] = tags
        if discarded is not None and discarded != view.discarded:
            changes["discarded"] = discarded
        if not changes:
            return ""
        edit(view, **changes)
    except (UnknownRunError, NbtrackError, OSError) as error:
        return str(error)
    return None


def _compared(run_dir: RunDir, taken: Snapshot) -> ComparedRun:
    info = read_info(run_dir)
    fold = taken.fold
    view = RunView(run_dir, taken)
    ended = view.ended_at
    verdict = state(fold.evidence(run_dir, info, time.time_ns() // 1000))
    attempts = [one for one in (fold.loose, *fold.attempts) if one is not None and one.rows]
    return ComparedRun(
        id=run_dir.id,
        name=info.name,
        state=verdict.state,
        started=info.created,
        seconds=(ended - view.started_at).total_seconds() if ended is not None else None,
        tags=info.tags,
        config=plain(fold.config),
        summary=plain(fold.summary),
        attempts=[one.n for one in attempts],
        keys=list(dict.fromkeys(key for one in attempts for key in one.keys)),
    )
