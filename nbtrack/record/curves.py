"""How well a classifier does: confusion matrix, precision-recall and ROC curves.

Curves follow scikit-learn's definitions: a point for each distinct score, above which everything
counts as positive. See Fawcett, "An introduction to ROC analysis" (2006), and Davis and Goadrich,
"The relationship between precision-recall and ROC curves" (2006).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors import InvalidDataError

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float64]

# A longer curve is thinned, evenly and with both its ends: no screen shows more.
MOST_POINTS = 1000


class Curve(NamedTuple):
    """The curve of one class against all others."""

    label: str
    x: Numbers
    y: Numbers


def confusion(
    probs: Any, y_true: Any, preds: Any, class_names: Sequence[str] | None
) -> tuple[list[str], list[list[int]]]:
    """The names of the classes, and how often each (a row) was taken for each (a column).

    Raises:
        InvalidDataError: The arguments do not fit together.
    """
    import numpy

    what = "make a confusion matrix"
    if (probs is None) == (preds is None) or y_true is None:
        raise _unfit(what, "y_true and either probs or preds are needed", "Give these two.")
    true = _listed(y_true)
    if probs is not None:
        chances = _matrix(what, probs)
        guessed: list[Any] = chances.argmax(axis=1).tolist()
        names = class_names
        if names is None and not any(isinstance(label, str) for label in true):
            names = [str(at) for at in range(chances.shape[1])]
    else:
        guessed = _listed(preds)
        names = class_names
    if len(true) != len(guessed):
        text = f"there are {len(true)} true labels and {len(guessed)} predicted ones"
        raise _unfit(what, text, "Each row needs one of both.")
    if probs is not None and any(isinstance(label, str) for label in true):
        order = list(names) if names is not None else sorted(set(true))
        guessed = [order[at] if at < len(order) else at for at in guessed]
    if names is None:
        labels = sorted({*true, *guessed}, key=lambda label: (isinstance(label, str), label))
        names = [str(label) for label in labels]
        place: dict[Any, int] = {label: at for at, label in enumerate(labels)}
    else:
        names = [str(name) for name in names]
        place = {name: at for at, name in enumerate(names)}
        place.update({at: at for at in range(len(names))})
    counts = numpy.zeros((len(names), len(names)), dtype=numpy.int64)
    try:
        rows = [place[label] for label in true]
        columns = [place[label] for label in guessed]
    except KeyError as error:
        text = f"the label {error.args[0]!r} is none of the {len(names)} classes"
        raise _unfit(what, text, "Labels are names in class_names, or their places.") from None
    numpy.add.at(counts, (rows, columns), 1)
    return list(names), counts.tolist()


def roc(
    y_true: Any,
    y_probas: Any,
    labels: Sequence[str] | None,
    classes_to_plot: Iterable[Any] | None,
) -> list[Curve]:
    """False positive rate to true positive rate, for each class against all others.

    Points in the middle of a straight stretch are left out. A rate of nothing is NaN.

    Raises:
        InvalidDataError: The arguments do not fit together.
    """
    import numpy

    found = []
    for label, positive, scores in _classes(
        "make a ROC curve", y_true, y_probas, labels, classes_to_plot
    ):
        false, true = _cumulated(positive, scores)
        if len(false) > 2:
            bends = (numpy.diff(false, 2) != 0) | (numpy.diff(true, 2) != 0)
            kept = numpy.concatenate([[True], bends, [True]])
            false, true = false[kept], true[kept]
        x, y = _rate(numpy.append(0.0, false)), _rate(numpy.append(0.0, true))
        found.append(_thinned(Curve(label, x, y)))
    return found


def precision_recall(
    y_true: Any,
    y_probas: Any,
    labels: Sequence[str] | None,
    classes_to_plot: Iterable[Any] | None,
    interp_size: int | None,
) -> list[Curve]:
    """Recall to precision, for each class against all others, from recall 1 to 0.

    Args:
        y_true, y_probas, labels, classes_to_plot: As :func:`nbtrack.plot.pr_curve` has them.
        interp_size: At so many evenly spaced recalls, the best precision at that recall or a
            higher one.

    Raises:
        InvalidDataError: The arguments do not fit together.
    """
    import numpy

    found = []
    for label, positive, scores in _classes(
        "make a precision-recall curve", y_true, y_probas, labels, classes_to_plot
    ):
        false, true = _cumulated(positive, scores)
        precision = numpy.append((true / (true + false))[::-1], 1.0)
        recall = true / true[-1] if true[-1] else numpy.ones_like(true)
        recall = numpy.append(recall[::-1], 0.0)
        if interp_size is None:
            found.append(_thinned(Curve(label, recall, precision)))
            continue
        best = numpy.maximum.accumulate(precision)[::-1]
        at = numpy.linspace(1.0, 0.0, interp_size)
        place = numpy.searchsorted(recall[::-1], at, side="left")
        found.append(Curve(label, at, best[place]))
    return found


def _classes(
    what: str,
    y_true: Any,
    y_probas: Any,
    labels: Sequence[str] | None,
    wanted: Iterable[Any] | None,
) -> Iterable[tuple[str, NDArray[numpy.bool_], Numbers]]:
    """Each class to draw: its name, which rows are of it, and the scores that they got for it."""
    import numpy

    if y_true is None or y_probas is None:
        raise _unfit(what, "y_true and y_probas are needed", "Give these two.")
    true = numpy.asarray(_listed(y_true))
    chances = _matrix(what, y_probas)
    if len(true) != len(chances) or not len(true):
        text = f"there are {len(true)} true labels and {len(chances)} rows of probabilities"
        raise _unfit(what, text, "Each label needs a row.")
    columns = chances.shape[1]
    whole = true.dtype.kind in "iub"
    if whole and true.min() >= 0 and true.max() < max(columns, 2):
        classes = list(range(max(columns, 2)))
    else:
        classes = numpy.unique(true).tolist()
    if columns == 1 and len(classes) == 2:  # the chance of the second one
        chances = numpy.hstack([1 - chances, chances])
        columns = 2
        wanted = wanted if wanted is not None else classes[1:]
    if columns != len(classes):
        text = f"there are {len(classes)} classes and {columns} columns of probabilities"
        raise _unfit(what, text, "There is a column for each class, in their order.")
    chosen = None if wanted is None else set(_listed(wanted))
    for at, label in enumerate(classes):
        if chosen is None or label in chosen:
            name = labels[at] if labels is not None and at < len(labels) else label
            yield str(name), true == label, chances[:, at]


def _cumulated(positive: NDArray[numpy.bool_], scores: Numbers) -> tuple[Numbers, Numbers]:
    """How many false and true positives there are above each distinct score, from the highest."""
    import numpy

    order = numpy.argsort(scores, kind="stable")[::-1]
    ranked = scores[order]
    last = numpy.append(numpy.nonzero(numpy.diff(ranked))[0], len(ranked) - 1)
    true = numpy.cumsum(positive[order], dtype=numpy.float64)[last]
    return 1.0 + last - true, true


def _rate(counts: Numbers) -> Numbers:
    import numpy

    return counts / counts[-1] if counts[-1] else numpy.full_like(counts, numpy.nan)


def _thinned(curve: Curve) -> Curve:
    import numpy

    if len(curve.x) <= MOST_POINTS:
        return curve
    kept = numpy.linspace(0, len(curve.x) - 1, MOST_POINTS).round().astype(numpy.int64)
    return Curve(curve.label, curve.x[kept], curve.y[kept])


def _matrix(what: str, values: Any) -> Numbers:
    """Probabilities as rows; one value a row becomes a column."""
    import numpy

    if hasattr(values, "detach"):
        values = values.detach().cpu()
    try:
        matrix = numpy.asarray(values, dtype=numpy.float64)
    except (TypeError, ValueError) as error:
        raise _unfit(what, f"the probabilities are no numbers: {error}", "Give an array.") from None
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or numpy.isnan(matrix).any():
        text = f"the probabilities have the shape {matrix.shape}, or some are NaN"
        raise _unfit(what, text, "Give a row for each label, with a number for each class.")
    return matrix


def _listed(values: Any) -> list[Any]:
    """Plain Python values, from a list, an array, a tensor or a column."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    return [value.item() if hasattr(value, "item") else value for value in values]


def _unfit(what: str, text: str, hint: str) -> InvalidDataError:
    return InvalidDataError(text, operation=what, hint=hint)
