"""Records to the rows of the sealed tables, and the rows of cells and changes back to records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import arro3.core as arrow
import msgspec

from .._decoding import convert
from . import parquet
from .digest import Digest
from .rows import add_up, metrics_batch
from .schema import (
    AttemptEnd,
    AttemptStart,
    CellEnd,
    CellError,
    CellEvent,
    CellStart,
    Change,
    Console,
    Event,
    Failure,
    Media,
    Record,
    Row,
    Sample,
)

_BATCH = 32 * 1024


class TableBuilder:
    """Gathers the records of writers into batches of the sealed tables.

    Args:
        metrics: Also those of ``metrics``, which may be many; else only what they add up to.

    Attributes:
        batches: Finished batches by table.
        digest: What the metrics rows so far add up to.
    """

    def __init__(self, *, metrics: bool = True) -> None:
        self.has_metrics = metrics
        self.batches: dict[str, list[arrow.RecordBatch]] = {}
        self.digest = Digest()
        self._rows: dict[str, list[dict[str, Any]]] = {
            "system": [],
            "cells": [],
            "console": [],
            "media": [],
            "changes": [],
        }

    def add(self, writer: str, records: Iterable[Record]) -> None:
        """Take records of one writer, in order."""
        rows: list[Row] = []
        for record in records:
            if isinstance(record, Row):
                rows.append(record)
            elif isinstance(record, Sample):
                head = {"writer": writer, "seq": record.seq, "time": record.time}
                values = ({**head, "key": k, "value": v} for k, v in record.data.items())
                self._rows["system"] += values
                self._flush_rows("system")
            elif isinstance(record, Change):
                self._rows["changes"].append(_change_row(writer, record))
            elif isinstance(record, Console):
                self._rows["console"].append({"writer": writer, **msgspec.structs.asdict(record)})
                self._flush_rows("console")
            elif isinstance(record, Media):
                self._rows["media"].append(_media_row(writer, record))
                self._flush_rows("media")
            elif isinstance(record, CellEvent):
                self._rows["cells"].append(_cell_row(writer, record))
        if rows and self.has_metrics:
            batch = metrics_batch(writer, rows, self.digest)
            self.batches.setdefault("metrics", []).append(batch)
        elif rows:
            add_up(writer, rows, self.digest)

    def finish(self) -> dict[str, list[arrow.RecordBatch]]:
        """All batches of the tables that have rows."""
        for table in self._rows:
            self._flush_rows(table, at_least=1)
        return self.batches

    def _flush_rows(self, table: str, at_least: int = _BATCH) -> None:
        rows = self._rows[table]
        if len(rows) >= at_least:
            columns: dict[str, parquet.Column] = {
                name: [row.get(name) for row in rows] for name in parquet.COLUMNS[table]
            }
            self.batches.setdefault(table, []).append(parquet.batch(table, columns))
            self._rows[table] = []


def events_from_cells(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Event]]:
    """Rows of the ``cells`` table as (writer, record)."""
    for row in rows:
        yield row["writer"], _CELL_EVENTS[row["event"]](row)


def events_from_changes(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Event]]:
    """Rows of the ``changes`` table as (writer, record)."""
    for row in rows:
        value = json.loads(row["value"])
        yield (
            row["writer"],
            Change(row["seq"], row["time"], row["attempt"], row["kind"], row["key"], value),
        )


def _cell_row(writer: str, record: CellEvent) -> dict[str, Any]:
    row: dict[str, Any] = {"writer": writer, **msgspec.structs.asdict(record)}
    row["event"] = _EVENT_NAMES[type(record)]
    if isinstance(record, AttemptStart):
        row["tags"] = _dump(record.tags)
        row["config"] = _dump(record.config)
    elif isinstance(record, CellStart):
        row["outcome"] = _EARLIER if record.earlier else None
    else:
        failure = record.failure
        row["failure"] = _dump(msgspec.structs.asdict(failure)) if failure else None
    return row


def _change_row(writer: str, record: Change) -> dict[str, Any]:
    return {"writer": writer, **msgspec.structs.asdict(record), "value": _dump(record.value)}


def _media_row(writer: str, record: Media) -> dict[str, Any]:
    return {"writer": writer, **msgspec.structs.asdict(record), "info": _dump(record.info)}


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def _failure(text: str | None) -> Failure | None:
    return convert(json.loads(text), Failure) if text else None


def _attempt_start(row: Mapping[str, Any]) -> AttemptStart:
    return AttemptStart(
        row["seq"],
        row["time"],
        row["attempt"],
        row["cell_try"],
        row["cell_id"],
        row["execution_count"],
        row["name"],
        json.loads(row["tags"]),
        row["source"],
        json.loads(row["config"]),
        row["cell"] or 0,
    )


def _attempt_end(row: Mapping[str, Any]) -> AttemptEnd:
    return AttemptEnd(
        row["seq"],
        row["time"],
        row["attempt"],
        row["outcome"],
        _failure(row["failure"]),
        row["wall_seconds"],
        row["cpu_seconds"],
    )


def _cell_error(row: Mapping[str, Any]) -> CellError:
    failure = _failure(row["failure"])
    assert failure is not None, "an error event always has its exception"
    return CellError(
        row["seq"],
        row["time"],
        row["attempt"],
        row["cell_id"],
        row["execution_count"],
        row["source"],
        failure,
    )


def _cell_start(row: Mapping[str, Any]) -> CellStart:
    return CellStart(
        row["seq"],
        row["time"],
        row["cell_id"],
        row["execution_count"],
        row["source"],
        row["outcome"] == _EARLIER,
    )


def _cell_end(row: Mapping[str, Any]) -> CellEnd:
    return CellEnd(
        row["seq"],
        row["time"],
        row["cell"],
        row["attempt"],
        row["outcome"],
        _failure(row["failure"]),
        row["wall_seconds"],
        row["cpu_seconds"],
        row["peak_memory_bytes"],
    )


# The outcome of a cell that ran before its run began.
_EARLIER = "unseen"

_EVENT_NAMES: dict[type, str] = {
    AttemptStart: "start",
    AttemptEnd: "end",
    CellError: "error",
    CellStart: "cell_start",
    CellEnd: "cell_end",
}
_CELL_EVENTS: dict[str, Callable[[Mapping[str, Any]], Event]] = {
    "start": _attempt_start,
    "end": _attempt_end,
    "error": _cell_error,
    "cell_start": _cell_start,
    "cell_end": _cell_end,
}
