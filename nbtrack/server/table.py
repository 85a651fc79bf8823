"""The table of a store's runs: which of them, in what order, and what of them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Literal

import duckdb

from .._errors import UsageError
from ..store import query as sql
from ..store.filter import Guard, Order
from ..store.index import Listing, RunIndex, table_of
from ..store.layout import Store
from ..store.outline import Place, RunOutline
from ..store.registry import key_of
from .api.runs import Column, Group, RunRow, RunsPage, RunsQuery, Unreadable
from .plain import plain
from .stores import Stores, UnknownStoreError

MOST_ROWS = 1_000
_LONGEST_EXPRESSION = 4_000
_MOST_NAMES = 200
_MOST_COLUMNS = 2_000
_SECONDS = 5.0
# Pages of a table that is scrolled come one after another. What is changed through this server is
# seen at once.
_FRESH_SECONDS = 1.0
_MOST_INDEXES = 8
_MOST_ANSWERS = 32

# Columns of a row, and what they are called in expressions.
_FIELDS = {
    "id": "id",
    "name": "name",
    "project": "project",
    "state": "state",
    "reason": "reason",
    "started": "started_at",
    "ended": "ended_at",
    "seconds": "duration_seconds",
    "attempts": "attempts",
    "rows": "rows",
    "tags": "tags",
    "notes": "notes",
    "group": "group",
    "job_type": "job_type",
    "notebook": "notebook",
    "host": "host",
}
_FILES: dict[str, Literal["csv", "parquet"]] = {"csv": "csv", "parquet": "parquet"}


class Columns:
    """The columns that a table can have, by what people call them.

    Attributes:
        known: The place of each value, by name.
        shown: Those of config and summary, the most common first.
    """

    def __init__(self, listing: Listing) -> None:
        counts: dict[str, int] = {}
        kinds: dict[str, set[Literal["number", "text", "boolean"]]] = {}
        nested: dict[str, Place] = {}
        for (place, kind), runs in listing.columns.items():
            name = ".".join(place)
            counts[name] = counts.get(name, 0) + runs
            kinds.setdefault(name, set()).add(kind)
            nested.setdefault(name, place)
        common = sorted(counts, key=lambda name: (-counts[name], name))
        self.shown = [
            Column(
                name=name,
                kind=next(iter(kinds[name])) if len(kinds[name]) == 1 else "text",
                runs=counts[name],
            )
            for name in common[:_MOST_COLUMNS]
        ]
        self.known: dict[str, Place] = {
            **nested,
            **{column: (column,) for column in _FIELDS.values()},
            **{name: (column,) for name, column in _FIELDS.items()},
        }

    def place(self, name: str) -> Place:
        """Where the values of a column are.

        Raises:
            UsageError: There is no such column.
        """
        if name not in self.known:
            raise UsageError(
                f"there is no column {name!r}",
                hint=f"There are {', '.join([*_FIELDS, *(c.name for c in self.shown[:20])])}",
            )
        return self.known[name]

    def names(self, parts: Sequence[str]) -> list[str]:
        """Names that were separated at commas, of which they may have some themselves."""
        found: list[str] = []
        at = 0
        while at < len(parts):
            for end in range(len(parts), at, -1):
                name = ",".join(parts[at:end])
                if end == at + 1 or name.removeprefix("-") in self.known:
                    found.append(name)
                    at = end
                    break
        return [name for name in found if name]


class Tables:
    """The indexes of the stores that were asked for of late, and what was found in them."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._indexes: OrderedDict[str, RunIndex] = OrderedDict()
        self._columns: dict[str, tuple[str, Columns]] = {}
        self._found: OrderedDict[tuple[object, ...], list[int]] = OrderedDict()
        self._connections = contextlib.ExitStack()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()

    def page(self, asked: RunsQuery) -> RunsPage:
        """A part of the table.

        Raises:
            UnknownStoreError: There is no such store.
            UsageError: The query cannot be evaluated.
            OSError: The store cannot be looked at.
        """
        _check(asked)
        store = self._store(asked.store)
        listing = self._index(store).listing(max_age=_FRESH_SECONDS)
        columns = self._columns_of(store, listing)
        places = self._matching(listing, columns, asked)
        wanted = [
            (name, columns.known[name])
            for name in columns.names(asked.columns)[:_MOST_NAMES]
            if len(columns.known.get(name, ())) > 1
        ]
        rows = listing.rows
        return RunsPage(
            store=key_of(store),
            revision=listing.revision,
            total=sum(not row.discarded for row in rows),
            matched=len(places),
            running=sum(rows[place].state == "running" for place in places),
            offset=asked.offset,
            rows=[
                _row(rows[place], wanted)
                for place in places[asked.offset : asked.offset + asked.limit]
            ],
            columns=columns.shown,
            groups=_groups(listing, columns.place(asked.group), places) if asked.group else [],
            unreadable=[
                Unreadable(id=run, reason=reason) for run, reason in listing.unreadable.items()
            ],
        )

    def revision(self, asked: RunsQuery) -> str:
        """Names what :meth:`page` would answer; raises as it does."""
        listing = self._index(self._store(asked.store)).listing(max_age=_FRESH_SECONDS)
        return f"{listing.revision} {asked!r}"

    def export(self, asked: RunsQuery, kind: str) -> tuple[IO[bytes], int]:
        """All runs that a query is true of, as a file, and its size; raises as :meth:`page`.

        A column whose name differs from another's only in its case has a number behind it.
        """
        if kind not in _FILES:
            raise UsageError(f"the format {kind!r} is not there: there are csv and parquet")
        _check(asked)
        store = self._store(asked.store)
        listing = self._index(store).listing(max_age=_FRESH_SECONDS)
        columns = self._columns_of(store, listing)
        rows = [listing.rows[place] for place in self._matching(listing, columns, asked)]
        table = table_of(rows).export(
            {
                **{column: (column,) for column in _FIELDS.values()},
                **{column.name: columns.known[column.name] for column in columns.shown},
            }
        )
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            path = Path(folder, "runs")
            sql.export(table, path, _FILES[kind])
            # It goes with its name, and its bytes when they have been sent.
            file = path.open("rb")
        return file, file.seek(0, 2)

    def changed(self, store: Store, runs: Iterable[str]) -> None:
        """Somebody has just changed these runs."""
        self._index(store).suspect(runs)

    def _store(self, key: str) -> Store:
        if key:
            return self._stores.find(key)
        for store in self._stores.all():
            return store
        raise UnknownStoreError("there is no store yet: nothing has been recorded")

    def _index(self, store: Store) -> RunIndex:
        key = key_of(store)
        with self._lock:
            index = self._indexes.setdefault(key, RunIndex(store))
            self._indexes.move_to_end(key)
            while len(self._indexes) > _MOST_INDEXES:
                gone, _ = self._indexes.popitem(last=False)
                self._columns.pop(gone, None)
        return index

    def _columns_of(self, store: Store, listing: Listing) -> Columns:
        key = key_of(store)
        revision, columns = self._columns.get(key, ("", None))
        if columns is None or revision != listing.revision:
            columns = Columns(listing)
            self._columns[key] = (listing.revision, columns)
        return columns

    def _matching(self, listing: Listing, columns: Columns, asked: RunsQuery) -> list[int]:
        """The places of the runs that a query is true of, in its order."""
        key = (
            listing.revision,
            asked.where,
            asked.search,
            asked.sort,
            asked.group,
            asked.discarded,
        )
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
                return found
        names = [asked.group] if asked.group else []
        names += columns.names(asked.sort.split(","))[:_MOST_NAMES]
        orders = []
        for name in names:
            descending = name.startswith("-") and name not in columns.known
            orders.append(Order(columns.place(name[descending:]), descending))
        where = asked.where if asked.where.strip() else None
        places = listing.table.places(self._isolated(), where, by=orders, guard=Guard(_SECONDS))
        words = asked.search.lower().split()
        rows, texts = listing.rows, listing.texts if words else []
        found = [
            place
            for place in places
            if rows[place].discarded == asked.discarded
            and all(word in texts[place] for word in words)
        ]
        with self._lock:
            self._found[key] = found
            while len(self._found) > _MOST_ANSWERS:
                self._found.popitem(last=False)
        return found

    def _isolated(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = self._connections.enter_context(sql.isolated())
            return self._connection


def _check(asked: RunsQuery) -> None:
    if max(len(asked.where), len(asked.search), len(asked.group)) > _LONGEST_EXPRESSION:
        raise UsageError(f"an expression has at most {_LONGEST_EXPRESSION} letters")
    if not 1 <= asked.limit <= MOST_ROWS or asked.offset < 0:
        raise UsageError(f"from 1 to {MOST_ROWS} rows, from the place 0 on")


def _row(row: RunOutline, wanted: Sequence[tuple[str, Place]]) -> RunRow:
    """A run with those values of its config and summary that are wanted."""
    values: dict[str, dict[str, Any]] = {"config": {}, "summary": {}}
    for name, place in wanted:
        value = _value(row, place)
        if value is not None:
            values[place[0]][name.partition(".")[2]] = plain(value)
    return RunRow(
        id=row.id,
        name=row.name,
        project=row.project,
        state=row.state,
        reason=row.reason,
        started=row.started,
        ended=row.ended,
        seconds=row.seconds,
        attempts=row.attempts,
        rows=row.rows,
        tags=row.tags,
        notes=row.notes,
        group=row.group,
        job_type=row.job_type,
        notebook=row.notebook,
        host=row.host,
        discarded=row.discarded,
        config=values["config"],
        summary=values["summary"],
    )


def _value(row: RunOutline, place: Place) -> Any:
    value: Any = getattr(row, place[0])
    for key in place[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    return None if isinstance(value, dict) else value


def _groups(listing: Listing, place: Place, places: Sequence[int]) -> list[Group]:
    """Runs beside each other that have the same value there."""
    if len(place) > 1:
        values = listing.table.column(place)
        chosen: list[Any] = [plain(values[at]) for at in places]
    else:
        field = next(name for name, column in _FIELDS.items() if (column,) == place)
        chosen = [plain(getattr(listing.rows[at], field)) for at in places]
    return [Group(value=value, runs=len(list(same))) for value, same in groupby(chosen)]
