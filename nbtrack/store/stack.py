"""The stack that Python's faulthandler writes when a fault in C code ends a process."""

from __future__ import annotations

import re
from typing import NamedTuple

# As ipykernel and IPython call the files that cells are compiled from.
_CELL_FILE = re.compile(r"[/\\]ipykernel_\d+[/\\]|^<ipython-input")


class Frame(NamedTuple):
    """One line of the stack."""

    file: str
    line: int
    name: str

    @property
    def place(self) -> str:
        """Where it is, as people read it."""
        return f"{'/'.join(self.file.split('/')[-2:])}:{self.line}"


def line_in_stack(stack: str | None) -> int | None:
    """The line of the running cell, or of the script, in a stack that a fault left."""
    frames = [frame for frame in frames_of(stack) if frame.name == "<module>"]
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


def frames_of(stack: str | None) -> list[Frame]:
    """The frames of the thread that faulted, innermost first, as :mod:`faulthandler` writes them.

    The last such thread: an earlier one may be of a process forked from this.
    """
    lines = (stack or "").splitlines()
    found: list[Frame] = []
    for line in lines[_faulting_thread(lines) + 1 :]:
        file, separator, rest = line.strip().removeprefix('File "').partition('", line ')
        number, _, name = rest.partition(" in ")
        if not separator or not number.isdecimal():
            break
        found.append(Frame(file, int(number), name))
    return found
