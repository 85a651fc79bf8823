"""Many runs: the table, changes of several, several beside each other."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ...store.schema import RunState


class RunsQuery(msgspec.Struct, kw_only=True):
    """Which runs, in what order, and what of them.

    Attributes:
        store: A store's key; empty for the first.
        where: An SQL expression, as in ``nbtrack.runs(where=)``; empty for all.
        search: Words that the name, id, tags, notes, notebook or project contain.
        sort: Names, separated by commas; ``-`` before one has its largest value come first.
        group: A name such as ``config.lr``: runs are sorted by it first. Empty for none.
        columns: The names of values of config and summary that are wanted, as ``config.lr``; they
            are what ``config`` and ``summary`` of a row hold.
        discarded: Runs that were put out of sight, and no others.
    """

    store: str = ""
    where: str = ""
    search: str = ""
    sort: str = ""
    group: str = ""
    columns: list[str] = []
    offset: int = 0
    limit: int = 100
    discarded: bool = False


class RunRow(msgspec.Struct, kw_only=True):
    """A run as a row of the table; ``seconds`` is None while it runs."""

    id: str
    name: str
    project: str
    state: RunState
    reason: str
    started: int
    ended: int | None
    seconds: float | None
    attempts: int
    rows: int
    tags: list[str]
    notes: str | None
    group: str | None
    job_type: str | None
    notebook: str | None
    host: str
    discarded: bool
    config: dict[str, Any]
    summary: dict[str, Any]


class Column(msgspec.Struct, kw_only=True):
    """A value that runs have, ``config.lr`` or ``summary.loss``, and how many have it."""

    name: str
    kind: Literal["number", "text", "boolean"]
    runs: int


class Group(msgspec.Struct, kw_only=True):
    """Runs that have the same value of what the table is grouped by, in the order of the rows."""

    value: Any
    runs: int


class Unreadable(msgspec.Struct, kw_only=True):
    """A run that cannot be read, and why."""

    id: str
    reason: str


class RunsPage(msgspec.Struct, kw_only=True):
    """A part of a table of runs.

    Attributes:
        store: The key of the store that it is of.
        revision: Changes when anything in the store does.
        total: Runs in the store that are not out of sight.
        matched: Runs that the query is true of.
        running: How many of those go on.
        offset: The place of the first of ``rows`` among them.
        columns: All that there is to choose from, the most common first.
        groups: All of them, if a group was asked for.
    """

    store: str
    revision: str
    total: int
    matched: int
    running: int
    offset: int
    rows: list[RunRow]
    columns: list[Column]
    groups: list[Group]
    unreadable: list[Unreadable]


class SparksRequest(msgspec.Struct, kw_only=True):
    """Curves of a few metrics, for the rows that are seen; up to 200 runs and 8 keys."""

    store: str
    runs: list[str]
    keys: list[str]


class Spark(msgspec.Struct, kw_only=True):
    """Up to 40 values of one key of a run's latest attempt that has it; None for a gap."""

    run: str
    key: str
    values: list[float | None]


class Sparks(msgspec.Struct, kw_only=True):
    """What there is of what was asked for."""

    sparks: list[Spark]


class EditRequest(msgspec.Struct, kw_only=True):
    """The same change of many runs, up to 10,000."""

    store: str
    runs: list[str]
    add_tags: list[str] = []
    remove_tags: list[str] = []
    discarded: bool | None = None


class Edited(msgspec.Struct, kw_only=True):
    """The runs that were changed; why the others could not be, by id."""

    changed: list[str]
    failed: dict[str, str]


class CompareRequest(msgspec.Struct, kw_only=True):
    """Several runs of a store beside each other, up to 200."""

    store: str
    runs: list[str]


class ComparedRun(msgspec.Struct, kw_only=True):
    """One of them, with all of its config and summary.

    Attributes:
        attempts: The numbers of its attempts that have rows, 0 for rows that belong to none.
        keys: The metrics that it has.
    """

    id: str
    name: str
    state: RunState
    started: int
    seconds: float | None
    tags: list[str]
    config: dict[str, Any]
    summary: dict[str, Any]
    attempts: list[int]
    keys: list[str]


class Compared(msgspec.Struct, kw_only=True):
    """Those that there are, in the order that was asked for."""

    runs: list[ComparedRun]
