"""Which runs a table shows, in what order, and what of them."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

import nbtrack
from nbtrack import InvalidQueryError, UsageError
from nbtrack.server import table as module
from nbtrack.server.api.runs import RunsPage, RunsQuery
from nbtrack.server.plain import to_json
from nbtrack.server.stores import Stores, UnknownStoreError
from nbtrack.server.table import Tables
from nbtrack.store import expressions, registry
from nbtrack.store.edits import edit
from nbtrack.store.layout import Store
from nbtrack.store.view import RunView
from tests.server.stores import make_store

# Key of a run's config that needs quoting in every way there is.
ODD = "a,b. \"c\" 'd'/é;--"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Runs a0 … a4, the newest last."""
    folder = tmp_path_factory.mktemp("table") / ".nbtrack"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBTRACK_DIR", str(folder))
        patch.setenv("NBTRACK_RECORDER", "off")
        for n in range(5):
            run = nbtrack.init(
                id=f"a{n}",
                name=f"Alpha {n}",
                project="other" if n == 4 else "main",
                tags=["even" if n % 2 == 0 else "odd", "all"],
                config={
                    "lr": 10.0**-n,
                    "LR": n,
                    "opt": {"name": "adam" if n else "sgd"},
                    ODD: n % 2,
                    "flag": n > 2,
                    "mixed": n if n % 2 else "text",
                },
            )
            nan = float("nan")
            nbtrack.log({"val/loss": nan if n == 3 else (n - 2) ** 2, **({"acc": n} if n else {})})
            run.finish(exit_code=1 if n == 4 else 0)
    edit(RunView(Store(folder).run("a2")), notes="try Again")
    return Store(folder)


@pytest.fixture
def tables(store: Store) -> Tables:
    return Tables(Stores(only=[store]))


def ids(page: RunsPage) -> str:
    return " ".join(row.id for row in page.rows)


def ask(tables: Tables, **query: Any) -> str:
    return ids(tables.page(RunsQuery(**query)))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "a4 a3 a2 a1 a0"),
        ({"where": "config.lr > 0.01"}, "a1 a0"),
        ({"where": "  "}, "a4 a3 a2 a1 a0"),
        ({"where": "config.lr > 0.01 -- or not"}, "a1 a0"),
        ({"where": "config.opt.name = 'sgd' or summary['val/loss'] = 4"}, "a4 a0"),
        ({"where": "list_contains(tags, 'odd') and name like 'Alpha%'"}, "a3 a1"),
        ({"where": "state = 'failed'"}, "a4"),
        ({"where": "started_at > now() - interval 1 day", "limit": 1}, "a4"),
        ({"search": "alpha ODD"}, "a3 a1"),
        ({"search": "again"}, "a2"),
        ({"search": "other"}, "a4"),
        ({"search": "%"}, ""),
        ({"sort": "config.lr"}, "a4 a3 a2 a1 a0"),
        ({"sort": "-config.LR"}, "a4 a3 a2 a1 a0"),
        ({"sort": "config.LR"}, "a0 a1 a2 a3 a4"),
        ({"sort": "summary.val/loss,-name"}, "a2 a1 a4 a0 a3"),
        ({"sort": f"config.{ODD},name"}, "a0 a2 a4 a1 a3"),
        ({"sort": f"name,config.{ODD}"}, "a0 a1 a2 a3 a4"),
        ({"sort": f"-config.{ODD},-started"}, "a3 a1 a4 a2 a0"),
        ({"sort": "summary.acc"}, "a1 a2 a3 a4 a0"),
        ({"sort": "-summary.acc"}, "a4 a3 a2 a1 a0"),
        ({"sort": "started"}, "a0 a1 a2 a3 a4"),
        ({"sort": "project,-id"}, "a3 a2 a1 a0 a4"),
        ({"group": "config.opt.name", "sort": "id"}, "a1 a2 a3 a4 a0"),
        ({"group": "config.flag"}, "a2 a1 a0 a4 a3"),
        ({"offset": 1, "limit": 2}, "a3 a2"),
        ({"offset": 9}, ""),
        ({"discarded": True}, ""),
    ],
)
def test_which_runs_in_what_order(tables: Tables, query: dict[str, Any], expected: str) -> None:
    assert ask(tables, **query) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"where": "config.nothing > 1"},
        {"where": "config.lr >"},
        {"where": "true) or (true"},
        {"where": "true; select 1"},
        {"where": "true, false"},
        {"where": "place from given where true"},
        {"sort": "config.nothing"},
        {"sort": "(select 1)"},
        {"sort": "config.lr desc"},
        {"group": "config"},
        {"group": "-config.lr"},
        {"where": "x" * 5000},
        {"where": "(" * 1500 + "true" + ")" * 1500},
        {"where": "not " * 990 + "true"},
        {"where": "$1"},
        {"where": "\0"},
        {"where": "\ud800"},
        {"limit": 0},
        {"limit": 1001},
        {"offset": -1},
    ],
)
def test_what_cannot_be_asked(tables: Tables, query: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        tables.page(RunsQuery(**query))


@pytest.mark.parametrize(
    "where",
    [
        "(select count(*) from read_text('/etc/passwd')) > 0",
        "(select count(*) from '/etc/passwd') > 0",
        "(select count(*) from glob('/*')) > 0",
        "(select count(*) from range(1000000000000)) > 0",
        "exists(select 1)",
        "id = any(select id from given)",
        "len(repeat('x', 2000000000)) > 1",
        "len(lpad('x', 2000000000, 'x')) > 1",
        "len(range(1000000000)) > 1",
        "format('{:>2000000000}', 'x') = ''",
        "list_sum(list_transform([1], lambda x: x + 1)) > 1",
        "count(*) over () > 1",
        "sum(rows) > 1",
        "getvariable('x') is null",
        "current_setting('memory_limit') = ''",
        "nextval('x') > 1",
        "columns('.*')",
        "* = 1",
    ],
)
def test_what_strangers_cannot_do(tables: Tables, where: str) -> None:
    begin = time.monotonic()
    with pytest.raises(InvalidQueryError):
        tables.page(RunsQuery(where=where))
    assert time.monotonic() - begin < 4


def test_what_takes_long_is_interrupted(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.3)
    # As if a function were missing from the list, and a subquery let through.
    kinds = frozenset({*expressions._HARMLESS_KINDS, "SUBQUERY"})
    monkeypatch.setattr(expressions, "_HARMLESS_KINDS", kinds)
    functions = frozenset({*expressions._HARMLESS, "range", "count_star"})
    monkeypatch.setattr(expressions, "_HARMLESS", functions)
    with pytest.raises(InvalidQueryError, match="it takes too long"):
        tables.page(RunsQuery(where="(select count(*) from range(1000000000000)) > 0"))
    assert ask(tables, where="config.lr > 0.01") == "a1 a0", "the connection is as before"


def test_the_settings_cannot_be_changed(tables: Tables) -> None:
    connection = tables._isolated()
    for statement in ("SET memory_limit = '8GB'", "INSTALL httpfs", "ATTACH '/tmp/x.db'"):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)


