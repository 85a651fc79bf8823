"""What ``define_metric()`` makes of summaries, histories and charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack._attempts import CellInfo
from nbtrack.store.index import RunIndex
from nbtrack.store.layout import Store
from nbtrack.store.metrics import MetricDefinition, definition_of
from tests.journals import new_run, view


def logged(tmp_path: Path, *rows: dict[str, Any]) -> nbtrack.Run:
    run = new_run(tmp_path / "store")
    for row in rows:
        run.log(row)
    return run


def test_without_a_definition_the_last_value_is_the_summary(tmp_path: Path) -> None:
    run = logged(tmp_path, {"loss": 0.5}, {"loss": 0.7})
    assert run.summary["loss"] == 0.7
    run.finish()


def test_the_ways_to_read_a_summary_of_several_values(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.define_metric("val/*", summary="max, mean")
    run.define_metric("loss", summary=["best", "min"], goal="minimize")
    run.define_metric("text", summary="min")
    run.define_metric("noise", summary="none")
    run.define_metric("plain", summary="copy")
    for value in (2, 1, 3):
        row = {"loss": value, "val/acc": value, "noise": value, "plain": value, "text": "a"}
        run.log(row)
    assert dict(run.summary) == {
        "loss": {"best": 1, "min": 1},
        "val/acc": {"max": 3, "mean": 2},
        "plain": 3,
        "text": "a",
    }
    assert run.summary["loss"]["min"] == run.summary["loss"].best == run.summary.loss.min == 1
    assert run.summary["val/acc.mean"] == 2
    with pytest.raises(AttributeError, match="no 'max'"):
        run.summary["loss"].max  # noqa: B018
    with pytest.raises(KeyError):
        run.summary["loss.max"]
    run.summary["loss"] = "by hand"
    assert run.summary["loss"] == "by hand"
    run.finish()
    assert view(run).to_dict()["metrics"]["val/*"]["summary"] == ["max", "mean"]


def test_a_definition_holds_for_rows_of_before(tmp_path: Path) -> None:
    run = logged(tmp_path, {"loss": 1}, {"loss": 2})
    run.define_metric("loss", summary="min")
    assert run.summary["loss"] == {"min": 1}
    run.finish()


def test_names_go_before_patterns_and_long_ones_before_short_ones(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.define_metric("val/acc", summary="max")
    run.define_metric("*", step_metric="global_step", summary="last")
    run.define_metric("val/*", step_metric="epoch")
    run.finish()
    known = view(run).metrics

    def of(key: str) -> tuple[str | None, list[str] | None]:
        found = definition_of(known, key)
        assert found is not None
        return found.step_metric, found.summary

    assert of("val/acc") == ("epoch", ["max"])
    assert of("val/loss") == ("epoch", ["last"])
    assert of("loss") == ("global_step", ["last"])


def test_a_second_definition_adds_unless_it_overwrites(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.define_metric("acc", step_metric=run.define_metric("epoch"))
    both = run.define_metric("acc", summary="best", goal="maximize", hidden=True)
    assert (both.step_metric, both.summary, both.goal) == ("epoch", ("best",), "maximize")
    assert view(run).metrics["acc"].step_metric == "epoch"
    new = run.define_metric("acc", summary="min", overwrite=True)
    assert (new.name, new.step_metric, new.goal, new.hidden) == ("acc", None, None, None)
    run.finish()
    assert view(run).metrics["acc"] == MetricDefinition(name="acc", summary=["min"])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"name": ""}, "not the name"),
        ({"name": "a", "summary": "median"}, "none of min, max"),
        ({"name": "a", "summary": 3}, "no text and no list"),
        ({"name": "a", "summary": "best"}, "has no goal"),
        ({"name": "a", "goal": "up"}, "neither 'minimize' nor 'maximize'"),
        ({"name": "a", "step_metric": "e*"}, "not the name"),
        ({"name": "a", "hidden": 1}, "neither True nor False"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, arguments: dict[str, Any], why: str
) -> None:
    run = new_run(tmp_path / "store")
    with pytest.raises(nbtrack.InvalidSettingError, match=why):
        run.define_metric(**arguments)
    run.finish()
    assert view(run).metrics == {}
    with pytest.raises(nbtrack.RunFinishedError):
        run.define_metric("a")


def test_runs_are_found_and_sorted_by_what_the_summary_has(
    store_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for low in (3, 1, 2):
        run = new_run(store_dir, f"run-{low}")
        run.define_metric("loss", summary="min")
        run.log({"loss": low})
        run.log({"loss": 9})
        run.finish()
    found = nbtrack.runs(where="summary.loss.min < 3", sort="summary.loss.min", dir=store_dir)
    assert [run.id for run in found] == ["run-1", "run-2"]
    rows = RunIndex(Store(store_dir), file=store_dir / "index").listing().rows
    assert sorted(row.summary["loss"]["min"] for row in rows) == [1, 2, 3]


def test_rows_without_commit_share_a_step_and_the_step_metric_is_a_column(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.define_metric("val/*", step_metric="epoch")
    for epoch in range(2):
        run.log({"epoch": epoch}, commit=False)
        run.log({"train": 1.0})
        run.log({"train": 2.0})
        run.log({"val/loss": 0.5 - epoch, "val/acc": epoch}, commit=False)
        run.log({"train": 3.0})
    run.finish()
    found = view(run)
    assert found.history("epoch").to_pandas()["step"].tolist() == [0, 3]
    table = found.history("val/loss")
    assert table.column_names == ["attempt", "step", "epoch", "time", "value"]
    assert [(row["step"], row["epoch"], row["value"]) for row in table.to_pylist()] == [
        (2, 0, 0.5),
        (5, 1, -0.5),
    ]
    wide = found.history("val/loss", "val/acc")
    assert wide.to_pylist() == [
        {"attempt": 0, "step": 2, "epoch": 0, "val/loss": 0.5, "val/acc": 0},
        {"attempt": 0, "step": 5, "epoch": 1, "val/loss": -0.5, "val/acc": 1},
    ]
    assert found.history("val/loss", x="step").column_names == ["attempt", "step", "time", "value"]
    assert found.history("train").column_names == ["attempt", "step", "time", "value"]
    assert found.history("train", "val/loss").column_names == [
        "attempt",
        "step",
        "train",
        "val/loss",
    ]
    trained = found.history("train", x="epoch")
    assert [row["epoch"] for row in trained.to_pylist()] == [0, 0, 0, 1, 1, 1]
    assert found.history("val/loss", "epoch").column_names == [
        "attempt",
        "step",
        "val/loss",
        "epoch",
    ]


def test_a_step_metric_that_is_not_carried_on_is_missing_between(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.define_metric("loss", step_metric="epoch", step_sync=False)
    run.log({"loss": 1.0})
    run.log({"loss": 2.0, "epoch": 1})
    run.log({"loss": 3.0})
    run.finish()
    assert [row["epoch"] for row in view(run).history("loss").to_pylist()] == [None, 1, None]
    assert [row["epoch"] for row in view(run).history("loss", x="epoch").to_pylist()] == [
        None,
        1,
        1,
    ]


def test_a_step_metric_of_another_attempt_does_not_count(tmp_path: Path) -> None:
    run = new_run(tmp_path / "store")
    run.define_metric("loss", step_metric="step")
    run.begin_attempt(CellInfo(cell_id="a", execution_count=1, source=""))
    run.log({"step": 5, "loss": 1.0})
    run.begin_attempt(CellInfo(cell_id="a", execution_count=2, source=""))
    run.log({"loss": 2.0})
    run.finish()
    rows = view(run).history("loss").to_pylist()
    assert [(row["attempt"], row["step"], row["step.value"]) for row in rows] == [
        (1, 0, 5.0),
        (2, 0, None),
    ]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("summary.loss < 3", ["plain"]),
        ("summary.loss.min < 3", ["min"]),
        ("summary['loss']['min'] < 3", ["min"]),
        ("summary['loss'].min >= 3", ["both"]),
        ("summary.loss.max > 0 or summary.acc > 0", ["both", "plain"]),
        ("summary.loss is null", ["both", "min"]),
    ],
)
def test_a_metric_may_be_summed_up_otherwise_in_other_runs(
    store_dir: Path, where: str, ids: list[str]
) -> None:
    for name, summary, values in (("plain", None, (3, 1)), ("min", "min", (3, 2))):
        run = new_run(store_dir, name)
        run.define_metric("loss", summary=summary)
        for value in values:
            run.log({"loss": value, "acc": value} if summary is None else {"loss": value})
        run.finish()
    both = new_run(store_dir, "both")
    both.define_metric("loss", summary="min,max")
    both.log({"loss": 4})
    both.finish()
    assert sorted(run.id for run in nbtrack.runs(where=where, dir=store_dir)) == ids
    low = nbtrack.runs(sort="summary.loss.min", dir=store_dir)
    assert [run.id for run in low] == ["min", "both", "plain"]
