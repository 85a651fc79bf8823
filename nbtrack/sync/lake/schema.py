"""The tables of a lake and their columns: the contract of ``docs/lake.md``."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["string", "long", "double", "boolean", "timestamp", "strings"]

# In the order in which a commit reaches them: what ``runs`` lists is whole in all others.
TABLES = ("metrics", "system", "attempts", "runs")
# Which run came with which commit; what is committed next is decided here.
COMMITS = "commits"
# All tables but COMMITS are partitioned by it.
PARTITION = "month"
# What a table of ours has in its configuration, and nothing else does.
MARK = "nbtrack.table"

_SQL = {
    "string": "VARCHAR",
    "long": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "strings": "VARCHAR[]",
}


class Column(NamedTuple):
    """A column.

    Attributes:
        kind: A primitive type of Delta Lake; ``strings``: an array of strings.
        comment: What it holds, in words; the table carries it.
    """

    kind: Kind
    comment: str

    @property
    def sql(self) -> str:
        """Its type in DuckDB."""
        return _SQL[self.kind]


_RUN = {
    "run_id": Column("string", "the run"),
    "project": Column("string", "its project"),
}
_MONTH = {PARTITION: Column("string", "when the run began, as 2026-01 (UTC); the partition")}
_WRITTEN = {
    "writer": Column("string", "the process that wrote the row"),
    "seq": Column("long", "the number of the row's record in that writer"),
}
_EXCEPTION = {
    "exception_type": Column("string", "the class of what failed it"),
    "exception_message": Column("string", "its text"),
}

COLUMNS: dict[str, dict[str, Column]] = {
    "metrics": {
        **_RUN,
        "attempt": Column("long", "the attempt; 0: between tracked cells"),
        "step": Column("long", "the step"),
        "time": Column("timestamp", "when it was logged"),
        "key": Column("string", "the name; nested ones are joined with /"),
        "value": Column("double", "the number; null: not a number"),
        "text": Column("string", "the exact value, where value is not"),
        **_WRITTEN,
        **_MONTH,
    },
    "system": {
        **_RUN,
        "time": Column("timestamp", "when it was measured"),
        "key": Column("string", "what was measured; its last part is the unit"),
        "value": Column("double", "the number"),
        **_WRITTEN,
        **_MONTH,
    },
    "attempts": {
        **_RUN,
        "attempt": Column("long", "its number in the run, from 1"),
        "cell_try": Column("long", "its number among those of the same cell, from 1"),
        "cell_id": Column("string", "the cell's id in the notebook"),
        "name": Column("string", "the name that it was given"),
        "tags": Column("strings", "the tags that it was given"),
        "state": Column("string", "finished, failed, interrupted or crashed"),
        "started_at": Column("timestamp", "when it began"),
        "ended_at": Column("timestamp", "when it ended"),
        "wall_seconds": Column("double", "how long it took"),
        "cpu_seconds": Column("double", "CPU time of the process meanwhile"),
        "log_calls": Column("long", "how often log() was called"),
        "config": Column("string", "the run's config when it began, as JSON"),
        "summary": Column("string", "the last value of each key in it, as JSON"),
        **_EXCEPTION,
        "source": Column("string", "the cell's source"),
        **_MONTH,
    },
    "runs": {
        **_RUN,
        "name": Column("string", "its name"),
        "state": Column("string", "finished, failed or crashed"),
        "reason": Column("string", "why, in words"),
        "started_at": Column("timestamp", "when it began"),
        "ended_at": Column("timestamp", "when it ended, or was last heard of"),
        "tags": Column("strings", "its tags"),
        "notes": Column("string", "notes about it"),
        "group_name": Column("string", "its group"),
        "job_type": Column("string", "what kind of job it is"),
        "notebook": Column("string", "the notebook, or the script with its arguments"),
        "host": Column("string", "the host that began it"),
        "user_name": Column("string", "the user"),
        "python": Column("string", "the version of Python"),
        "git_commit": Column("string", "the commit of its code"),
        "git_branch": Column("string", "the branch"),
        "discarded": Column("boolean", "somebody put it out of sight"),
        "attempts": Column("long", "how many attempts it has"),
        "log_calls": Column("long", "how often log() was called"),
        "config": Column("string", "its config, as JSON"),
        "summary": Column("string", "its summary, as JSON"),
        **_EXCEPTION,
        "revision": Column("string", "a digest of which rows it has"),
        "listing": Column("string", "a digest of the files that it was read from"),
        "batch": Column("long", "the commit that brought the row"),
        **_MONTH,
    },
    COMMITS: {
        "batch": Column("long", "the number of the commit, from 1"),
        "kind": Column("string", "new, replaced, or described: its row of runs alone"),
        "run_id": Column("string", "a run of it"),
        "revision": Column("string", "as in runs"),
        "listing": Column("string", "as in runs"),
        PARTITION: Column("string", "as in runs"),
    },
}

# Rows that are looked for together lie together.
ORDER = {
    "metrics": "project, key, run_id, attempt, step, writer, seq",
    "system": "project, key, run_id, time, writer, seq",
}

# Files are left out by these. Not by values: their statistics leave NaN out.
_STATISTICS = {
    "metrics": ("run_id", "project", "attempt", "step", "time", "key"),
    "system": ("run_id", "project", "time", "key"),
    "attempts": ("run_id", "project", "started_at"),
    "runs": ("run_id", "project", "state", "started_at", "ended_at", "batch"),
    COMMITS: ("batch", "run_id"),
}


def configuration(table: str) -> dict[str, str | None]:
    """The properties of a table of this name."""
    return {MARK: table, "delta.dataSkippingStatsColumns": ",".join(_STATISTICS[table])}


def partition(table: str) -> list[str]:
    """By what a table is partitioned."""
    return [] if table == COMMITS else [PARTITION]
