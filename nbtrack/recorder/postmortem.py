"""How a process ended that is not a child of ours."""

from __future__ import annotations

import contextlib
import os
import struct
import time
from pathlib import Path

import msgspec

from .. import _environment
from .._process import started_at
from ..store.death import Death

# The kernel's struct pidfd_info in its first version: mask, cgroup, eleven numbers, exit status.
_INFO = struct.Struct("<QQ11Ii")
_INFO_EXIT = 1 << 3
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11
_PATIENCE = 0.5


class ServerWatch:
    """The Jupyter server that started a kernel: ipykernel ends kernels that have lost theirs.

    Args:
        pid: The kernel. Of what a kernel starts, which has heard of the server too, the parent is
            another process.
    """

    def __init__(self, pid: int) -> None:
        server = _environment.jupyter_server()
        self._pid = server if server is not None and _is_child(pid, server) else None
        self._started = started_at(self._pid) if self._pid is not None else None

    def add_to(self, death: Death) -> Death:
        """``death`` with whether the server had ended by now."""
        if self._pid is None:
            return death
        ended = not self._started or started_at(self._pid) != self._started
        return msgspec.structs.replace(death, server_ended=ended)


def _is_child(pid: int, parent: int) -> bool:
    """Whether it is, or was one before its parent ended."""
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).ppid() == parent or not started_at(parent)
    return False


def how_it_ended(pid: int, started: int, pidfd: int | None) -> Death:
    """The exit code of a dead process, or the signal that killed it; neither, if unknown.

    While nobody has waited for it, a dead process is a zombie with its status in ``/proc``; after
    that only a pidfd opened in its lifetime still knows (Linux 6.15 and newer).
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = _of_zombie(pid, started)
        if found == "gone":
            return _death(_of_pidfd(pidfd))
        if isinstance(found, int):
            return _death(found)
        if time.monotonic() > deadline:
            return Death()
        time.sleep(0.005)


def _of_zombie(pid: int, started: int) -> int | str:
    """The wait status of a zombie, or ``gone`` or ``alive``."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return "gone"
    fields = stat[stat.rindex(b")") + 2 :].split()
    if int(fields[19]) != started:
        return "gone"
    return int(fields[49]) if fields[0] in (b"Z", b"X") else "alive"


def _of_pidfd(pidfd: int | None) -> int | None:
    if pidfd is None:
        return None
    import fcntl

    buffer = bytearray(_INFO.pack(_INFO_EXIT, *[0] * 13))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, buffer)
    except OSError:
        return None
    mask, *_, status = _INFO.unpack(buffer)
    return status if mask & _INFO_EXIT else None


def _death(status: int | None) -> Death:
    if status is None:
        return Death()
    code = os.waitstatus_to_exitcode(status)
    return Death(signal=-code) if code < 0 else Death(exit=code)
