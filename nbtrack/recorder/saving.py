"""Keeps the copies up to date that ``save()`` asked for, beside the recorder's other work.

Copying may take long, and a disk may hang: a thread does it, so that heartbeats go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .._decoding import convert
from ..store.artifact_schema import SavedFile
from ..store.layout import RunDir
from ..store.saved import bring_all
from ..store.schema import Change

LOOK_SECONDS = 2.0


class SavedFiles:
    """The saved files of one run.

    Args:
        tell: Told of what went wrong, from the thread that copies.
    """

    def __init__(self, run_dir: RunDir, tell: Callable[[str], object]) -> None:
        self._run_dir = run_dir
        self._tell = tell
        self._told: set[str] = set()
        self._files: dict[str, SavedFile] = {}
        self._look_at = 0.0
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being copied."""
        return self._thread is not None and self._thread.is_alive()

    def add(self, change: Change) -> None:
        """A file was saved."""
        value = {"path": change.key, "time": change.time, **change.value}
        self._files[change.key] = convert(value, SavedFile)

    def poll(self) -> None:
        """Copy what has changed, if it is time to look. Never waits."""
        live = [file for file in self._files.values() if file.policy == "live"]
        if live and not self.busy and time.monotonic() >= self._look_at:
            self._start(live)

    def end(self) -> None:
        """Nobody else will do it any more: copy everything as it is now. Never waits."""
        last = [file for file in self._files.values() if file.policy != "now"]
        self._files.clear()
        if not last:
            return
        before = self._thread

        def after() -> None:
            if before is not None:
                before.join()
            self._copy(last)

        self._thread = threading.Thread(target=after, name="nbtrack-saving", daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """The process that saved them has ended, and copied them itself."""
        self._files.clear()

    def _start(self, files: list[SavedFile]) -> None:
        self._thread = threading.Thread(
            target=self._copy, args=(files,), name="nbtrack-saving", daemon=True
        )
        self._thread.start()

    def _copy(self, files: list[SavedFile]) -> None:
        for path, problem in bring_all(self._run_dir, files).items():
            text = f"{path!r} was not saved: {problem}"
            if text not in self._told:
                self._told.add(text)
                self._tell(text)
        self._look_at = time.monotonic() + LOOK_SECONDS
