"""A store of runs that ended, quickly made: for what lists and compares them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.runs import run_id, write_run
from nbtrack.store import registry
from nbtrack.store.layout import Store

__all__ = ["make_store", "run_id"]


def make_store(path: Path, runs: int, *, metrics: int = 4, rows: int = 30) -> Store:
    """Runs as the benchmarks make them: states, tags, configs, live frames; registered."""
    store = Store(path)
    store.create()
    for number in range(runs):
        write_run(path, metrics, rows, number)
    registry.register(store)
    return store
