"""How a process ended that did not say so itself, and why, as far as that can be known.

A verdict is *proven*, *likely* or *unknown*, and says which. Pure: what is known comes in as a
:class:`Death`, words come out.
"""

from __future__ import annotations

import signal
from typing import Literal, NamedTuple

import msgspec

from .stack import frames_of

Certainty = Literal["proven", "likely", "unknown"]

# Shortly before an out-of-memory kill; the last look at the memory was some time before.
_NEARLY_ALL = 0.95
# With this code ipykernel ends a kernel whose server is gone.
_WITHOUT_SERVER = 1
_FAULTS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGBUS: "bus error",
    signal.SIGABRT: "aborted",
    signal.SIGFPE: "floating point exception",
    signal.SIGILL: "illegal instruction",
}


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """The batch job or pod that a process runs in.

    Attributes:
        system: ``SLURM``, ``PBS``, ``LSF`` or ``Kubernetes``.
        id: What it is called there.
    """

    system: str
    id: str

    @property
    def look_up(self) -> str:
        """The command that tells what became of it."""
        commands = {
            "SLURM": "sacct -j {}",
            "PBS": "qstat -fx {}",
            "LSF": "bjobs -l {}",
            "Kubernetes": "kubectl describe pod {}",
        }
        return commands[self.system].format(self.id) if self.system in commands else self.id


class Death(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is known of a process that died. Every field may be missing.

    Attributes:
        exit: Its exit code, if it exited.
        signal: The number of the signal that killed it.
        memory: Bytes in use at the last look: the control group's, or else the machine's.
        memory_limit: Bytes that could be in use there.
        oom_kills: Processes of its control group that the system has killed for want of memory
            since that look.
        machine_oom_kills: The same of the whole machine.
        cell: The label of the cell that ran.
        line: The line in it.
        stack: What Python wrote of its stack when a fault ended it.
        server_ended: The Jupyter server that had started it was gone by then.
    """

    exit: int | None = None
    signal: int | None = None
    memory: int | None = None
    memory_limit: int | None = None
    oom_kills: int | None = None
    machine_oom_kills: int | None = None
    cell: str | None = None
    line: int | None = None
    stack: str | None = None
    server_ended: bool = False

    def line_in(self, label: str | None) -> int | None:
        """The line that ran in the cell, or script, of this label; None if it is not known."""
        return self.line if self.cell in (label, None) else None


class Cause(NamedTuple):
    """Why a process died, in words, and how certain that is."""

    words: str
    certainty: Certainty


def cause(death: Death, job: Job | None = None) -> Cause:
    """Why it died."""
    if death.signal == signal.SIGKILL:
        return _killed(death)
    if death.signal == signal.SIGTERM:
        if job is None:
            return Cause("terminated by SIGTERM, sender unknown", "unknown")
        what = "evicted or deleted" if job.system == "Kubernetes" else "preempted or cancelled"
        words = f"terminated by SIGTERM, likely {what} by {job.system}: {job.look_up}"
        return Cause(words, "likely")
    if death.signal is not None:
        return Cause(_fault(death), "proven")
    if death.exit == _WITHOUT_SERVER and death.server_ended:
        return Cause("its Jupyter server had ended", "likely")
    if death.exit is not None:
        words = f"exited with code {death.exit} without a shutdown"
        return Cause(words, "proven")
    if death.stack:
        return Cause(_fault(death), "likely")
    return Cause("cause unknown", "unknown")


def _killed(death: Death) -> Cause:
    memory = ""
    if death.memory is not None and death.memory_limit is not None:
        memory = f", {amount(death.memory, death.memory_limit)}"
    if death.oom_kills:
        return Cause(f"killed, out of memory (proven){memory}", "proven")
    full = (
        death.memory is not None
        and death.memory_limit is not None
        and death.memory >= _NEARLY_ALL * death.memory_limit
    )
    if full or death.machine_oom_kills:
        return Cause(f"killed, out of memory likely{memory}", "likely")
    return Cause("killed by SIGKILL, sender unknown", "unknown")


def amount(used: int, limit: int) -> str:
    """Memory as people read it: ``15.8 of 16.0 GiB``."""
    unit, name = (1 << 30, "GiB") if limit >= 1 << 30 else (1 << 20, "MiB")
    return f"{used / unit:.1f} of {limit / unit:.1f} {name}"


def _fault(death: Death) -> str:
    frames = frames_of(death.stack)
    where = f" in {frames[0].name}, {frames[0].place}" if frames else ""
    if death.signal is None:
        return f"a fault in C code, as its stack says,{where}"
    try:
        known = signal.Signals(death.signal)
    except ValueError:
        return f"killed by signal {death.signal}"
    if known in _FAULTS:
        return f"{_FAULTS[known]} ({known.name}){where}"
    return f"killed by {known.name}"