def test_a_row_holds_what_was_asked_for(tables: Tables) -> None:
    columns = ["config.lr", "summary.val/loss", "config.opt.name", *f"config.{ODD}".split(",")]
    page = tables.page(RunsQuery(columns=[*columns, "config.none", "state"], sort="id"))
    rows = {row.id: row for row in page.rows}
    assert rows["a3"].config == {"lr": 0.001, "opt.name": "adam", ODD: 1}
    assert rows["a3"].summary == {"val/loss": "NaN"}
    assert (rows["a0"].state, rows["a4"].state) == ("finished", "failed")
    assert rows["a2"].notes == "try Again"
    assert rows["a0"].ended is not None
    assert rows["a0"].seconds == (rows["a0"].ended - rows["a0"].started) / 1e6
    assert tables.page(RunsQuery()).rows[0].config == {}
    assert b'"val/loss":"NaN"' in to_json(page)


def test_what_there_is_besides_the_rows(tables: Tables, store: Store) -> None:
    page = tables.page(RunsQuery(where="rows > 0 and id <> 'a0'", limit=1))
    assert (page.store, page.total, page.matched) == (registry.key_of(store), 5, 4)
    assert page.running == 0
    columns = {column.name: (column.kind, column.runs) for column in page.columns}
    assert columns["config.lr"] == ("number", 5)
    assert columns["config.LR"] == ("number", 5)
    assert columns["config.flag"] == ("boolean", 5)
    assert columns["config.mixed"] == ("text", 5)
    assert columns["config.opt.name"] == ("text", 5)
    assert columns[f"config.{ODD}"] == ("number", 5)
    assert columns["summary.acc"] == ("number", 4)
    assert page.columns[-1].name == "summary.acc", "the most common first"


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("config.opt.name", [("adam", 4), ("sgd", 1)]),
        ("state", [("failed", 1), ("finished", 4)]),
        ("summary.acc", [(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 1), (None, 1)]),
        ("summary.val/loss", [(0.0, 1), (1.0, 1), (4.0, 2), ("NaN", 1)]),
        ("tags", [(["even", "all"], 3), (["odd", "all"], 2)]),
        ("config.flag", [(False, 3), (True, 2)]),
    ],
)
def test_groups_are_runs_beside_each_other(
    tables: Tables, group: str, expected: list[tuple[Any, int]]
) -> None:
    page = tables.page(RunsQuery(group=group, limit=1))
    assert [(one.value, one.runs) for one in page.groups] == expected


