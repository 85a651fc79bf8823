"""``nbtrack.plot``: tables with charts, logged and read back."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from sklearn import metrics

import nbtrack
from nbtrack import InvalidDataError, plot
from nbtrack.store.chart import Chart

pytestmark = pytest.mark.usefixtures("own_process")

SEED = numpy.random.default_rng(5)
truth = SEED.integers(0, 2, 50)
probs = SEED.dirichlet([1, 1], 50)


def back(value: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The chart and the rows of a table that was logged, as they are read."""
    with nbtrack.init() as run:
        run.log({"chart": value})
    (item,) = nbtrack.open_run(run.id).media("chart")
    assert item.kind == "table"
    return item.info["chart"], item.read().to_pandas().to_dict("records")


def test_a_confusion_matrix() -> None:
    chart, rows = back(
        plot.confusion_matrix(y_true=[0, 1, 1], preds=[0, 1, 0], class_names=["cat", "dog"])
    )
    assert chart == {
        "kind": "confusion",
        "x": "Predicted",
        "y": "Actual",
        "stroke": None,
        "value": "nPredictions",
        "title": "Confusion Matrix",
        "x_title": None,
        "y_title": None,
    }
    counts = {(row["Actual"], row["Predicted"]): row["nPredictions"] for row in rows}
    assert counts == {
        ("cat", "cat"): 1,
        ("cat", "dog"): 0,
        ("dog", "cat"): 1,
        ("dog", "dog"): 1,
    }


def test_curves() -> None:
    chart, rows = back(plot.roc_curve(truth, probs, labels=["no", "yes"], classes_to_plot=[1]))
    assert (chart["kind"], chart["x"], chart["y"], chart["stroke"]) == (
        "roc",
        "fpr",
        "tpr",
        "class",
    )
    false, true, _ = metrics.roc_curve(truth, probs[:, 1])
    assert [(row["class"], row["fpr"], row["tpr"]) for row in rows] == [
        ("yes", x, y) for x, y in zip(false, true, strict=True)
    ]
    chart, rows = back(plot.pr_curve(truth, probs, interp_size=5, title="how well"))
    assert (chart["kind"], chart["x"], chart["y"]) == ("pr", "recall", "precision")
    assert chart["title"] == "how well"
    assert [row["recall"] for row in rows] == [1.0, 0.75, 0.5, 0.25, 0.0] * 2


def test_charts_of_a_table() -> None:
    table = nbtrack.Table(columns=["name", "a", "b"], data=[["x", 1, 2.5], ["y", 2, 3.5]])
    charts = {
        "bar": plot.bar(table, "name", "a", title="t"),
        "line": plot.line(table, "a", "b", stroke="name"),
        "scatter": plot.scatter(table, "a", "b"),
        "histogram": plot.histogram(table, "a"),
    }
    columns = {
        "bar": ("name", "a", None),
        "line": ("a", "b", "name"),
        "scatter": ("a", "b", None),
        "histogram": ("a", None, None),
    }
    for kind, made in charts.items():
        chart, rows = back(made)
        assert chart["kind"] == kind
        assert (chart["x"], chart["y"], chart["stroke"]) == columns[kind]
        assert [list(row.values()) for row in rows] == [["x", 1, 2.5], ["y", 2, 3.5]]
    assert back(charts["bar"])[0]["title"] == "t"
    with pytest.raises(InvalidDataError, match=r"no column 'c'.*name, a, b"):
        plot.scatter(table, "a", "c")


def test_lines() -> None:
    chart, rows = back(plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a", "b"], xname="epoch"))
    assert (chart["kind"], chart["x_title"]) == ("line", "epoch")
    assert (chart["x"], chart["y"], chart["stroke"]) == ("step", "lineVal", "lineKey")
    assert [tuple(row.values()) for row in rows] == [
        (0, "a", 1),
        (1, "a", 2),
        (0, "b", 3),
        (1, "b", 4),
    ]
    _, rows = back(plot.line_series([[0], [5, 6]], [[1], [2, 3]]))
    assert [tuple(row.values()) for row in rows] == [
        (0, "line_0", 1),
        (5, "line_1", 2),
        (6, "line_1", 3),
    ]
    with pytest.raises(InvalidDataError, match="2 lines, 2 sequences of places and 1 names"):
        plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a"])


def test_the_page_s_fields_are_the_chart_s() -> None:
    assert set(Chart.__struct_fields__) == set(back(plot.line_series([0], [[1]]))[0])
