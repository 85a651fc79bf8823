"""What became of the kernel that this notebook had before, if it died.

Reads two small documents of a run. Only if the recorder died with its kernel, or is still at work,
is a process of its own asked, since reading a journal needs much that a kernel does not load.
"""

from __future__ import annotations

from itertools import islice

import msgspec

from .._decoding import from_json
from .._errors import StoreError
from ..store.documents import read_info, read_status
from ..store.journal import now
from ..store.layout import RunDir, Store
from ..store.schema import RunInfo
from ..store.state import state
from ..store.tail import is_written_by
from . import asking

_RECENT = 50
_PATIENCE = 5.0


class _Shown(msgspec.Struct):
    """What ``nbtrack show --json`` says of a run, as far as it matters here."""

    name: str
    state: str
    reason: str
    rows: int


def previous_death(store: Store, notebook: str) -> str | None:
    """The line that tells of it; None if the notebook's latest run did not die in a cell.

    Raises:
        StoreError, OSError, subprocess.TimeoutExpired, msgspec.DecodeError: It cannot be read.
    """
    for run_dir in islice(store.run_dirs(), _RECENT):
        try:
            info = read_info(run_dir)
        except (StoreError, OSError):
            continue
        if info.notebook == notebook and not info.discarded:
            return _describe(_look_at(store, run_dir, info))
    return None


def _describe(run: _Shown | None) -> str | None:
    if run is None or run.state != "crashed":
        return None
    rows = f"{run.rows:,} row{'s' * (run.rows != 1)} kept"
    return f"Previous kernel {run.reason}; {rows}; nbtrack show {run.name}"


def _look_at(store: Store, run_dir: RunDir, info: RunInfo) -> _Shown | None:
    segments = run_dir.segments()
    status = read_status(run_dir) if not segments else None
    if status is not None:
        fold = status[1]
        verdict = state(fold.evidence(run_dir, info, now()))
        return _Shown(info.name, verdict.state, verdict.reason, fold.rows)
    if is_written_by(run_dir, "owner"):
        return None  # another kernel of this notebook, at work
    done = asking.show(run_dir.id, "--json", store=store.path, seconds=_PATIENCE)
    return from_json(done.stdout, _Shown)
