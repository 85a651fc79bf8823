"""What is at a place of many runs, in few requests: one brings a thousand names, of any runs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial

from .._errors import SyncError
from ..store.together import Crew
from .place import Place

# Runs are asked for in a row by one; a page has the names of as many.
_ROW = 64


def sizes_of_runs(place: Place, runs: Sequence[str], crew: Crew) -> dict[str, dict[str, int]]:
    """The size of every object of each run, by its whole key.

    Only runs of which that is known for sure: a place may list in no order, or fail.
    """
    if not place.lists_in_order:
        return {}
    # As their keys are: "a-b/" comes before "a/".
    ordered = sorted(runs, key=_folder)
    rows = [ordered[first : first + _ROW] for first in range(0, len(ordered), _ROW)]
    found: dict[str, dict[str, int]] = {}
    for known in crew.do(partial(_row, place), rows):
        found |= known
    return found


def _row(place: Place, runs: Sequence[str]) -> dict[str, dict[str, int]]:
    """The same of a few, which are in order."""
    found: dict[str, dict[str, int]] = {run: {} for run in runs}
    waiting = list(reversed(runs))
    behind = ""
    with contextlib.suppress(SyncError):
        while waiting:
            behind = max(behind, f"runs/{waiting[-1]}")
            page, more = place.page("runs", behind)
            keys = list(page)
            if keys != sorted(keys):
                break
            for key, size in page.items():
                run = key.split("/", 2)[1]
                if run in found:
                    found[run][key] = size
            behind = keys[-1] if keys else ""
            while waiting and not (more and _may_follow(_folder(waiting[-1]), behind)):
                waiting.pop()
    return {run: sizes for run, sizes in found.items() if run not in waiting}


def _folder(run: str) -> str:
    return f"runs/{run}/"


def _may_follow(folder: str, key: str) -> bool:
    """Whether a folder may have names behind this one."""
    return folder > key or key.startswith(folder)
