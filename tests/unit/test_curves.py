"""Curves and matrices of classifiers are those of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from sklearn import metrics

from nbtrack import InvalidDataError
from nbtrack.record import curves

SEED = numpy.random.default_rng(5)
truth = SEED.integers(0, 3, 200)
PROBS = SEED.dirichlet([1, 1, 1], 200)
PROBS[truth == 1, 1] += 0.3
# Scores that many rows share.
COARSE = PROBS.round(1)
BINARY = (truth > 0).astype(int)


@pytest.mark.parametrize("probs", [PROBS, COARSE], ids=["fine", "coarse"])
def test_roc_is_scikit_learn_s(probs: Any) -> None:
    found = curves.roc(truth, probs, None, None)
    assert [curve.label for curve in found] == ["0", "1", "2"]
    for at, curve in enumerate(found):
        false, true, _ = metrics.roc_curve(truth == at, probs[:, at])
        assert numpy.array_equal(curve.x, false)
        assert numpy.array_equal(curve.y, true)


@pytest.mark.parametrize("probs", [PROBS, COARSE], ids=["fine", "coarse"])
def test_precision_and_recall_are_scikit_learn_s(probs: Any) -> None:
    for at, curve in enumerate(curves.precision_recall(truth, probs, None, None, None)):
        precision, recall, _ = metrics.precision_recall_curve(truth == at, probs[:, at])
        assert numpy.array_equal(curve.x, recall)
        assert numpy.array_equal(curve.y, precision)


def test_with_a_size_the_best_precision_at_each_recall() -> None:
    (curve,) = curves.precision_recall(truth, PROBS, None, [2], 11)
    precision, recall, _ = metrics.precision_recall_curve(truth == 2, PROBS[:, 2])
    assert numpy.allclose(curve.x, numpy.linspace(1, 0, 11))
    best = [precision[recall >= at - 1e-12].max() for at in curve.x]
    assert numpy.allclose(curve.y, best)


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    scores = SEED.random(50_000)
    true = (SEED.random(50_000) < scores).astype(int)
    (curve,) = curves.precision_recall(true, scores, None, None, None)
    precision, recall, _ = metrics.precision_recall_curve(true, scores)
    assert len(curve.x) == curves.MOST_POINTS
    assert (curve.x[0], curve.y[0]) == (recall[0], precision[0])
    assert (curve.x[-1], curve.y[-1]) == (0.0, 1.0)
    assert set(zip(curve.x, curve.y, strict=True)) <= set(zip(recall, precision, strict=True))


def test_one_column_is_the_chance_of_the_second_class() -> None:
    for probs in (PROBS[:, 1], PROBS[:, 1:2]):
        (curve,) = curves.roc(BINARY, probs, None, None)
        assert curve.label == "1"
        false, true, _ = metrics.roc_curve(BINARY, PROBS[:, 1])
        assert numpy.array_equal(curve.x, false)
        assert numpy.array_equal(curve.y, true)


def test_classes_have_names_and_are_chosen() -> None:
    found = curves.roc(truth, PROBS, ["cat", "dog", "fox"], [0, 2])
    assert [curve.label for curve in found] == ["cat", "fox"]
    words = numpy.array(["a", "b", "c"])[truth]
    found = curves.roc(words, PROBS, None, ["b"])
    assert [curve.label for curve in found] == ["b"]
    false, _, _ = metrics.roc_curve(truth == 1, PROBS[:, 1])
    assert numpy.array_equal(found[0].x, false)


def test_a_class_that_never_was_has_rates_of_nothing() -> None:
    found = curves.roc([0, 1, 0], numpy.eye(3), None, None)
    assert numpy.isnan(found[2].y).all()
    (curve,) = curves.precision_recall([0, 1, 0], numpy.eye(3), None, [2], None)
    assert curve.x[0] == 1.0


@pytest.mark.parametrize("what", ["preds", "probs"])
def test_the_confusion_matrix_is_scikit_learn_s(what: str) -> None:
    preds = PROBS.argmax(axis=1)
    probs = PROBS if what == "probs" else None
    names, counts = curves.confusion(probs, truth, None if what == "probs" else preds, None)
    assert names == ["0", "1", "2"]
    assert counts == metrics.confusion_matrix(truth, preds).tolist()


def test_classes_that_never_were_keep_their_places() -> None:
    names, counts = curves.confusion(None, [0, 3], [3, 3], ["a", "b", "c", "d"])
    assert names == ["a", "b", "c", "d"]
    assert counts == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]


def test_labels_may_be_words() -> None:
    names, counts = curves.confusion(None, ["cat", "dog"], ["dog", "dog"], None)
    assert (names, counts) == (["cat", "dog"], [[0, 1], [0, 1]])
    names, counts = curves.confusion([[0.1, 0.9]], ["dog"], None, ["cat", "dog"])
    assert counts == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((None, [0, 1], None, None), "probs or preds"),
        (([[1.0]], [0], [0], None), "probs or preds"),
        ((None, [0, 1], [0], None), "2 true labels and 1 predicted"),
        ((None, [0, 5], [0, 1], ["a", "b"]), "label 5 is none of the 2 classes"),
    ],
)
def test_what_does_not_fit_together_is_said(arguments: Any, says: str) -> None:
    with pytest.raises(InvalidDataError, match=says):
        curves.confusion(*arguments)


@pytest.mark.parametrize(
    ("true", "probs", "says"),
    [
        (None, [[1.0]], "needed"),
        ([0, 1], [[0.5, 0.5]], "2 true labels and 1 rows"),
        ([0, 1, 7], numpy.ones((3, 2)), "3 classes and 2 columns"),
        ([0, 1], [[0.5, 0.5], [float("nan"), 1]], "NaN"),
        ([0, 1], [["x", "y"], ["a", "b"]], "no numbers"),
    ],
)
def test_curves_say_what_does_not_fit(true: Any, probs: Any, says: str) -> None:
    with pytest.raises(InvalidDataError, match=says):
        curves.roc(true, probs, None, None)
