"""How what a run records gets to its journal: every text on its way there is masked."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Callable

from ._attempts import CellInfo
from ._cells import Cells
from ._console import ConsoleWriter
from ._masking import mask, masked_record
from ._settings import Settings
from .recorder import spawn
from .store.code import CodeInfo, read_code, write_code
from .store.destinations import add_destination
from .store.journal import Journal, now
from .store.layout import RunDir
from .store.schema import Console, RunInfo, Stream, WriterInfo


class Recording:
    """The part of a run that opens its journal and hears its console."""

    _run_dir: RunDir
    _info: RunInfo
    _settings: Settings
    _cells: Cells
    _journal: Journal
    _next_seq: Callable[[], int]
    _finished: bool

    def _new_journal(self, info: WriterInfo) -> Journal:
        settings = self._settings
        seals = spawn.seals if settings.recorder == "process" else bool
        if settings.mask_secrets:
            return Journal(self._run_dir, info, settings, recorder_alive=seals, clean=masked_record)
        return Journal(self._run_dir, info, settings, recorder_alive=seals)

    def _ask_for_code(self, writer: str) -> None:
        """Leave word of what the recorder is to look at: where this process is, and its script."""
        if not self._settings.code or self._settings.recorder != "process":
            return
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        with contextlib.suppress(OSError, UnicodeEncodeError):  # a run without it is a run still
            info = CodeInfo(
                writer=writer,
                time=now(),
                first=not read_code(self._run_dir),
                cwd=os.getcwd(),
                entry=os.path.abspath(script) if script else None,
                notebook=self._info.notebook,
                python=platform.python_version(),
            )
            write_code(self._run_dir, info, durable=False)

    def _ask_for_sync(self) -> None:
        """Leave word of where the run is to be copied to, for a recorder after this one too."""
        if self._settings.sync:
            with contextlib.suppress(OSError):
                add_destination(self._run_dir, self._settings.sync)

    def _new_console(self) -> ConsoleWriter:
        limit = self._settings.console_limit
        if self._settings.mask_secrets:
            return ConsoleWriter(self._record_console, limit, mask)
        return ConsoleWriter(self._record_console, limit)

    def _record_console(
        self, cell: CellInfo | None, stream: Stream, row: int, start: int, text: str, lost: int
    ) -> bool:
        number = self._cells.number(cell)
        if cell is not None and cell.aside and not number:
            return True
        return not self._finished and self._journal.offer(
            Console(self._next_seq(), now(), number, stream, row, start, text, lost)
        )
