"""XGBoost: a callback for ``train()``, ``cv()``, and the estimators."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy
import xgboost
from xgboost.callback import TrainingCallback

from . import _patching
from ._boosting import Boosting, Goal, Score, Training

__all__ = ["NbtrackCallback", "autolog"]

_NAME = "xgboost"

# What is known of the metrics that come with XGBoost; the first is what early stopping goes by.
_MAXIMIZED = ("auc", "aucpr", "pre", "map", "ndcg", "interval-regression-accuracy")
_MINIMIZED = frozenset(
    """rmse rmsle mae mape mphe logloss error merror mlogloss poisson-nloglik gamma-nloglik
    cox-nloglik gamma-deviance tweedie-nloglik aft-nloglik quantile""".split()
)
# What a model has become, and how it keeps things in memory: no parameters of the training.
_LEFT_OUT = frozenset({"gbtree_model_param", "hist_train_param"})


class NbtrackCallback(Boosting, TrainingCallback):
    """Logs every iteration to the current run, and at the end what came out.

    ``XGBClassifier(callbacks=[NbtrackCallback()])``, ``xgboost.train(..., callbacks=[...])``.
    It may be used for several trainings, one after the other.

    Args:
        prefix: Stands before all names: ``prefix/validation_0/logloss``.
        importance: How many features the chart of their importance has at most; 0: no chart.
        log_model: Whether the model becomes an artifact, ``xgboost-model``; a string: of this name.
    """

    def __init__(
        self, prefix: str = "", *, importance: int = 30, log_model: bool | str = False
    ) -> None:
        Boosting.__init__(self, _NAME, prefix, importance, log_model)
        TrainingCallback.__init__(self)
        self._given: dict[str, Any] = {}
        self._log: Mapping[str, Mapping[str, list[Any]]] = {}
        self._best_before: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_given": {}, "_log": {}}

    def before_training(self, model: Any) -> Any:
        """A training begins."""
        self._log = {}
        self._best_before = model.attr("best_iteration")
        self._safely(self._begin, int(model.num_boosted_rounds()))
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """An iteration is over: log its metrics."""
        self._log = evals_log
        if self._training is not None:
            self._safely(self._iterated, self._training, model, epoch)
        return False

    def after_training(self, model: Any) -> Any:
        """The training is over, and nobody interrupted it."""
        if self._training is not None:
            self._safely(self._ended, self._training, model)
        self._training, self._given, self._log = None, {}, {}
        return model

    def _iterated(self, training: Training, model: Any, epoch: int) -> None:
        if not training.rows:
            # What was given comes first, and counts.
            training.config({**self._given, **_parameters(model), **self._given})
        training.row(training.first_step + epoch, _scores(self._log, epoch))

    def _ended(self, training: Training, model: Any) -> None:
        # A callback before this one that ends the training hides the last iteration from it.
        rounds = max((len(v) for data in self._log.values() for v in data.values()), default=0)
        if 0 < rounds == training.rows + 1:
            self._iterated(training, model, training.rows)
        best = model.attr("best_iteration")
        # A model that training went on with may bring that of an earlier training.
        if best is not None and best != self._best_before:
            training.best(int(best), _score(model.attr("best_score")))
        if not isinstance(model, xgboost.Booster):
            return  # the models of a cross-validation
        if self._importance and _parameters(model).get("booster") != "gblinear":
            gain = {
                name: value
                for name, value in model.get_score(importance_type="gain").items()
                if isinstance(value, float)
            }
            training.importance("gain", gain, self._importance)
        if self._artifact:
            training.model(self._artifact, "model.ubj", model.save_model)


def autolog() -> None:
    """Log every training of this process by itself."""
    places = (xgboost, xgboost.training, xgboost.sklearn)
    for function in ("train", "cv"):
        signature = inspect.signature(getattr(xgboost, function))

        def prepare(
            args: Any, kwargs: Any, signature: inspect.Signature = signature
        ) -> tuple[tuple[Any, ...], dict[str, Any]]:
            return _with_callback(signature.bind(*args, **kwargs))

        for place in places:
            if hasattr(place, function):
                _patching.before(_NAME, place, function, prepare)


def _with_callback(call: inspect.BoundArguments) -> tuple[tuple[Any, ...], dict[str, Any]]:
    arguments = call.arguments
    callbacks = list(arguments.get("callbacks") or ())
    ours = next((one for one in callbacks if isinstance(one, NbtrackCallback)), None)
    if ours is None:
        ours = NbtrackCallback()
        # Last, so that it sees the model as the others leave it.
        arguments["callbacks"] = [*callbacks, ours]
    ours._given = _given(arguments)
    return call.args, call.kwargs


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the person gave, or the estimator for them."""
    given = {key: value for key, value in dict(arguments["params"]).items() if value is not None}
    for key in ("num_boost_round", "early_stopping_rounds", "nfold", "metrics"):
        if arguments.get(key) is not None:
            given[key] = arguments[key]
    return given


def _scores(log: Mapping[str, Mapping[str, list[Any]]], epoch: int) -> Iterator[Score]:
    for data, metrics in log.items():
        for metric, values in metrics.items():
            value = values[epoch]
            name = f"{data}/{metric}"
            if isinstance(value, tuple):  # of a cross-validation
                yield Score(f"{name}-mean", value[0], _goal(metric))
                yield Score(f"{name}-std", value[1])
            else:
                yield Score(name, value, _goal(metric))


def _goal(metric: str) -> Goal | None:
    base = metric.partition("@")[0]
    if base in _MAXIMIZED:
        return "maximize"
    return "minimize" if base in _MINIMIZED else None


def _parameters(model: Any) -> dict[str, Any]:
    """All parameters with their defaults, as the model tells them."""
    booster = model if isinstance(model, xgboost.Booster) else model.cvfolds[0].bst
    learner = json.loads(booster.save_config())["learner"]
    found: dict[str, Any] = {}
    _collect(learner, found)
    metrics = [metric["name"] for metric in learner.get("metrics", ())]
    return {**found, "eval_metric": metrics} if metrics else found


def _collect(part: Any, found: dict[str, Any]) -> None:
    if isinstance(part, list):
        for one in part:
            _collect(one, found)
    elif isinstance(part, dict):
        for name, inner in part.items():
            if isinstance(inner, dict) and name.endswith("_param"):
                if name not in _LEFT_OUT:
                    found.update({key: _value(text) for key, text in inner.items() if text != ""})
            else:
                _collect(inner, found)


def _score(text: str) -> float:
    """A score, also where XGBoost 2 writes that of a cross-validation with how far it spreads.

    That is ``(0.1, 0.01)``, or ``(np.float64(0.1), np.float64(0.01))``.
    """
    return float(re.sub(r"np\.float\d+|[()]", "", text).partition(",")[0])


def _value(text: str) -> Any:
    """The number in a text; XGBoost's are of 32 bits, and 0.1 is written 0.100000001."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(str(numpy.float32(text)))
    except ValueError:
        return text
