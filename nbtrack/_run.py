"""A run, as people know it: ``log()``, ``config``, ``summary``, ``finish()``."""

from __future__ import annotations

import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from zlib import crc32

import msgspec

from . import _values
from ._arguments import FIRST_STEP, LAST_STEP, checked_step, refuse_data, refuse_size
from ._attempts import ArmedCursor, CellInfo, Cursor, Past
from ._errors import NbtrackWarning
from ._failure import failure_of
from ._mappings import Config, RecordedMapping, Summary
from ._masking import RowTexts, mask_value
from ._run_alerts import Alerts
from ._run_endings import Endings
from ._run_media import MediaRows
from ._run_metrics import Metrics
from ._run_models import Models
from ._run_wandb import WandbNames
from ._settings import Settings
from ._succession import Succession
from ._timeline import Timeline
from .store.fold import Fold
from .store.frames import CRC_PIECE, MARK, checksum, pack_frame_header
from .store.journal import now
from .store.layout import RunDir, atomic_write
from .store.metrics import MetricDefinition
from .store.schema import ChangeKind, Circumstances, Edit, RunInfo, encode_record
from .store.state import Verdict


class Run(WandbNames, Alerts, Metrics, MediaRows, Models, Endings):
    """What one kernel, or one ``init()`` … ``finish()``, records.

    Made by :func:`nbtrack.init`. May be used from every thread, and goes on in a forked child.
    """

    def __init__(
        self,
        run_dir: RunDir,
        info: RunInfo,
        settings: Settings,
        past: Past,
        *,
        on_end: Callable[[Timeline], None],
        joined: int | None = None,
        allow_val_change: bool = True,
    ) -> None:
        """Begin recording into ``run_dir``, which exists.

        Args:
            allow_val_change: Whether values of the config may be set to others.
            joined: The run is another process's, and this one adds rows to it: to this attempt, or
                to none (0).

        Raises:
            StoreNotWritableError: The journal cannot be written.
        """
        super().__init__(run_dir, info, settings, past, on_end=on_end, joined=joined)
        self.config = Config({}, self._record_config, allow_val_change=allow_val_change)
        self._definitions: dict[str, MetricDefinition] = {}
        self._alerted: dict[str, float] = {}
        self.summary: RecordedMapping = Summary(self._record_summary, self._read_summary)
        self._encode = encode_record
        self._warned: set[str] = set()
        self._row_texts = RowTexts(settings.mask_secrets)
        self._wordless = self._row_texts.wordless
        self._nested: Succession | None = None

    def __repr__(self) -> str:
        return f"<nbtrack.Run {self.name} ({self.id})>"

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = True
    ) -> None:
        """Record one row: names to values.

        Args:
            data: Strings to numbers (anything with ``__float__``), bools, strings, None, media
                (such as :class:`nbtrack.Image`) or lists of them, or further mappings, whose keys
                are joined with ``/``. What cannot be recorded is named once in a warning; the
                rest of the row is kept.
            step: Any integer of 64 bits. Rows are kept whatever their order. By default one more
                than the highest step of this attempt.
            commit: False keeps the automatic step where it is, so that the next row shares it.
                None is True.

        Raises:
            InvalidDataError: ``data`` is not a mapping, or larger than 16 MiB.
            InvalidKeyError: A key is not a string.
            InvalidStepError: ``step`` is not an integer of 64 bits.
            RunFinishedError: The run has ended.
        """
        if type(data) is not dict:
            refuse_data(self.id, data)
        try:
            if (keys := "".join(data)) not in self._wordless:  # the join checks every key, in C
                data = self._row_texts.masked(keys, data)
        except TypeError:
            refuse_data(self.id, data)
        if step is not None and (type(step) is not int or not FIRST_STEP <= step <= LAST_STEP):
            step = checked_step(step)
        cursor = self._cursor
        try:
            next_step = cursor.next_step
        except AttributeError:
            cursor = self._first_row(cursor)
            next_step = cursor.next_step
        if step is None:
            step = next_step
        seq = self._next_seq()
        try:
            payload = self._encode((0, seq, time.time_ns() // 1000, cursor.n, step, data))
        except Exception:  # any encoder error: the slow path finds out which value
            payload = self._encode_slowly(seq, cursor.n, step, data)
        if data and payload:
            journal = self._journal
            size = len(payload)
            crc = (crc32 if size <= CRC_PIECE else checksum)(payload, journal.salt)
            try:
                frame = pack_frame_header(size << 8 | MARK, crc) + payload
            except struct.error:
                refuse_size(self.id, size)
            try:
                journal.write(frame)
            except (ValueError, OSError):
                journal.put_slowly(frame)
        elif self._finished:
            self._refuse_finished("log")
        if commit or commit is None:
            if step >= next_step:
                cursor.next_step = step + 1 if step < LAST_STEP else step
        elif step > next_step:
            cursor.next_step = step

    def finish(self, exit_code: int | None = None) -> None:
        """End the run. Returns once everything is on its way to the disk, which does not wait.

        Args:
            exit_code: Not 0: the run failed. By default it failed if the latest try of any of its
                cells did.

        Repeatable: what has ended stays as it ended.
        """
        if self._is_over:
            return
        if exit_code:
            verdict = Verdict("failed", f"finish(exit_code={exit_code}) was called")
            self.close("", verdict=verdict)
        else:
            self.close("finish() was called")

    def __enter__(self) -> Run:
        """Ends with the body of ``with``; the run that was current before is so again then."""
        if self._finished:
            self._refuse_finished("enter")
        self._nested, self._succession = self._succession, None
        if self._nested is not None:
            self._nested.nest()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        nested, self._nested = self._nested, None
        if not self._finished:
            if error is None or (isinstance(error, SystemExit) and not error.code):
                self.close("the body of its with statement ended")
            else:
                interrupted = isinstance(error, KeyboardInterrupt)
                cell = self._open.cell.label if self._open is not None else None
                failure = failure_of(error, cell=cell)
                self.close("", failure=failure, interrupted=interrupted)
        if nested is not None:
            nested.leave()

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self._run_dir.path

    @property
    def project(self) -> str:
        """The project that the run belongs to."""
        return self._info.project

    @property
    def group(self) -> str | None:
        """The group that the run belongs to."""
        return self._info.group

    @property
    def job_type(self) -> str | None:
        """What kind of job the run is, such as ``train`` or ``eval``."""
        return self._info.job_type

    @property
    def name(self) -> str:
        """The run's name; may be set."""
        return self._info.name

    @name.setter
    def name(self, name: str) -> None:
        self._edit(name=name)

    @property
    def tags(self) -> tuple[str, ...]:
        """The run's tags; may be set."""
        return tuple(self._info.tags)

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._edit(tags=[tags] if isinstance(tags, str) else [str(tag) for tag in tags])

    @property
    def notes(self) -> str | None:
        """Notes about the run; may be set."""
        return self._info.notes

    @notes.setter
    def notes(self, notes: str | None) -> None:
        self._edit(notes=notes)

    @property
    def started(self) -> int:
        """When the run began (microseconds UTC)."""
        return self._info.created

    def discard_later(self) -> None:
        """End the run and put it out of sight. What is on disk stays; an empty run is removed."""
        if self.is_empty:
            self.discard()
        else:
            self._edit(discarded=True)
            self.close("it was discarded")

    @property
    def step(self) -> int:
        """The step that the next row gets."""
        cursor = self._cursor
        return cursor.next_step if cursor.has_rows else cursor.first_step

    @property
    def attempt(self) -> int:
        """The number of the attempt that rows go to now; 0 between tracked cells."""
        return self._cursor.n

    @property
    def is_empty(self) -> bool:
        """Whether nothing was logged, tracked or saved."""
        said = self._alerted or self.config.as_dict()
        return self.is_untouched and self._open is None and not said

    def begin_attempt(self, cell: CellInfo) -> int:
        """A tracked cell begins: rows belong to it from now on. Returns the attempt's number."""
        self.settle()
        if cell.cell_id is not None:  # not a script
            self.begin_cell(cell)
        self.config.update(cell.config, allow_val_change=True)
        return self._begin_attempt(cell, self.config.as_dict())

    def begin_armed(self) -> None:
        """Make the running cell an attempt, if it is none yet, for a thread that it has started."""
        cursor = self._cursor
        if isinstance(cursor, ArmedCursor) and not self._is_child:
            self.begin_attempt(cursor.cell)

    def _first_row(self, cursor: Cursor) -> Cursor:
        """Before the first row of an attempt: settle what was before, open an armed attempt."""
        if self._finished:
            self._refuse_finished("log")
        self.settle()
        cursor = self._cursor
        if isinstance(cursor, ArmedCursor):
            if cursor.thread_id == threading.get_ident() and not self._is_child:
                self.begin_attempt(cursor.cell)
                cursor = self._cursor
            else:
                cursor = self._loose
        if not cursor.has_rows:
            cursor.next_step = cursor.first_step
            if cursor.n:
                self._goes_on_at = 0
        self._has_rows = True
        return cursor

    def _encode_slowly(self, seq: int, attempt: int, step: int, data: Mapping[str, Any]) -> bytes:
        """A row that the encoder refused; empty if nothing of it can be recorded."""
        quick = _values.quick_row(data) if type(data) is dict else None
        if quick is not None:
            try:
                return encode_record((0, seq, time.time_ns() // 1000, attempt, step, quick))
            except (OverflowError, UnicodeEncodeError):
                pass  # a large integer, or text that is not Unicode
        refused: dict[str, str] = {}
        place = (seq, now(), attempt, step)
        data, media = self._take_media(data, place, refused)
        row, unrecordable = _values.plain_row(data)
        refused.update(unrecordable)
        # Without numbers it is still a row: the media have its step.
        payload = encode_record((0, *place, row)) if row or media else b""
        for key, reason in refused.items():
            if key not in self._warned:
                self._warned.add(key)
                warnings.warn(
                    f"nbtrack: {key!r} was not recorded: {reason}", NbtrackWarning, stacklevel=3
                )
        return payload

    def resume(self, taken: Fold, here: Circumstances) -> None:
        """What was recorded before is known, and the run goes on here and with this."""
        self.config.recall(taken.config)
        self._definitions.update(taken.metrics)
        self._change("resumed", self._journal.info.writer, here)

    def _record(self, kind: ChangeKind, key: str, value: Any, what: str) -> None:
        if self._finished:
            self._refuse_finished(what)
        self._change(kind, key, value)

    def _record_config(self, key: str, value: Any) -> None:
        self._change("config", key, value)

    def _record_summary(self, key: str, value: Any) -> None:
        self._change("summary", key, value)

    def _read_summary(self) -> dict[str, Any]:
        from .store.view import RunView

        return RunView(self._run_dir).summary

    def _edit(self, **changes: Any) -> None:
        plain = {field: _values.plain_setting(value) for field, value in changes.items()}
        if self._settings.mask_secrets:
            plain = mask_value(plain)
        atomic_write(self._run_dir.new_edit(), msgspec.json.encode(Edit(**plain)))
        self._info = msgspec.structs.replace(self._info, **plain)