def test_changes_show_and_give_another_revision(tmp_path: Path) -> None:
    store = make_store(tmp_path / ".nbtrack", 3)
    tables = Tables(Stores(only=[store]))
    before = tables.page(RunsQuery())
    assert tables.page(RunsQuery()).revision == before.revision
    first = tables.revision(RunsQuery())
    assert tables.revision(RunsQuery(sort="name")) != first
    run = before.rows[0].id
    edit(RunView(store.run(run)), discarded=True)
    tables.changed(store, [run])
    after = tables.page(RunsQuery())
    assert after.revision != before.revision
    assert tables.revision(RunsQuery()) != first
    assert (after.total, after.matched) == (before.total - 1, before.total - 1)
    assert ask(tables, discarded=True) == run


def test_runs_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    store = make_store(tmp_path / ".nbtrack", 2)
    broken = next(iter(store.run_dirs()))
    broken.info.write_bytes(b"{")
    page = Tables(Stores(only=[store])).page(RunsQuery())
    assert len(page.rows) == 1
    (unreadable,) = page.unreadable
    assert unreadable.id == broken.id
    assert "RunInfo" in unreadable.reason


def test_stores(store: Store, tmp_path: Path) -> None:
    tables = Tables(Stores(only=[Store(tmp_path / "none"), store]))
    assert tables.page(RunsQuery()).rows == []
    assert len(tables.page(RunsQuery(store=registry.key_of(store))).rows) == 5
    with pytest.raises(UnknownStoreError):
        tables.page(RunsQuery(store="0" * 16))
    with pytest.raises(UnknownStoreError, match="nothing has been recorded"):
        Tables(Stores(only=[])).page(RunsQuery())


def test_so_many_stores_are_kept_and_no_more(tmp_path: Path) -> None:
    stores = [Store(tmp_path / f"s{n}") for n in range(module._MOST_INDEXES + 3)]
    tables = Tables(Stores(only=stores))
    for store in stores:
        for n in range(10):
            tables.page(RunsQuery(store=registry.key_of(store), search=f"{n}"))
    assert len(tables._indexes) == module._MOST_INDEXES
    assert len(tables._columns) <= module._MOST_INDEXES
    assert len(tables._found) == module._MOST_ANSWERS


def test_export_as_csv(tables: Tables) -> None:
    file, size = tables.export(RunsQuery(where="id < 'a3'", sort="-id", limit=1), "csv")
    file.seek(0)
    content = file.read()
    file.close()
    assert len(content) == size
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [row["id"] for row in rows] == ["a2", "a1", "a0"], "all of them, however many"
    assert [float(row["config.LR"]) for row in rows] == [2.0, 1.0, 0.0]
    assert [float(row["config.lr_1"]) for row in rows] == [0.01, 0.1, 1.0]
    assert [row["summary.acc"] for row in rows] == ["2.0", "1.0", ""]
    assert rows[0][f"config.{ODD}"] == "0.0"
    assert rows[0]["tags"] == "even, all"


def test_export_as_parquet(tables: Tables, tmp_path: Path) -> None:
    file, _ = tables.export(RunsQuery(search="odd"), "parquet")
    file.seek(0)
    path = tmp_path / "runs.parquet"
    path.write_bytes(file.read())
    file.close()
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT id, \"summary.val/loss\", started_at FROM '{path}'"
        ).fetchall()
    assert [row[0] for row in found] == ["a3", "a1"]
    assert found[1][1] == 1.0
    with pytest.raises(UsageError, match="csv and parquet"):
        tables.export(RunsQuery(), "xlsx")


def test_no_runs_can_be_exported_too(tables: Tables) -> None:
    file, _ = tables.export(RunsQuery(where="false"), "csv")
    file.seek(0)
    assert file.read().startswith(b"id,name,")
    file.close()


def test_the_answer_is_what_the_contract_says(tables: Tables) -> None:
    page = tables.page(RunsQuery(columns=["config.lr"], group="state"))
    assert msgspec.json.decode(to_json(page), type=RunsPage).matched == 5
