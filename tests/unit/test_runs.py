"""Which runs of a store, and in what order."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbtrack
from nbtrack import InvalidQueryError
from nbtrack.store import query
from nbtrack.store.filter import RunTable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    TEXT,
    st.lists(st.integers(), max_size=2),
)
CONFIG = st.recursive(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6), LEAF, max_size=4
    ),
    lambda inner: st.dictionaries(st.sampled_from(["a", "A", "b"]), inner, max_size=2),
    max_leaves=6,
)


@pytest.fixture
def five(store_dir: Path) -> Path:
    """Runs a0 … a4, oldest first: lr from 1 to 0.0001, the last of another project and failed."""
    for n in range(5):
        run = nbtrack.init(
            name=f"a{n}",
            project="other" if n == 4 else "main",
            tags=["even" if n % 2 == 0 else "odd", "all"],
            config={"lr": 10.0**-n, "opt": {"name": "adam" if n else "sgd"}, "key of words": n},
        )
        nbtrack.log({"loss": (n - 2) ** 2, **({"acc": n / 10} if n else {})})
        run.finish(exit_code=1 if n == 4 else 0)
    return store_dir


def matching(rows: list[dict[str, Any]], where: str, sort: list[str]) -> list[int]:
    """The places of the rows for which ``where`` is true."""
    table = RunTable(len(rows), lambda name: [row.get(name) for row in rows])
    with query.isolated() as connection:
        return table.places(connection, where, sort)


def names(**arguments: Any) -> list[str]:
    return [view.name for view in nbtrack.runs(**arguments)]


@pytest.mark.usefixtures("five")
class TestWhichRuns:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ({}, "a4 a3 a2 a1 a0"),
            ({"project": "other"}, "a4"),
            ({"state": "failed"}, "a4"),
            ({"state": ["failed", "finished"], "tags": "even"}, "a4 a2 a0"),
            ({"tags": ["odd", "all"]}, "a3 a1"),
            ({"tags": ["odd", "even"]}, ""),
            ({"where": "config.lr > 0.01"}, "a1 a0"),
            ({"where": "config.opt.name = 'sgd'"}, "a0"),
            ({"where": "config['key of words'] between 1 and 2"}, "a2 a1"),
            ({"where": "summary.loss = 0 or state = 'failed'"}, "a4 a2"),
            ({"where": "summary.acc is null"}, "a0"),
            ({"where": "list_contains(tags, 'odd') and name like 'a%'"}, "a3 a1"),
            ({"where": "duration_seconds >= 0 and started_at < now()"}, "a4 a3 a2 a1 a0"),
            ({"sort": "config.lr"}, "a4 a3 a2 a1 a0"),
            ({"sort": "-config.lr"}, "a0 a1 a2 a3 a4"),
            ({"sort": ["summary.loss", "name"]}, "a2 a1 a3 a0 a4"),
            ({"sort": "-summary.acc"}, "a4 a3 a2 a1 a0"),
            ({"sort": "summary.acc"}, "a1 a2 a3 a4 a0"),
            ({"sort": "summary.loss"}, "a2 a3 a1 a4 a0"),
            ({"where": "project = 'main'", "sort": "-summary.loss", "tags": "all"}, "a0 a3 a1 a2"),
        ],
    )
    def test_filters_and_orders(self, arguments: dict[str, Any], expected: str) -> None:
        assert names(**arguments) == expected.split()

    @pytest.mark.parametrize(
        "arguments",
        [
            {"where": "config.learning_rate > 1"},
            {"where": "config.lr >"},
            {"where": "name = 'a0'); SELECT (1"},
            {"where": "config.lr"} | {"sort": "summary.los"},
        ],
    )
    def test_what_cannot_be_evaluated_names_what_there_is(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(InvalidQueryError, match=r"config\.lr, config\.opt.*summary\.loss"):
            nbtrack.runs(**arguments)

    @pytest.mark.parametrize(
        "where",
        [
            "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0",
            "(SELECT count(*) FROM read_csv('http://127.0.0.1:1/x')) > 0",
            "getenv('HOME') <> ''",
        ],
    )
    def test_an_expression_reaches_nothing_but_the_runs(self, where: str) -> None:
        with pytest.raises(InvalidQueryError):
            nbtrack.runs(where=where)

    def test_as_a_data_frame(self) -> None:
        frame = nbtrack.runs(sort="name").to_pandas()
        assert list(frame["name"]) == ["a0", "a1", "a2", "a3", "a4"]
        assert list(frame["config.lr"]) == [1.0, 0.1, 0.01, 0.001, 0.0001]
        assert list(frame["tags"][0]) == ["even", "all"]
        assert math.isnan(frame["summary.acc"][0])
        assert (frame["duration_seconds"] >= 0).all()


def test_no_runs_are_an_empty_frame_with_its_columns(store_dir: Path) -> None:
    assert names(where="config.lr > 1", sort="summary.loss") == []
    frame = nbtrack.runs().to_pandas()
    assert len(frame) == 0
    assert {"id", "name", "state", "started_at", "tags"} <= set(frame.columns)


@settings(deadline=None)  # each opens a database
@given(st.lists(CONFIG, max_size=4))
def test_any_config_can_be_asked_about(configs: list[dict[str, Any]]) -> None:
    rows = [{"id": str(n), "config": config, "summary": config} for n, config in enumerate(configs)]
    assert matching(rows, "id <> ''", ["-id"]) == list(range(len(rows)))[::-1]


def test_values_of_different_kinds() -> None:
    rows: list[dict[str, Any]] = [
        {"config": {"x": 1}},
        {"config": {"x": "text"}},
        {"config": {"x": {"deep": 2}}},
        {"config": {"X": 2.5, "flag": True}},
    ]
    assert matching(rows, "config.x = 'text'", []) == [1]
    assert matching(rows, "config.flag", []) == [3]


@pytest.mark.usefixtures("own_process")
def test_a_table_without_rows_is_a_frame_without_rows() -> None:
    run = nbtrack.init(config={"lr": 0.1})
    run.finish()
    found = nbtrack.open_run(run.id)
    for table, columns in (
        (found.system(), ["time", "key", "value"]),
        (found.history("absent"), ["attempt", "step", "time", "value"]),
        (found.history(), ["attempt", "step"]),
    ):
        frame = table.to_pandas()
        assert (list(frame.columns), len(frame)) == (columns, 0)
