"""Which cell a file name stands for, in tracebacks and on the stack."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from .._attempts import CellInfo

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_NUMBERED = re.compile(r"<ipython-input-(\d+)-\w+>")


class Labels:
    """The labels of one shell's cells, by the names that their code was compiled under.

    IPython 8 and newer know them. Before, a terminal has the number in the name, and a kernel has
    files in a folder of its own, which are named after the text alone.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._compile = shell.compile
        self._knows = hasattr(shell.compile, "format_code_name")
        self._known: dict[str, str] = {}
        self._last: str | None = None
        self._folder = "" if self._knows else os.path.dirname(self._name_of(""))

    def begin(self, cell: CellInfo) -> None:
        """The cell begins."""
        if not self._knows:
            self._last = self._known[self._name_of(cell.source)] = cell.label

    def of(self, file: str) -> str | None:
        """``[12]`` for a file that IPython compiled cell 12 as; None for other files."""
        if self._knows:
            named = self._compile.format_code_name(file)
            return named[1].removeprefix("In") if named else None
        numbered = _NUMBERED.fullmatch(file)
        if numbered is not None:
            return f"[{numbered[1]}]"
        if file in self._known:
            return self._known[file]
        # Cell magics have a part of their cell compiled: what else is there is of the latest.
        return self._last if self._folder and os.path.dirname(file) == self._folder else None

    def _name_of(self, source: str) -> str:
        return self._compile.get_code_name(source, source, 0)
