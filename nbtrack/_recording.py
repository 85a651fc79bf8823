"""How what a run records gets to its journal: every text on its way there is masked."""

from __future__ import annotations

from collections.abc import Callable

from ._attempts import CellInfo
from ._cells import Cells
from ._console import ConsoleWriter
from ._masking import mask, masked_record
from ._settings import Settings
from .recorder import spawn
from .store.journal import Journal, now
from .store.layout import RunDir
from .store.schema import Console, Stream, WriterInfo


class Recording:
    """The part of a run that opens its journal and hears its console."""

    _run_dir: RunDir
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

    def _new_console(self) -> ConsoleWriter:
        limit = self._settings.console_limit
        if self._settings.mask_secrets:
            return ConsoleWriter(self._record_console, limit, mask)
        return ConsoleWriter(self._record_console, limit)

    def _record_console(
        self, cell: CellInfo | None, stream: Stream, row: int, start: int, text: str, lost: int
    ) -> bool:
        number = self._cells.number(cell)
        return not self._finished and self._journal.offer(
            Console(self._next_seq(), now(), number, stream, row, start, text, lost)
        )
