"""Which process is this, and is that one still alive?"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

Liveness = Literal["alive", "dead", "elsewhere"]

# The inode of the first pid namespace of a machine, a constant of Linux (PROC_PID_INIT_INO).
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC


class ProcessIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A process, told apart from every other that had or will have its pid.

    Attributes:
        host: The host name.
        machine_id: The machine id, empty where there is none.
        boot_id: Changes with every boot.
        pid_ns: Inode of the pid namespace; containers of one machine differ in it alone.
        pid: Process id inside that namespace.
        started: When it started, in clock ticks since boot; tells a reused pid.
    """

    host: str
    machine_id: str
    boot_id: str
    pid_ns: int
    pid: int
    started: int


def this_process() -> ProcessIdentity:
    """The identity of the calling process."""
    pid = os.getpid()
    machine = _machine()
    return ProcessIdentity(
        **machine._asdict(),
        pid=pid,
        started=started_at(pid) or 0,
    )


def liveness(process: ProcessIdentity) -> Liveness:
    """Whether ``process`` lives, as far as this process can know.

    ``dead`` is certain: files that a living process may still write to depend on it. ``elsewhere``
    means that its pid cannot be looked up from here: another host, another pid namespace of this
    one, or a process of somebody else that is hidden.
    """
    return judge(process, _machine(), started_at, _exists)


def judge(
    process: ProcessIdentity,
    here: Machine,
    started: Callable[[int], int | None],
    exists: Callable[[int], bool],
) -> Liveness:
    """Whether ``process`` lives, seen from ``here``. Pure.

    Args:
        process: Who is asked for.
        here: The machine, its boot and the pid namespace that are looked from.
        started: When the process of that pid here started; 0 if it is dead, None if it is not seen.
        exists: Whether there is a process of that pid, though it may be hidden.
    """
    if process.host != here.host or process.machine_id != here.machine_id:
        return "elsewhere"
    if process.boot_id != here.boot_id:
        # Outside containers nothing outlives a reboot of its own machine.
        initial = process.pid_ns == here.pid_ns == _INITIAL_PID_NAMESPACE
        return "dead" if here.machine_id and initial else "elsewhere"
    if process.pid_ns != here.pid_ns or not process.started:
        return "elsewhere"
    found = started(process.pid)
    if found is None:
        # Mounted with hidepid, /proc does not show the processes of other users.
        return "elsewhere" if exists(process.pid) else "dead"
    return "alive" if found == process.started else "dead"


class Machine(NamedTuple):
    """From where processes are looked up; see :class:`ProcessIdentity`."""

    host: str
    machine_id: str
    boot_id: str
    pid_ns: int


class Memory(NamedTuple):
    """Bytes of memory that this process holds, and the most that it ever held."""

    resident: int
    peak: int


def memory_now() -> Memory | None:
    """What this process holds in memory; None where that cannot be told.

    Not from ``getrusage``: its maximum also counts what the process was forked from.
    """
    if sys.platform != "linux":
        import psutil

        resident = psutil.Process().memory_info().rss
        return Memory(resident, resident)
    try:
        status = Path("/proc/self/status").read_bytes()
        return Memory(_kilobytes(status, b"\nVmRSS:"), _kilobytes(status, b"\nVmHWM:"))
    except (OSError, ValueError):
        return None


def _kilobytes(status: bytes, field: bytes) -> int:
    at = status.index(field) + len(field)
    return int(status[at : status.index(b"kB", at)]) * 1024


@cache
def _machine() -> Machine:
    machine_id = _read("/etc/machine-id")
    boot_id = _read("/proc/sys/kernel/random/boot_id")
    if not boot_id:
        import psutil

        boot_id = str(int(psutil.boot_time()))
    try:
        pid_ns = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        pid_ns = 0
    return Machine(socket.gethostname(), machine_id, boot_id, pid_ns)


def started_at(pid: int) -> int | None:
    """Start time of a process here, in clock ticks since boot; 0 if dead, None if it is not seen.

    A zombie is dead: its memory is gone, only its exit status waits. Not so while other threads
    live on after its first.
    """
    if sys.platform != "linux":
        import psutil

        try:
            return int(psutil.Process(pid).create_time() * 100)
        except psutil.Error:
            return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The second field is the command in parentheses and may hold spaces and parentheses itself.
    fields = stat[stat.rindex(b")") + 2 :].split()
    state, threads, started = fields[0], int(fields[17]), int(fields[19])
    return 0 if state in (b"Z", b"X") and threads <= 1 else started


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
