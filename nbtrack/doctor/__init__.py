"""What is wrong here, in plain words, and what to do about it.

=========== ==========================================================
place       the store, its disk and its file system
runs        runs that cannot be read, or were left behind
environment settings, the recorder, kernels, servers and GPUs
=========== ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..store.layout import Store
from .environment import check_gpus, check_kernels, check_recorder, check_servers, check_settings
from .finding import Finding, Level
from .place import check_disk, check_file_system, check_store
from .runs import check_runs

__all__ = ["Finding", "Level", "examine"]


def examine(store: Store) -> Iterator[Finding]:
    """Every finding, one after the other. A check that fails is a finding itself."""
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("settings", check_settings),
        ("store", lambda: check_store(store)),
        ("disk", lambda: check_disk(store)),
        ("file system", lambda: check_file_system(store)),
        ("runs", lambda: check_runs(store)),
        ("recorder", check_recorder),
        ("kernels", check_kernels),
        ("servers", check_servers),
        ("gpu", check_gpus),
    ]
    for area, check in checks:
        try:
            yield from check()
        except Exception as error:  # one check must not keep back the others
            text = f"this could not be examined: {type(error).__name__}: {error}"
            yield Finding(area, "warning", text)
