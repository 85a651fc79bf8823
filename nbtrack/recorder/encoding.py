"""Has media encoded, one run at a time, in a process of its own.

Encoding a picture may take more memory than a recorder may use, and more time than a kernel should
wait. The process has the lowest priority and may be killed at any point: what is in the spool stays
there until the file made of it is in place.
"""

from __future__ import annotations

import subprocess
import time

from ..store.layout import RunDir
from ..store.spool import spooled
from . import spawn
from .notes import note

# The process stays for a while: to start it takes longer than to encode a picture.
_LINGER_SECONDS = 1.0
_LOOK_SECONDS = 0.1


class EncodingQueue:
    """Runs in whose spool something waits, and the process that sees to one of them."""

    def __init__(self) -> None:
        self._waiting: dict[RunDir, None] = {}
        self._encoding: tuple[RunDir, subprocess.Popen[bytes]] | None = None

    @property
    def busy(self) -> bool:
        return self._encoding is not None or bool(self._waiting)

    def add(self, run_dir: RunDir) -> None:
        """See to the spool of this run."""
        self._waiting[run_dir] = None

    def poll(self) -> None:
        """See whether the process has ended, and start the next. Never waits."""
        if self._encoding is not None:
            run_dir, process = self._encoding
            status = process.poll()
            if status is None:
                return
            self._encoding = None
            if status < 0 and run_dir.path.exists():
                note(run_dir.recorder_log, f"encoding was ended by signal {-status}")
        while self._waiting and self._encoding is None:
            run_dir = next(iter(self._waiting))
            del self._waiting[run_dir]
            if spooled(run_dir):
                self._start(run_dir)

    def _start(self, run_dir: RunDir) -> None:
        try:
            process = spawn.start(
                spawn.command("encode", str(run_dir.path)), stdin=subprocess.DEVNULL
            )
        except OSError as error:
            note(run_dir.recorder_log, f"nothing could be started to encode media: {error}")
        else:
            self._encoding = run_dir, process


def encode_run(run_dir: RunDir) -> bool:
    """Encode what waits in the spool of a run, and what comes for a while. False: not all of it."""
    from ..store.encoding import encode_spool

    failed: set[str] = set()
    until = time.monotonic() + _LINGER_SECONDS
    while time.monotonic() < until:
        if set(spooled(run_dir)) <= failed:
            time.sleep(_LOOK_SECONDS)
            continue
        for name, why in encode_spool(run_dir, skip=failed).items():
            if run_dir.path.exists():
                note(run_dir.recorder_log, f"could not encode {name}: {why}")
        until = time.monotonic() + _LINGER_SECONDS
    return not failed
