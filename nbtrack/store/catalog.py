"""All runs of a store: find one, list many."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from .._errors import AmbiguousRunError, RunNotFoundError, StoreError
from . import query
from .filter import COLUMNS
from .index import RunIndex, table_of
from .layout import RunDir, Store, is_run_id
from .opening import open_store as open_store
from .opening import open_store_anyhow as open_store_anyhow
from .outline import RunOutline
from .view import RunView

if TYPE_CHECKING:
    import pandas


class _LaterView:
    """A run of a list: of a hundred thousand, most are never looked at."""

    __slots__ = ("_outline", "_store", "_view")

    def __init__(self, store: Store, outline: RunOutline, *, changes: bool) -> None:
        self._store = store
        self._outline: RunOutline | str = outline.id if changes else outline
        self._view: RunView | None = None

    @property
    def view(self) -> RunView:
        if self._view is None:
            known = self._outline
            # Of one that may change, the view says what it is when it is first asked.
            run_id, outline = (known, None) if isinstance(known, str) else (known.id, known)
            self._view = RunView(self._store.run(run_id), outline=outline)
        return self._view


class RunList(Sequence[RunView]):
    """Runs, newest first.

    Attributes:
        unreadable: Runs that cannot be read, with the reason; the others are not held up by them.
    """

    def __init__(self, views: Iterable[_LaterView], unreadable: dict[str, str]) -> None:
        self._views = list(views)
        self.unreadable = unreadable

    @overload
    def __getitem__(self, at: int) -> RunView: ...
    @overload
    def __getitem__(self, at: slice) -> RunList: ...
    def __getitem__(self, at: int | slice) -> RunView | RunList:
        if isinstance(at, slice):
            return RunList(self._views[at], self.unreadable)
        return self._views[at].view

    def __len__(self) -> int:
        return len(self._views)

    def __iter__(self) -> Iterator[RunView]:
        return (later.view for later in self._views)

    def __repr__(self) -> str:
        return f"<nbtrack.RunList of {len(self)}>"

    def to_pandas(self) -> pandas.DataFrame:
        """One row a run; config and summary as ``config.<key>`` and ``summary.<key>``."""
        import pandas

        rows: list[dict[str, Any]] = []
        for view in self:
            described = describe(view)
            config, summary = described.pop("config"), described.pop("summary")
            described.update({f"config.{key}": value for key, value in config.items()})
            described.update({f"summary.{key}": value for key, value in summary.items()})
            rows.append(described)
        frame = pandas.DataFrame(rows, columns=None if rows else list(FIXED))
        for name in ("started_at", "ended_at"):
            frame[name] = pandas.to_datetime(frame[name], utc=True)
        return frame


FIXED = (*COLUMNS, "tags")


def describe(view: RunView) -> dict[str, Any]:
    """A run as one row: what it is, and its config and summary as dictionaries."""
    ended = view.ended_at
    seconds = (ended - view.started_at).total_seconds() if ended is not None else None
    row: dict[str, Any] = {name: getattr(view, name, None) for name in FIXED}
    row["duration_seconds"] = seconds
    row["attempts"] = len(view.attempts)
    row["config"] = view.config
    row["summary"] = view.summary
    return row


def runs(
    *,
    project: str | None = None,
    state: str | Sequence[str] | None = None,
    tags: str | Sequence[str] | None = None,
    where: str | None = None,
    sort: str | Sequence[str] | None = None,
    dir: str | Path | None = None,
    include_empty: bool = False,
    include_discarded: bool = False,
) -> RunList:
    """The runs of a store, newest first; see :func:`nbtrack.runs`."""
    states = {state} if isinstance(state, str) else set(state or ())
    wanted = {tags} if isinstance(tags, str) else set(tags or ())
    store = open_store(dir)
    listing = RunIndex(store, thorough=True).listing()
    found = [
        (outline, entry)
        for outline, entry in listing.entries
        if (project is None or outline.project == project)
        and (not wanted or wanted.issubset(outline.tags))
        and (include_discarded or not outline.discarded)
        and (include_empty or not outline.is_empty)
        and (not states or outline.state in states)
    ]
    if where or sort:
        order = [sort] if isinstance(sort, str) else list(sort or ())
        table = table_of([outline for outline, _ in found])
        with query.isolated() as connection:
            found = [found[place] for place in table.places(connection, where, order)]
    views = (_LaterView(store, outline, changes=entry.changes) for outline, entry in found)
    return RunList(views, listing.unreadable)


def open_run(id_or_name: str, *, dir: str | Path | None = None) -> RunView:
    """One run, by its id or by its name; see :func:`nbtrack.open_run`."""
    view = RunView(find_run(open_store(dir), id_or_name))
    _ = view.name  # reads run.json, so that what is wrong with it is said here
    return view


def find_run(store: Store, id_or_name: str) -> RunDir:
    """The directory of one run; raises as :func:`nbtrack.open_run`."""
    if is_run_id(id_or_name) and store.run(id_or_name).path.is_dir():
        return store.run(id_or_name)
    listing = RunIndex(store, thorough=True).listing()
    named = [outline.id for outline, _ in listing.entries if outline.name == id_or_name]
    for run_id in listing.unreadable:
        with contextlib.suppress(StoreError, OSError):
            if RunView(store.run(run_id)).name == id_or_name:
                named.append(run_id)
    if len(named) > 1:
        raise AmbiguousRunError(
            f"{len(named)} runs are named {id_or_name!r}: {', '.join(named)}",
            path=store.path,
            hint="Use an id.",
        )
    if not named:
        raise RunNotFoundError(
            f"no run has the id or the name {id_or_name!r}",
            path=store.path,
            operation="open a run",
            hint="`nbtrack ls` lists the runs; NBTRACK_DIR or --store chooses another store.",
        )
    return store.run(named[0])
