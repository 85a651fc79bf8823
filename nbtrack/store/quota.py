"""How much unsealed journal one writer may leave on the disk."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from .layout import RunDir

_RECORDER_PATIENCE = 30.0
_LOOK_SECONDS = 0.02


class Quota:
    """Counts the bytes of one writer's segments that are not sealed yet.

    Attributes:
        unsealed: That number, as far as it is known.
    """

    def __init__(
        self, run_dir: RunDir, writer: str, limit: int, recorder_alive: Callable[[], bool]
    ) -> None:
        self.unsealed = 0
        self._measured_at = 0.0
        self._run_dir = run_dir
        self._writer = writer
        self._limit = limit
        self._recorder_alive = recorder_alive

    def is_reached(self) -> bool:
        """Whether there is as much as there may be."""
        return self.unsealed >= self._limit

    def measure(self) -> None:
        """Look at the disk."""
        sizes = 0
        for name in self._run_dir.segments():
            if name.writer == self._writer:
                with contextlib.suppress(FileNotFoundError):
                    sizes += self._run_dir.segment(name).stat().st_size
        self.unsealed = sizes
        self._measured_at = time.monotonic()

    def is_due(self) -> bool:
        """Whether the last look at the disk was some time ago."""
        return time.monotonic() - self._measured_at >= _LOOK_SECONDS

    def wait(self, tell: Callable[[], object]) -> None:
        """Wait while the recorder makes room; not for one that is gone, or makes none."""
        self.measure()
        if not self.is_reached() or not self._recorder_alive():
            return
        tell()
        least, since = self.unsealed, time.monotonic()
        while self._recorder_alive() and time.monotonic() - since < _RECORDER_PATIENCE:
            time.sleep(_LOOK_SECONDS)
            self.measure()
            if not self.is_reached():
                return
            if self.unsealed < least:
                least, since = self.unsealed, time.monotonic()
