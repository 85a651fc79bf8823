"""The runs of one commit, and their rows as the tables have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from ...store import documents, parquet, query, reader
from ...store.attempt_view import AttemptView
from ...store.layout import RunDir, Store
from ...store.present import strict
from ...store.view import RunView
from .schema import COLUMNS, COMMITS, ORDER, PARTITION, Column
from .source import ROWS, Held

# What exceeds it while rows are sorted goes to the disk.
_MEMORY = "1GB"
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Taken(NamedTuple):
    """A run that has ended, as it was read.

    Attributes:
        id: The run.
        month: When it began: its partition.
        revision: A digest of which rows it has.
        listing: A digest of the files that it was read from, as sources give it.
        run: Its row of ``runs``.
        attempts: Its rows of ``attempts``.
        held: Its other rows.
    """

    id: str
    month: str
    revision: str
    listing: str
    run: dict[str, Any]
    attempts: list[dict[str, Any]]
    held: Held


def take(run_dir: RunDir, listing: str, held: Held) -> Taken | None:
    """Read a run; None while it goes on.

    Raises:
        StoreError: It cannot be read.
        FileNotFoundError: It is not there in full yet.
    """
    view = RunView(run_dir)
    if view.ended_at is None or view.state == "running":
        return None
    month = f"{view.started_at:%Y-%m}"
    revision = _revision(run_dir)
    run = {
        **_described(view, run_dir),
        "revision": revision,
        "listing": listing,
        PARTITION: month,
    }
    attempts = [{**_attempt(view, one), PARTITION: month} for one in view.attempts]
    return Taken(view.id, month, revision, listing, run, attempts, held)


def hexadecimal(listing: int) -> str:
    """A digest of 64 bits as the tables have it."""
    return f"{listing:016x}"


class Batch:
    """Runs of one commit, whose rows lie in a local store.

    Args:
        number: Of the commit.
        kind: ``new``, ``replaced`` or ``described``.
        spill: A folder for the rows, in order, and for what exceeds memory meanwhile.
    """

    def __init__(
        self, number: int, kind: str, runs: Sequence[Taken], store: Store, spill: Path
    ) -> None:
        self.number = number
        self.kind = kind
        self.runs = list(runs)
        self._store = store
        self._folder = spill
        self._connection = duckdb.connect(
            config={**query.CONFIG, "memory_limit": _MEMORY, "temp_directory": str(spill)}
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        # In a kernel it would be on, and write to what a program reads as JSON.
        self._connection.execute("SET enable_progress_bar = false")

    def close(self) -> None:
        """Let go of the database. The rows of this batch cannot be read any more."""
        self._connection.close()

    def prepare(self) -> None:
        """Read all rows, so that whatever is wrong with them is known before anything is said.

        Raises:
            StoreError, OSError, duckdb.Error: Some cannot be read, or there is no room for them.
        """
        for table in ROWS:
            target = query.literal(self._prepared(table))
            self._connection.execute(f"COPY ({self._recorded(table)}) TO {target} (FORMAT parquet)")

    @property
    def replaces(self) -> str | None:
        """Which rows of a table make room for these, as a condition; None: none do."""
        if self.kind == "new":
            return None
        months = ", ".join(sorted({f"'{run.month}'" for run in self.runs}))
        names = ", ".join(f"'{run.id}'" for run in self.runs)
        return f"{PARTITION} IN ({months}) AND run_id IN ({names})" if names else "false"

    def rows(self, table: str) -> Callable[[], Any]:
        """Gives the rows of a table, as an Arrow stream, each time it is called."""
        if table == "runs":
            return self._listed(table, [{**run.run, "batch": self.number} for run in self.runs])
        if table == "attempts":
            return self._listed(table, [one for run in self.runs for one in run.attempts])
        if table == COMMITS:
            return self._listed(
                table, [{**run.run, "batch": self.number, "kind": self.kind} for run in self.runs]
            )
        prepared = query.literal(self._prepared(table))
        return lambda: self._connection.sql(f"FROM read_parquet({prepared})")

    def _prepared(self, table: str) -> Path:
        return self._folder / f"{table}-{self.number}"

    def _listed(self, table: str, rows: Sequence[Mapping[str, Any]]) -> Callable[[], Any]:
        columns = COLUMNS[table]
        values = {f"c{at}": [row[name] for row in rows] for at, name in enumerate(columns)}
        chosen = ", ".join(
            f"{_value(f'unnest($c{at}::{_given(column)}[])', column)} AS {name}"
            for at, (name, column) in enumerate(columns.items())
        )
        return lambda: self._connection.sql(f"SELECT {chosen}", params=values)

    def _recorded(self, table: str) -> str:
        """SQL for the rows that runs recorded, in the order in which they are looked for."""
        sources = self._sources(table)
        files: list[tuple[str, str, str, str]] = []
        parts: list[str] = []
        for at, run in enumerate(self.runs):
            source, _ = sources[run.id]
            files += ((str(path), run.id, run.run["project"], run.month) for path in source.files)
            if source.batches:
                self._connection.register(f"unsealed{at}", parquet.as_table(table, source.batches))
                literals = map(query.literal, (run.id, run.run["project"], run.month))
                names = zip(literals, ("run_id", "project", PARTITION), strict=True)
                parts.append(
                    f"SELECT *, {', '.join(f'{text} AS {name}' for text, name in names)}"
                    f" FROM unsealed{at}"
                )
        if files:
            paths = ", ".join(query.literal(file) for file, *_ in files)
            self._connection.execute(
                "CREATE OR REPLACE TEMP TABLE origin AS SELECT unnest($files) AS file,"
                " unnest($runs) AS run_id, unnest($projects) AS project,"
                f" unnest($months) AS {PARTITION}",
                dict(
                    zip(
                        ("files", "runs", "projects", "months"),
                        map(list, zip(*files, strict=True)),
                        strict=True,
                    )
                ),
            )
            parts.append(
                f"SELECT rows.* EXCLUDE (file), run_id, project, {PARTITION}"
                f" FROM read_parquet([{paths}], filename = 'file') AS rows JOIN origin USING (file)"
            )
        if not parts:
            self._connection.register("none", parquet.as_table(table, ()))
            parts.append(
                f"SELECT *, NULL AS run_id, NULL AS project, NULL AS {PARTITION} FROM none"
            )
        columns = ", ".join(
            f"{_value(name, column)} AS {name}" for name, column in COLUMNS[table].items()
        )
        rows = " UNION ALL BY NAME ".join(parts)
        # One that is merged lies in that order already.
        alone = len(sources) == 1 and all(in_order for _, in_order in sources.values())
        order = "" if alone else f" ORDER BY {ORDER[table]}"
        return f"SELECT {columns} FROM ({rows}){order}"

    def _sources(self, table: str) -> dict[str, tuple[query.Source, bool]]:
        """Where the rows of each run are, and whether they lie in order there."""
        found: dict[str, tuple[query.Source, bool]] = {}
        for run in self.runs:
            run_dir = self._store.run(run.id)
            selection = reader.select(run_dir)
            if selection.segments:
                found[run.id] = reader.read(run_dir, lambda taken: taken.source(table)), False
            else:
                files = selection.files(run_dir, table)
                in_order = selection.merged is not None and not selection.sealed
                found[run.id] = query.Source(table, files, ()), in_order
        return found


def _revision(run_dir: RunDir) -> str:
    """The same wherever the rows lie: in the journal, sealed, or merged."""
    selection = reader.select(run_dir)
    replaced = selection.merged.replaces if selection.merged else []
    names = sorted({*replaced, *map(str, selection.sealed), *map(str, selection.segments)})
    return blake2b("\n".join(names).encode(), digest_size=8).hexdigest()


def _described(view: RunView, run_dir: RunDir) -> dict[str, Any]:
    info = documents.read_info(run_dir)
    return {
        "run_id": view.id,
        "project": view.project,
        "name": view.name,
        "state": view.state,
        "reason": view.reason,
        "started_at": _microseconds(view.started_at),
        "ended_at": _microseconds(view.ended_at),
        "tags": view.tags,
        "notes": view.notes,
        "group_name": view.group,
        "job_type": view.job_type,
        "notebook": view.notebook,
        "host": view.host,
        "user_name": info.user,
        "python": info.python,
        "git_commit": info.git_commit,
        "git_branch": info.git_branch,
        "discarded": view.discarded,
        "attempts": len(view.attempts),
        "log_calls": view.rows,
        "config": _json(view.config),
        "summary": _json(view.summary),
        **_exception(view.exception),
    }


def _attempt(view: RunView, one: AttemptView) -> dict[str, Any]:
    return {
        "run_id": view.id,
        "project": view.project,
        "attempt": one.n,
        "cell_try": one.cell_try,
        "cell_id": one.cell_id,
        "name": one.name,
        "tags": one.tags,
        "state": one.state,
        "started_at": _microseconds(one.started_at),
        "ended_at": _microseconds(one.ended_at),
        "wall_seconds": one.wall_seconds,
        "cpu_seconds": one.cpu_seconds,
        "log_calls": one.rows,
        "config": _json(one.config),
        "summary": _json(one.summary),
        **_exception(one.exception),
        "source": one.source,
    }


def _exception(found: Mapping[str, Any] | None) -> dict[str, Any]:
    said = found or {}
    return {"exception_type": said.get("type"), "exception_message": said.get("message")}


def _microseconds(time: datetime | None) -> int | None:
    return None if time is None else (time - _BEGIN) // _MICROSECOND


def _json(value: Any) -> str:
    return json.dumps(strict(value), separators=(",", ":"), default=str, ensure_ascii=False)


def _given(column: Column) -> str:
    """What a column is before it is what the table has: times are microseconds."""
    return "BIGINT" if column.kind == "timestamp" else column.sql


def _value(sql: str, column: Column) -> str:
    if column.kind == "timestamp":
        return f"make_timestamptz({sql})"
    return f"CAST({sql} AS {column.sql})"
