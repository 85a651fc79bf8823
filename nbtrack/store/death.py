"""How a process ended that did not say so itself, and why, as far as that can be known.

A verdict is *proven*, *likely* or *unknown*, and says which. Pure: what is known comes in as a
:class:`Death`, words come out.
"""

from __future__ import annotations

import re
import signal
from typing import Literal, NamedTuple

import msgspec

Certainty = Literal["proven", "likely", "unknown"]

# Shortly before an out-of-memory kill; the last look at the memory was some time before.
_NEARLY_ALL = 0.95
_FAULTS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGBUS: "bus error",
    signal.SIGABRT: "aborted",
    signal.SIGFPE: "floating point exception",
    signal.SIGILL: "illegal instruction",
}


# As ipykernel and IPython call the files that cells are compiled from.
_CELL_FILE = re.compile(r"[/\\]ipykernel_\d+[/\\]|^<ipython-input")


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


class Position(msgspec.Struct, kw_only=True):
    """Which line of which cell a kernel was executing when it was last looked at.

    Attributes:
        writer: The owner's writer.
        cell: The cell's label, ``[12]``.
        line: From 1.
        time: Microseconds UTC.
    """

    writer: str
    cell: str
    line: int
    time: int


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
    number = death.signal
    if number is None:
        words = "a fault in C code, as its stack says,"
    else:
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        what = _FAULTS.get(signal.Signals(number)) if name.startswith("SIG") else None
        words = f"{what} ({name})" if what else f"killed by {name}"
    innermost = _frames(death.stack)[:1]
    return f"{words} in {innermost[0].name}, {innermost[0].place}" if innermost else words


class _Frame(NamedTuple):
    file: str
    line: int
    name: str

    @property
    def place(self) -> str:
        return f"{'/'.join(self.file.split('/')[-2:])}:{self.line}"


def line_in_stack(stack: str | None) -> int | None:
    """The line of the running cell, or of the script, in a stack that a fault left."""
    frames = [frame for frame in _frames(stack) if frame.name == "<module>"]
    cells = [frame for frame in frames if _CELL_FILE.search(frame.file)]
    if cells:
        return cells[-1].line  # the outermost: others were called by it
    return frames[0].line if frames and not frames[0].file.startswith("<frozen") else None


def shortened(stack: str) -> str:
    """What a fault wrote, without other threads and what is below the person's own code."""
    lines = stack.splitlines()
    at = _faulting_thread(lines)
    kept = list(lines[at : at + 1])
    for line in lines[at + 1 :]:
        if not line.startswith("  ") or "IPython/core/interactiveshell.py" in line:
            break
        kept.append(line)
    what = [line for line in lines[:at] if line and not line.startswith((" ", "Thread"))]
    return "\n".join([*what[-1:], *kept])


def _faulting_thread(lines: list[str]) -> int:
    """Where its frames begin; the number of lines if there are none."""
    begins = [at for at, line in enumerate(lines) if line.startswith(("Current thread", "Stack"))]
    return begins[-1] if begins else len(lines)


def _frames(stack: str | None) -> list[_Frame]:
    """The frames of the thread that faulted, innermost first, as :mod:`faulthandler` writes them.

    The last such thread: an earlier one may be of a process forked from this.
    """
    lines = (stack or "").splitlines()
    found: list[_Frame] = []
    for line in lines[_faulting_thread(lines) + 1 :]:
        file, separator, rest = line.strip().removeprefix('File "').partition('", line ')
        number, _, name = rest.partition(" in ")
        if not separator or not number.isdecimal():
            break
        found.append(_Frame(file, int(number), name))
    return found
