"""The tables of a lake: made once, and given the rows of each batch exactly once.

Delta Lake takes the same transaction twice. So whoever commits looks at which batch a table has,
and commits only on top of what was seen: of two who do that at once, the second is refused, also
if both are one whose answer was lost, and looks again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from ..._errors import SyncError
from ...store import query
from .access import Location, deltalake, telling
from .schema import COLUMNS, COMMITS, MARK, TABLES, configuration, partition

if TYPE_CHECKING:
    from deltalake import DeltaTable

# Everyone who commits says so under this name: no two can at once.
_APPLICATION = "nbtrack"
_LOOKS = 20
_FETCH = 10_000
_LOG = "_delta_log/"
_ROW_GROUP = 128 * 1024

# Gives an Arrow stream with the columns of a table, each time it is called.
Rows = Callable[[], Any]


class LakeTable:
    """One table.

    Attributes:
        name: Which.
        url: Its root.
    """

    def __init__(self, location: Location, name: str, table: DeltaTable) -> None:
        self.name = name
        self.url = location.of(name)
        self.delta = table

    @property
    def batch(self) -> int:
        """The last batch that it had at the last look; 0: none."""
        return self.delta.transaction_version(_APPLICATION) or 0

    def look(self) -> int:
        """Look at what it has now; the last batch.

        Raises:
            SyncError: It does not answer.
        """
        with telling(self.url):
            self.delta.update_incremental()
            return self.batch

    def rows(self, columns: Sequence[str], where: str = "") -> Iterator[tuple[Any, ...]]:
        """Its rows as they were at the last look.

        Args:
            where: A condition on whole files, of Delta Lake's.

        Raises:
            SyncError: It does not answer.
        """
        with telling(self.url), duckdb.connect(config=query.CONFIG) as connection:
            builder = deltalake().QueryBuilder().register("t", self.delta)
            found = builder.execute(f"SELECT {', '.join(columns)} FROM t {where}")
            connection.register("found", found)
            cursor = connection.execute("FROM found")
            while some := cursor.fetchmany(_FETCH):
                yield from some

    def claim(self, batch: int, rows: Rows) -> bool:
        """Give it the rows of the batch after the last look's; False if somebody else was first.

        Raises:
            SyncError: It does not answer.
        """
        with telling(self.url):
            return self._write(batch, rows, None)

    def put(self, batch: int, rows: Rows, replaced: str | None) -> bool:
        """Give it the rows of a batch, unless it has them; False if it had.

        Args:
            replaced: A condition: rows of which it is true are taken away by the same commit.

        Raises:
            SyncError: It does not answer, or others kept being first.
        """
        for _ in range(_LOOKS):
            if self.look() >= batch:
                return False
            with telling(self.url):
                if self._write(batch, rows, replaced):
                    return True
        raise SyncError(
            "others kept changing the table",
            path=self.url,
            operation="commit to the lake",
            hint="Try again later.",
            passing=True,
        )

    def _write(self, batch: int, rows: Rows, replaced: str | None) -> bool:
        library = deltalake()
        from deltalake.exceptions import CommitFailedError

        transaction = library.Transaction(_APPLICATION, batch)
        try:
            library.write_deltalake(
                self.delta,
                rows(),
                mode="append" if replaced is None else "overwrite",
                predicate=replaced,
                writer_properties=writer_properties(self.name),
                commit_properties=library.CommitProperties(app_transactions=[transaction]),
            )
        except CommitFailedError:
            return False
        return True


def opened(location: Location, *, make: bool = True) -> dict[str, LakeTable]:
    """All tables of a lake, by name.

    Args:
        make: Make those that are not there.

    Raises:
        SyncError: There is something else, or none and ``make`` is false; it does not answer;
            deltalake is not installed.
    """
    deltalake()
    return {name: _opened(location, name, make=make) for name in (COMMITS, *TABLES)}


def _opened(location: Location, name: str, *, make: bool) -> LakeTable:
    from deltalake.exceptions import TableNotFoundError

    with telling(location.of(name)):
        try:
            return _there(location, name)
        except TableNotFoundError:
            pass
        if make:
            _make(location, name)
        try:
            return _there(location, name)
        except TableNotFoundError:
            hint = "`nbtrack lake commit` makes it."
            raise _refused(location.of(name), "there is no table", hint) from None


def _there(location: Location, name: str) -> LakeTable:
    delta = deltalake().DeltaTable(location.root(name), storage_options=location.options)
    return _ours(LakeTable(location, name, delta))


def _make(location: Location, name: str) -> None:
    library = deltalake()
    from deltalake.exceptions import DeltaError

    if not all(key.startswith(_LOG) for key, _ in location.place(name).listed()):
        raise _refused(
            location.of(name),
            "there are files that are no table of nbtrack",
            "A table needs a folder with nothing else in it: give another one with --to.",
        )
    # It fails where somebody else makes it at the same time, or if this one did and was not told.
    with contextlib.suppress(DeltaError):
        library.DeltaTable.create(
            location.root(name),
            _schema(name),
            mode="error",
            partition_by=partition(name),
            name=f"nbtrack {name}",
            description="Copies of rows of runs that have ended, made by nbtrack lake commit.",
            configuration=configuration(name),
            storage_options=location.options,
            raise_if_key_not_exists=False,
        )


def _ours(table: LakeTable) -> LakeTable:
    if table.delta.metadata().configuration.get(MARK) != table.name:
        raise _refused(
            table.url,
            "the table that is there was not made by nbtrack",
            "Give another folder with --to.",
        )
    missing = COLUMNS[table.name].keys() - {field.name for field in table.delta.schema().fields}
    if missing:
        raise _refused(
            table.url,
            f"the table was made by an older nbtrack and has no column {min(missing)}",
            "Give another folder with --to: all runs are committed there again.",
        )
    return table


def _refused(url: str, message: str, hint: str) -> SyncError:
    return SyncError(message, path=url, operation="open the lake", hint=hint)


def _schema(name: str) -> Any:
    library = deltalake()
    from deltalake.schema import ArrayType, PrimitiveType

    strings = ArrayType(PrimitiveType("string"), contains_null=True)
    return library.Schema(
        [
            library.Field(
                column,
                strings if kind == "strings" else kind,
                nullable=True,
                metadata={"comment": comment},
            )
            for column, (kind, comment) in COLUMNS[name].items()
        ]
    )


def writer_properties(name: str) -> Any:
    """How the Parquet files of a table are written: with encodings that all engines know."""
    library = deltalake()
    whole = library.ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
    # The statistics of floats leave NaN out, and readers believe them.
    number = library.ColumnProperties(statistics_enabled="NONE")
    kinds = {"long": whole, "timestamp": whole, "double": number}
    return library.WriterProperties(
        compression="ZSTD",
        compression_level=3,
        max_row_group_size=_ROW_GROUP,
        column_properties={
            column: kinds[kind] for column, (kind, _) in COLUMNS[name].items() if kind in kinds
        },
    )
