"""``nbtrack.plot``: tables that are drawn as charts, to be logged like any table.

::

    nbtrack.log({"confusion": nbtrack.plot.confusion_matrix(y_true=targets, preds=guesses)})

The names and arguments are those that users of W&B know; ``split_table`` is taken and not used,
since the table of a chart can always be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._errors import InvalidDataError, NotOfferedError
from .store.chart import Chart

if TYPE_CHECKING:
    from .record.curves import Curve
    from .record.media.plot import Plot
    from .record.media.table import Table

__all__ = [
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
]


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix",
    split_table: bool = False,
) -> Plot:
    """How often each class was taken for each: a table ``Actual, Predicted, nPredictions``.

    Args:
        probs: A row for each example with a number for each class; the largest is what is
            predicted. Give this or ``preds``.
        y_true: The true labels: places in ``class_names``, or names.
        preds: The predicted labels.
        class_names: The names of all classes. By default the labels that there are.
        title: What stands above the chart.
        split_table: Not used.

    Raises:
        InvalidDataError: The arguments do not fit together.
    """
    from .record import curves

    names, counts = curves.confusion(probs, y_true, preds, class_names)
    data = [
        [actual, predicted, counts[row][column]]
        for row, actual in enumerate(names)
        for column, predicted in enumerate(names)
    ]
    chart = Chart(
        kind="confusion", x="Predicted", y="Actual", value="nPredictions", title=str(title)
    )
    return _plot(chart, ["Actual", "Predicted", "nPredictions"], data)


def pr_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Iterable[Any] | None = None,
    interp_size: int | None = None,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> Plot:
    """Precision over recall, a curve for each class: a table ``class, precision, recall``.

    The points are those of scikit-learn's ``precision_recall_curve``; of more than 1,000 for a
    class, 1,000 evenly chosen ones.

    Args:
        y_true: The true labels.
        y_probas: A row for each example with a number for each class, in the order of the labels;
            or, of two classes, one number for the second.
        labels: The names of the classes.
        classes_to_plot: The labels of those that are drawn; all by default.
        interp_size: Instead of all points, the best precision at so many evenly spaced recalls.
        title: What stands above the chart.
        split_table: Not used.

    Raises:
        InvalidDataError: The arguments do not fit together.
    """
    from .record import curves

    found = curves.precision_recall(y_true, y_probas, labels, classes_to_plot, interp_size)
    data = [
        [curve.label, precision, recall] for curve in found for recall, precision in _points(curve)
    ]
    chart = Chart(
        kind="pr",
        x="recall",
        y="precision",
        stroke="class",
        title=str(title),
        x_title="Recall",
        y_title="Precision",
    )
    return _plot(chart, ["class", "precision", "recall"], data)


def roc_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Iterable[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> Plot:
    """True positives over false ones, a curve for each class: a table ``class, fpr, tpr``.

    The points are those of scikit-learn's ``roc_curve``; of more than 1,000 for a class, 1,000
    evenly chosen ones.

    Args:
        y_true, y_probas, labels, classes_to_plot, title, split_table: As in :func:`pr_curve`.

    Raises:
        InvalidDataError: The arguments do not fit together.
    """
    from .record import curves

    found = curves.roc(y_true, y_probas, labels, classes_to_plot)
    data = [[curve.label, false, true] for curve in found for false, true in _points(curve)]
    chart = Chart(
        kind="roc",
        x="fpr",
        y="tpr",
        stroke="class",
        title=str(title),
        x_title="False positive rate",
        y_title="True positive rate",
    )
    return _plot(chart, ["class", "fpr", "tpr"], data)


def bar(table: Table, label: str, value: str, title: str = "", split_table: bool = False) -> Plot:
    """A bar for each row of a table.

    Args:
        table: The table.
        label: The column with the names of the bars.
        value: The column with their lengths.
        title: What stands above the chart.
        split_table: Not used.

    Raises:
        InvalidDataError: There is no such column.
    """
    return _of(table, Chart(kind="bar", x=label, y=value, title=str(title)))


def line(
    table: Table,
    x: str,
    y: str,
    stroke: str | None = None,
    title: str = "",
    split_table: bool = False,
) -> Plot:
    """A line through the rows of a table, or one for each value of a column.

    Args:
        table: The table.
        x, y: The columns with the points.
        stroke: The column that tells lines apart.
        title: What stands above the chart.
        split_table: Not used.

    Raises:
        InvalidDataError: There is no such column.
    """
    return _of(table, Chart(kind="line", x=x, y=y, stroke=stroke, title=str(title)))


def scatter(table: Table, x: str, y: str, title: str = "", split_table: bool = False) -> Plot:
    """A point for each row of a table.

    Args:
        table: The table.
        x, y: The columns with the points.
        title: What stands above the chart.
        split_table: Not used.

    Raises:
        InvalidDataError: There is no such column.
    """
    return _of(table, Chart(kind="scatter", x=x, y=y, title=str(title)))


def histogram(table: Table, value: str, title: str = "", split_table: bool = False) -> Plot:
    """How often the values of a column lie where.

    Args:
        table: The table.
        value: The column.
        title: What stands above the chart.
        split_table: Not used.

    Raises:
        InvalidDataError: There is no such column.
    """
    return _of(table, Chart(kind="histogram", x=value, title=str(title)))


def line_series(
    xs: Iterable[Any],
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> Plot:
    """Several lines: a table ``step, lineKey, lineVal``.

    Args:
        xs: The places of the points: one sequence for all lines, or one for each.
        ys: The heights of the points, a sequence for each line.
        keys: The names of the lines; ``line_0`` and so on by default.
        title: What stands above the chart.
        xname: What stands at the horizontal axis.
        split_table: Not used.

    Raises:
        InvalidDataError: There are not as many keys, or not as many ``xs``, as there are lines.
    """
    heights = [list(y) for y in ys]
    places = list(xs)
    if not places or isinstance(places[0], str | bytes) or not isinstance(places[0], Iterable):
        places = [places] * len(heights)
    names = [f"line_{at}" for at in range(len(heights))] if keys is None else list(keys)
    if len(names) != len(heights) or len(places) != len(heights):
        raise InvalidDataError(
            f"there are {len(heights)} lines, {len(places)} sequences of places and "
            f"{len(names)} names",
            operation="draw lines",
            hint="Give as many of each, or one sequence of places for all.",
        )
    data = [
        [x, str(name), y]
        for name, across, up in zip(names, places, heights, strict=True)
        for x, y in zip(across, up, strict=False)
    ]
    chart = Chart(
        kind="line",
        x="step",
        y="lineVal",
        stroke="lineKey",
        title=str(title),
        x_title=str(xname),
        y_title="",
    )
    return _plot(chart, ["step", "lineKey", "lineVal"], data)


def plot_table(
    vega_spec_name: str,
    data_table: Table,
    fields: Mapping[str, str],
    string_fields: Mapping[str, str] | None = None,
    split_table: bool = False,
) -> Plot:
    """One of the charts of W&B by the name that it has there.

    Args:
        vega_spec_name: ``wandb/bar/v0``, ``wandb/histogram/v0``, ``wandb/line/v0``,
            ``wandb/lineseries/v0`` or ``wandb/scatter/v0``.
        data_table: The table.
        fields: What of the chart is which column: ``x``, ``y``, ``stroke``, ``label``, ``value``.
        string_fields: ``title``.
        split_table: Not used.

    Raises:
        InvalidDataError: The table has no such column.
        NotOfferedError: It is a chart of one's own.
    """
    kind = vega_spec_name.removeprefix("wandb/").removesuffix("/v0")
    title = (string_fields or {}).get("title", "")
    if kind in ("line", "lineseries", "scatter"):
        x, y = _given(fields, "x", "y")
        if kind == "scatter":
            return scatter(data_table, x, y, title)
        return line(data_table, x, y, fields.get("stroke"), title)
    if kind == "bar":
        label, value = _given(fields, "label", "value")
        return bar(data_table, label, value, title)
    if kind == "histogram":
        (value,) = _given(fields, "value")
        return histogram(data_table, value, title)
    raise NotOfferedError(
        f"the chart {vega_spec_name!r} is not offered",
        hint="Log a Figure of altair, which is Vega too.",
    )


def _given(fields: Mapping[str, str], *names: str) -> list[str]:
    missing = [name for name in names if name not in fields]
    if missing:
        raise InvalidDataError(
            f"fields does not say which column is {missing[0]!r}", operation="draw a chart"
        )
    return [fields[name] for name in names]


def _points(curve: Curve) -> Iterable[tuple[float, float]]:
    return zip(curve.x.tolist(), curve.y.tolist(), strict=True)


def _plot(chart: Chart, columns: list[str], data: list[list[Any]]) -> Plot:
    from .record.media.plot import Plot

    return Plot(chart, columns, data)


def _of(table: Table, chart: Chart) -> Plot:
    columns = [str(column) for column in table.columns]
    for column in (chart.x, chart.y, chart.stroke):
        if column is not None and column not in columns:
            raise InvalidDataError(
                f"the table has no column {column!r}",
                operation=f"draw a {chart.kind} chart",
                hint=f"Its columns are {', '.join(columns)}.",
            )
    return _plot(chart, columns, table.data)
