"""How well an estimator of scikit-learn does, and what it looks at: numbers and charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy
from sklearn import metrics
from sklearn.base import ClusterMixin, is_classifier, is_regressor
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing as rows_of
from sklearn.utils.multiclass import type_of_target

from .. import plot
from ..record.media import Media, Table

# What costs the square of the samples is of so many, chosen by chance, always the same ones.
_SAMPLES = 10_000
# Bars and points that a chart has at most.
_BARS = 100
_POINTS = 1_000
# Learning, iteration by iteration, as estimators keep it.
_CURVES = ("loss_curve_", "validation_scores_", "train_score_", "validation_score_", "oob_scores_")


def is_clusterer(model: Any) -> bool:
    """Whether it finds groups: also one that searches among such, or a pipeline that ends so."""
    return isinstance(last_of(model), ClusterMixin)


def scores(model: Any, x: Any, y: Any, weight: Any = None) -> dict[str, float]:
    """The usual metrics of its kind of task, under scikit-learn's names.

    What is not defined for these data is not there.
    """
    given = {} if weight is None else {"sample_weight": weight}
    found: dict[str, Any] = {}
    own = getattr(model, "scoring", None) is not None
    if y is not None and is_classifier(model):
        found = dict(_of_classifier(model, x, y, given))
    elif y is not None and is_regressor(model):
        predicted = model.predict(x)
        for name in ("r2_score", "mean_absolute_error", "root_mean_squared_error"):
            value = getattr(metrics, name)(y, predicted, **given)
            found[name.removesuffix("_score")] = value
    elif is_clusterer(model):
        found = dict(_of_clusterer(model, x, y))
    else:
        own = hasattr(model, "score")
    if own:
        found["score"] = model.score(x, y, **given)
    return {name: float(value) for name, value in found.items()}


def _of_classifier(model: Any, x: Any, y: Any, given: Any) -> Iterator[tuple[str, Any]]:
    predicted = model.predict(x)
    kind = type_of_target(y)
    if kind == "multiclass-multioutput":
        yield "score", model.score(x, y, **given)
        return
    yield "accuracy", metrics.accuracy_score(y, predicted, **given)
    classes = _classes(model) if kind in ("binary", "multiclass") else None
    binary = classes is not None and len(classes) == 2
    how: dict[str, Any] = {"average": "macro"}
    if binary:
        assert classes is not None
        how = {"average": "binary", "pos_label": classes[1]}
    for name in ("f1", "precision", "recall"):
        score = getattr(metrics, f"{name}_score")
        value = score(y, predicted, zero_division=0.0, **how, **given)
        yield name if binary else f"{name}_macro", value
    if classes is None:
        return
    seen = len(numpy.unique(numpy.asarray(y)))
    columns, are_chances = _columns(model, x)
    if are_chances and columns.shape[1] == len(classes):
        yield "log_loss", metrics.log_loss(y, columns, labels=classes, **given)
    if columns is None or seen != len(classes):
        return
    if binary:
        yield "roc_auc", metrics.roc_auc_score(y, columns[:, -1], **given)
    elif are_chances:
        with suppress(ValueError):  # they do not add up to 1
            ranked = metrics.roc_auc_score(y, columns, multi_class="ovr", labels=classes, **given)
            yield "roc_auc_ovr", ranked


def _classes(model: Any) -> Any:
    classes = getattr(model, "classes_", None)
    return classes if hasattr(classes, "tolist") else None


def _columns(model: Any, x: Any) -> tuple[Any, bool]:
    """A number for each class, or one for the second; and whether they are probabilities."""
    for name in ("predict_proba", "decision_function"):
        ask = getattr(model, name, None)
        if ask is not None:
            found = numpy.asarray(ask(x))
            return found[:, None] if found.ndim == 1 else found, name == "predict_proba"
    return None, False


def _of_clusterer(model: Any, x: Any, y: Any) -> Iterator[tuple[str, Any]]:
    labels = _labels(model, x)
    inertia = getattr(last_of(model), "inertia_", None)
    if inertia is not None:
        yield "inertia", inertia
    if labels is None:
        return
    clusters = len(numpy.unique(labels))
    yield "n_clusters", clusters
    if y is not None:
        yield "adjusted_rand", metrics.adjusted_rand_score(y, labels)
    if 1 < clusters < len(labels):
        size = {"sample_size": _SAMPLES, "random_state": 0} if len(labels) > _SAMPLES else {}
        yield "silhouette", metrics.silhouette_score(x, labels, **size)
        if hasattr(x, "toarray"):  # the others take no sparse matrix
            return
        yield "calinski_harabasz", metrics.calinski_harabasz_score(x, labels)
        yield "davies_bouldin", metrics.davies_bouldin_score(x, labels)


def _labels(model: Any, x: Any) -> Any:
    if hasattr(model, "predict"):
        return model.predict(x)
    labels = getattr(last_of(model), "labels_", None)
    return labels if labels is not None and len(labels) == x.shape[0] else None


def charts(
    model: Any, x: Any, y: Any, class_names: Sequence[str] | None
) -> Iterator[tuple[str, Media]]:
    """What is drawn of how well it does: of a classifier its errors, of a regressor its guesses."""
    if y is None:
        return
    if is_classifier(model) and type_of_target(y) in ("binary", "multiclass"):
        yield from _charts_of_classifier(model, x, y, class_names)
    elif is_regressor(model) and numpy.ndim(y) == 1:
        y = numpy.asarray(y)
        chosen = numpy.linspace(0, len(y) - 1, min(len(y), _POINTS)).round().astype(int)
        guessed = numpy.asarray(model.predict(rows_of(x, chosen)))
        table = Table(
            columns=["actual", "predicted"],
            data=[list(pair) for pair in zip(y[chosen].tolist(), guessed.tolist(), strict=True)],
        )
        yield "predictions", plot.scatter(table, "actual", "predicted", "Predicted and actual")


def _charts_of_classifier(
    model: Any, x: Any, y: Any, class_names: Sequence[str] | None
) -> Iterator[tuple[str, Media]]:
    classes = _classes(model)
    if classes is None:
        return
    known = classes.tolist()
    names = [str(name) for name in (class_names if class_names is not None else known)]
    place = {label: at for at, label in enumerate(known)}
    try:
        true = [place[label] for label in numpy.asarray(y).tolist()]
    except KeyError:  # a label that it was not fitted with
        return
    guessed = [place[label] for label in numpy.asarray(model.predict(x)).tolist()]
    yield (
        "confusion_matrix",
        plot.confusion_matrix(y_true=true, preds=guessed, class_names=names),
    )
    columns, _ = _columns(model, x)
    if columns is None or columns.shape[1] not in (1, len(known)):
        return
    if len(known) == 2:
        columns = columns[:, -1]
    yield "roc_curve", plot.roc_curve(true, columns, labels=names)
    yield "pr_curve", plot.pr_curve(true, columns, labels=names)


def last_of(model: Any) -> Any:
    """The estimator in which it all ends: the best of a search, the last step of a pipeline."""
    while True:
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, Pipeline):
            model = model.steps[-1][1]
        else:
            return model


def curves(model: Any) -> dict[str, list[float]]:
    """What it kept of each iteration, such as ``loss_curve``."""
    last = last_of(model)
    found = {name[:-1]: getattr(last, name, None) for name in _CURVES}
    return {
        name: numpy.asarray(values, dtype=float).tolist()
        for name, values in found.items()
        if values is not None and numpy.ndim(values) == 1 and len(values)
    }


def weights(model: Any) -> Iterator[tuple[str, Media]]:
    """What it looks at: importances or coefficients of features, variances of components."""
    last = last_of(model)
    importances = getattr(last, "feature_importances_", None)
    coefficients = getattr(last, "coef_", None)
    ratios = getattr(last, "explained_variance_ratio_", None)
    if importances is not None:
        names = _features(model, len(importances))
        yield "feature_importances", _bars("feature", "importance", names, importances)
    elif coefficients is not None:
        if hasattr(coefficients, "toarray"):
            coefficients = coefficients.toarray()
        found = numpy.atleast_2d(coefficients)
        names = _features(model, found.shape[1])
        if len(found) == 1:
            yield "coefficients", _bars("feature", "coefficient", names, found[0])
        else:
            classes = getattr(last, "classes_", ())
            of = list(classes) if len(classes) == len(found) else range(len(found))
            rows = [[name, *row] for name, row in zip(names, found.T.tolist(), strict=True)]
            yield "coefficients", Table(columns=["feature", *map(str, of)], data=rows)
    elif ratios is not None:
        names = [str(at) for at in range(len(ratios))]
        yield "explained_variance_ratio", _bars("component", "ratio", names, ratios, ordered=True)


def _features(model: Any, count: int) -> list[str]:
    """The names of the features that the last estimator was given."""
    while hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    ask: list[Callable[[], Any]] = [lambda: model.feature_names_in_]
    if isinstance(model, Pipeline) and len(model.steps) > 1:
        ask.insert(0, lambda: model[:-1].get_feature_names_out())
    for names_of in ask:
        with suppress(Exception):  # a step that cannot name what it makes
            names = [str(name) for name in names_of()]
            if len(names) == count:
                return names
    return [f"x{at}" for at in range(count)]


def _bars(label: str, value: str, names: list[str], values: Any, *, ordered: bool = False) -> Media:
    """Bars for the largest ones."""
    found = numpy.asarray(values, dtype=float)
    order = numpy.arange(len(found)) if ordered else numpy.argsort(-abs(found), kind="stable")
    data = [[names[at], float(found[at])] for at in order[:_BARS]]
    title = f"The {_BARS} largest of {len(found)}" if len(found) > _BARS else ""
    return plot.bar(Table(columns=[label, value], data=data), label, value, title)
