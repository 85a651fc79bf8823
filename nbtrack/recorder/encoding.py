"""Has media encoded, one run at a time, in a process of its own.

Encoding a picture may take more memory than a recorder may use, and more time than a kernel should
wait. The process has the lowest priority and may be killed at any point: what is in the spool stays
there until the file made of it is in place.
"""

from __future__ import annotations

import select
import subprocess
import time

from ..store.layout import RunDir
from ..store.spool import spooled
from . import spawn
from .notes import note

# While a run goes on, its process stays: to start it takes longer than to encode a picture.
_LINGER_SECONDS = 1.0
_LOOK_SECONDS = 0.1


class EncodingQueue:
    """Runs in whose spool something waits, and the process that sees to one of them."""

    def __init__(self) -> None:
        #: Whether nothing will be put into its spool any more.
        self._waiting: dict[RunDir, bool] = {}
        self._encoding: tuple[RunDir, subprocess.Popen[bytes]] | None = None

    @property
    def busy(self) -> bool:
        return self._encoding is not None or bool(self._waiting)

    def has(self, run_dir: RunDir) -> bool:
        """Whether something of this run waits, or is being encoded."""
        going_on = [self._encoding[0]] if self._encoding is not None else []
        return any(one.path == run_dir.path for one in (*self._waiting, *going_on))

    def add(self, run_dir: RunDir) -> None:
        """See to the spool of this run."""
        self._waiting[run_dir] = False

    def end(self, run_dir: RunDir) -> None:
        """See to the spool of this run, in which nothing will be put any more."""
        self._waiting[run_dir] = True
        if self._encoding is not None and self._encoding[0] == run_dir:
            _say_that_it_is_over(self._encoding[1])

    def poll(self) -> None:
        """See whether the process has ended, and start the next. Never waits."""
        if self._encoding is not None:
            run_dir, process = self._encoding
            status = process.poll()
            if status is None:
                return
            self._encoding = None
            _say_that_it_is_over(process)
            if status < 0 and run_dir.path.exists():
                note(run_dir.recorder_log, f"encoding was ended by signal {-status}")
        while self._waiting and self._encoding is None:
            run_dir = next(iter(self._waiting))
            is_over = self._waiting.pop(run_dir)
            if spooled(run_dir):
                self._start(run_dir, is_over)

    def _start(self, run_dir: RunDir, is_over: bool) -> None:
        try:
            process = spawn.start(
                spawn.command("encode", str(run_dir.path)),
                stdin=subprocess.DEVNULL if is_over else subprocess.PIPE,
            )
        except OSError as error:
            note(run_dir.recorder_log, f"nothing could be started to encode media: {error}")
        else:
            self._encoding = run_dir, process


def encode_run(run_dir: RunDir, going_on: int) -> bool:
    """Encode what waits in the spool of a run, and what comes while the run goes on.

    Args:
        going_on: A descriptor that is at its end, or becomes so, when nothing will come any more.

    Returns:
        Whether all of it was encoded.
    """
    from ..store.encoding import encode_spool

    failed: set[str] = set()
    until = time.monotonic() + _LINGER_SECONDS
    while True:
        is_over = _is_over(going_on, 0)
        if not set(spooled(run_dir)) <= failed:
            for name, why in encode_spool(run_dir, skip=failed).items():
                if run_dir.path.exists():
                    note(run_dir.recorder_log, f"could not encode {name}: {why}")
            until = time.monotonic() + _LINGER_SECONDS
        elif is_over or time.monotonic() >= until:
            return not failed
        else:
            _is_over(going_on, _LOOK_SECONDS)


def _is_over(descriptor: int, seconds: float) -> bool:
    """Whether it is at its end, waited for so long at most."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _say_that_it_is_over(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
