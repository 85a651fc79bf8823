"""Processes that belong to a run and were not forked from its owner.

- Workers of ``multiprocessing`` (spawn, forkserver) and joblib: the owner tells the processes that
  it starts of its run and its open attempt, in an environment variable.
- Ranks that the owner starts itself once it is the first of them, as PyTorch Lightning does.
- Ranks, which a launcher such as torchrun starts together: the first makes the run under an id that
  all of them know, the others join it.

Anything else that an owner starts, ``!python train.py`` for one, records a run of its own.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from ._decoding import from_json
from ._environment import announce_run, announced_run, is_further_rank, launch
from ._process import ProcessIdentity, liveness, started_at, this_process
from .store.documents import read_info
from .store.layout import RunDir, Store

# The first rank may have much to load before it calls init().
_RANK_PATIENCE = 60.0
_LOOK_SECONDS = 0.05
_LOADED = time.time()


class _Announcement(msgspec.Struct):
    path: str
    attempt: int
    owner: ProcessIdentity


class Place(NamedTuple):
    """A run to join, and its attempt that rows belong to; 0 for none."""

    run_dir: RunDir
    attempt: int


def announce(place: Place | None) -> None:
    """Tell the processes that are started from now on where their rows belong; None: nowhere."""
    text = None
    if place is not None:
        owner = _identity(os.getpid())
        announcement = _Announcement(str(place.run_dir.path.absolute()), place.attempt, owner)
        with contextlib.suppress(UnicodeError):  # a path that no text holds
            text = msgspec.json.encode(announcement).decode()
    announce_run(text)


def place() -> Place | None:
    """The run of which this process is a worker; None if there is none, or it has ended."""
    found = _announced()
    if found is None or not (_is_worker() or _is_rank_beside(found.owner)):
        return None
    if liveness(found.owner) != "alive" or found.owner == this_process():
        return None
    run_dir = RunDir(Path(found.path))
    return Place(run_dir, found.attempt) if run_dir.info.exists() else None


def announced_id() -> str | None:
    """The id of the run of whoever started this process, when it did; None if there was none."""
    found = _announced()
    return RunDir(Path(found.path)).id if found is not None else None


def rank_id() -> str | None:
    """The id of the run that all ranks of this launch share; None if there are no ranks."""
    started = launch()
    if started is None:
        return None
    # Not at the top: it brings all of OpenSSL.
    from hashlib import blake2b

    # Ranks of one host have one parent; over several hosts only the launcher's own name tells.
    parent = os.getppid()
    name = started.name or f"{this_process().boot_id}/{parent}/{started_at(parent)}"
    text = f"{name}/{started.meeting_point}/{started.restarts}"
    return f"ranks-{blake2b(text.encode(), digest_size=8).hexdigest()}"


def rank_place(store: Store, run_id: str) -> Place | None:
    """The first rank's run, once it is there; None for the first rank, or if it does not come.

    A launch may have the name of an earlier one: what is older than this launch is not its run.
    """
    started = launch()
    if started is None or started.rank == 0:
        return None
    run_dir = store.run(run_id)
    deadline = time.monotonic() + _RANK_PATIENCE
    while not _is_of_this_launch(run_dir):
        if time.monotonic() > deadline:
            return None
        time.sleep(_LOOK_SECONDS)
    return Place(run_dir, 1)  # a script is one attempt


def _is_of_this_launch(run_dir: RunDir) -> bool:
    if not run_dir.info.exists():
        return False
    return read_info(run_dir).created / 1e6 > _LOADED - _RANK_PATIENCE


@cache
def _identity(pid: int) -> ProcessIdentity:
    """This process, looked up once; a forked child has another pid."""
    return this_process()


def _announced() -> _Announcement | None:
    text = announced_run()
    try:
        return from_json(text, _Announcement) if text else None
    except msgspec.DecodeError:
        return None


def _is_rank_beside(owner: ProcessIdentity) -> bool:
    """Whether the owner has started this process as another rank of what it does itself."""
    return is_further_rank() and owner.pid == os.getppid()


def _is_worker() -> bool:
    """Whether ``multiprocessing``, or joblib in its manner, has started this process."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    return multiprocessing is not None and multiprocessing.current_process().name != "MainProcess"
