"""What is wrong here, in plain words, and what to do about it.

============ =========================================================
place        the store, its disk and its file system
use          how much of the disk the store takes
artifacts    whether all content of artifacts is there
runs         runs that cannot be read, that nobody records or that were left behind
settings     values that cannot be used, names that are none
recorder     whether one can be started
environments the kernels and servers of Jupyter, and what they have of nbtrack
gpu          whether NVML answers
============ =========================================================
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from ..store.layout import Store
from .artifacts import check_artifacts, check_use
from .environments import check_kernels, check_servers
from .finding import Finding, Level
from .gpu import check_gpus
from .place import check_disk, check_file_system, check_lasting, check_store
from .recorder import check_recorder
from .runs import check_runs
from .settings import check_settings

__all__ = ["Finding", "Level", "examine"]


def examine(store: Store, *, thorough: bool = False, patience: float = 10.0) -> Iterator[Finding]:
    """Every finding, area by area. A check that fails, or does not end, is a finding itself.

    Args:
        thorough: Read all content of artifacts too, which takes as long as it takes.
        patience: Seconds after which a check counts as one that does not end.
    """
    checks = [
        _Check("settings", check_settings),
        _Check("store", lambda: check_store(store)),
        _Check("store", lambda: check_lasting(store)),
        _Check("disk", lambda: check_disk(store)),
        _Check("file system", lambda: check_file_system(store)),
        _Check("use", lambda: check_use(store)),
        _Check("artifacts", lambda: check_artifacts(store, thorough=thorough), waits=thorough),
        _Check("runs", lambda: check_runs(store)),
        _Check("recorder", check_recorder),
        _Check("kernels", check_kernels),
        _Check("servers", check_servers),
        _Check("gpu", check_gpus),
    ]
    deadline = time.monotonic() + patience
    for check in checks:
        yield from check.findings(deadline, patience)


class _Check:
    """One check, at work in a thread of its own: a disk or a driver may never answer."""

    def __init__(
        self, area: str, check: Callable[[], Iterator[Finding]], *, waits: bool = False
    ) -> None:
        self._area = area
        self._waits = waits
        self._check = check
        self._found: list[Finding] = []
        self._thread = threading.Thread(target=self._run, name=f"doctor-{area}", daemon=True)
        self._thread.start()

    def findings(self, deadline: float, patience: float) -> list[Finding]:
        """What was found until it ended, or until the deadline if it has one."""
        self._thread.join(None if self._waits else max(0.0, deadline - time.monotonic()))
        found = list(self._found)
        if self._thread.is_alive():
            found.append(
                Finding(
                    self._area,
                    "warning",
                    f"this could not be examined within {patience:g} s",
                    "Something here does not answer: a disk, a driver or a process.",
                    "Look after what was to be examined, and ask again.",
                )
            )
        return found

    def _run(self) -> None:
        try:
            for finding in self._check():
                self._found.append(finding)
        except Exception as error:  # one check must not keep back the others
            text = f"this could not be examined: {type(error).__name__}: {error}"
            self._found.append(Finding(self._area, "warning", text))
