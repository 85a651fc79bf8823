"""CatBoost: a callback for ``fit()``, and what a model tells afterwards."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from typing import Any

import catboost
from catboost.core import CatBoostError, is_maximizable_metric, is_minimizable_metric

from . import _patching
from ._boosting import Boosting, Goal, Score, Training, flat

__all__ = ["NbtrackCallback", "autolog"]

_NAME = "catboost"
_MODELS = ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")

# Every how many iterations CatBoost computes what a GPU cannot, if nobody says.
_SLOW_PERIOD = 5

# Of what fit() and cv() are called with, that which says how to train.
_SETTINGS = (
    "use_best_model",
    "metric_period",
    "early_stopping_rounds",
    "iterations",
    "num_boost_round",
    "fold_count",
    "nfold",
    "stratified",
)


class NbtrackCallback(Boosting):
    """Logs every iteration to the current run, and in :meth:`finish` what came out.

    ``CatBoostClassifier().fit(..., callbacks=[NbtrackCallback()])``. It may be used for several
    trainings, one after the other. CatBoost takes no callbacks for training on a GPU: there
    :func:`nbtrack.autolog` logs the same when the training is over.

    Args:
        prefix: Stands before all names: ``prefix/validation/Logloss``.
        importance: How many features the chart of their importance has at most; 0: no chart.
        log_model: Whether the model becomes an artifact, ``catboost-model``; a string: of this
            name.
    """

    def __init__(
        self, prefix: str = "", *, importance: int = 30, log_model: bool | str = False
    ) -> None:
        super().__init__(_NAME, prefix, importance, log_model)
        self._prepare({}, 0)

    def _prepare(self, given: Mapping[str, Any], first_step: int) -> None:
        """What is known before a training begins."""
        self._given = dict(given)
        self._first_step = first_step
        self._iteration = 0
        # How many values of each metric have been seen: it may be computed now and then only.
        self._seen: dict[str, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_given": {}, "_iteration": 0, "_seen": {}}

    def after_iteration(self, info: Any) -> bool:
        """An iteration is over: log its metrics."""
        if info.iteration <= self._iteration or not self._iteration:
            self._seen = {}
            self._safely(self._start, self._first_step)
        self._iteration = info.iteration
        if self._training is not None:
            self._safely(self._iterated, self._training, info)
        return True

    def finish(self, model: Any) -> None:
        """The training is over: log parameters, the best iteration, the importance of features.

        CatBoost's callbacks get no model, so this is called after ``fit()``; ``nbtrack.autolog()``
        does. The model itself is logged too, if it was asked for.
        """
        training, self._training = self._training, None
        if training is not None:
            _patching.guarded(_NAME, self._ended, training, model)
        self._prepare({}, 0)

    def _start(self, first_step: int) -> None:
        self._begin(first_step)
        if self._training is not None and self._given:
            self._training.config(self._given)

    def _iterated(self, training: Training, info: Any) -> None:
        step = training.first_step + info.iteration - 1
        fresh = []
        for name, values in _metrics(info.metrics):
            # What a snapshot brought was logged when it was trained.
            if len(values) > self._seen.get(name, len(values) - 1):
                fresh.append(Score(name, values[-1], _goal(name)))
            self._seen[name] = len(values)
        training.row(step, fresh)

    def _ended(self, training: Training, model: Any) -> None:
        for step, scores in sorted(self._unseen(training, model).items()):
            training.row(step, scores)
        given = {**model.get_params(), **self._given}
        training.config({**given, **_plain(model.get_all_params()), **given})
        if model.get_best_iteration() is not None:
            training.best(model.get_best_iteration(), flat(model.get_best_score()))
        importance = model.feature_importances_
        names = model.feature_names_
        if importance.shape == (len(names),):  # of a ranking it is computed only when asked for
            features = dict(zip(names, importance, strict=True))
            training.importance("PredictionValuesChange", features, self._importance)
        if self._artifact:
            training.model(self._artifact, "model.cbm", model.save_model)

    def _unseen(self, training: Training, model: Any) -> dict[int, list[Score]]:
        """What the model tells and no callback was called for, by steps."""
        told = dict(_metrics(model.get_evals_result()))
        period = self._given.get("metric_period") or model.get_param("metric_period") or 1
        iterations = model.get_all_params().get("iterations", 0)
        counts = [len(values) for values in told.values()]
        rows: dict[int, list[Score]] = {}
        for name, values in told.items():
            if self._iteration:
                seen = self._seen.get(name, 0)
                steps = list(range(training.step + 1, training.step + 1 + len(values) - seen))
            else:
                seen = 0
                steps = [
                    training.first_step + at
                    for at in _computed(len(values), counts, int(period), iterations)
                ]
            for step, value in zip(steps, values[seen:], strict=True):
                rows.setdefault(step, []).append(Score(name, value, _goal(name)))
        return rows


def autolog() -> None:
    """Log every training of this process by itself."""
    for name in _MODELS:
        model = getattr(catboost, name)
        signature = inspect.signature(model.fit)

        def fit(
            original: Any, args: Any, kwargs: Any, signature: inspect.Signature = signature
        ) -> Any:
            return _watched(original, signature, args, kwargs)

        _patching.around(_NAME, model, "fit", fit)
    signature = inspect.signature(catboost.cv)

    def cv(original: Any, args: Any, kwargs: Any) -> Any:
        found = original(*args, **kwargs)
        _patching.guarded(_NAME, _log_cv, signature.bind(*args, **kwargs).arguments, found)
        return found

    for place in (catboost, catboost.core):
        _patching.around(_NAME, place, "cv", cv)


def _watched(
    original: Any, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    found = _patching.guarded(_NAME, _with_callback, signature, args, kwargs)
    if found is None:
        return original(*args, **kwargs)
    call, ours = found
    try:
        trained = original(*call.args, **call.kwargs)
    except (CatBoostError, SystemError) as error:
        if _is_interrupt(error):
            raise KeyboardInterrupt from error
        raise
    ours.finish(call.arguments["self"])
    return trained


def _is_interrupt(error: BaseException) -> bool:
    """Whether it is what CatBoost makes of an interrupt while a callback runs."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__
    return cause is not None or str(error).rstrip().endswith("KeyboardInterrupt")


def _with_callback(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[inspect.BoundArguments, NbtrackCallback]:
    call = signature.bind(*args, **kwargs)
    model = call.arguments["self"]
    callbacks = list(call.arguments.get("callbacks") or ())
    ours = next((one for one in callbacks if isinstance(one, NbtrackCallback)), None)
    if ours is None:
        ours = NbtrackCallback()
        if not _is_on_gpu(model):
            # First: one that ends the training keeps those behind it from that iteration.
            call.arguments["callbacks"] = [ours, *callbacks]
    first_step = _trees_of(call.arguments.get("init_model"))
    ours._prepare({**model.get_params(), **_settings(call.arguments)}, first_step)
    if _is_on_gpu(model):
        ours._start(first_step)
    return call, ours


def _is_on_gpu(model: Any) -> bool:
    return str(model.get_param("task_type")).upper() == "GPU"


def _settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {key: arguments[key] for key in _SETTINGS if arguments.get(key) is not None}


def _trees_of(model: Any) -> int:
    """How far the model is that training goes on with."""
    if isinstance(model, str | os.PathLike):
        model = catboost.CatBoost().load_model(str(model))
    return int(getattr(model, "tree_count_", 0))


def _log_cv(arguments: Mapping[str, Any], found: Any) -> None:
    ours = NbtrackCallback()
    ours._begin(0)
    training = ours._training
    if training is None:
        return
    training.config({**(arguments.get("params") or {}), **_settings(arguments)})
    table = found[0] if isinstance(found, tuple) else found
    columns = {name: list(values) for name, values in dict(table).items()}
    for at, iteration in enumerate(columns.pop("iterations")):
        training.row(
            int(iteration), [_averaged(name, values[at]) for name, values in columns.items()]
        )


def _averaged(column: str, value: float) -> Score:
    """One of ``test-Logloss-mean`` and ``test-Logloss-std``."""
    data, _, rest = column.partition("-")
    name = f"{data}/{rest}"
    mean = name.removesuffix("-mean")
    return Score(name, value, _goal(mean) if mean != name else None)


def _metrics(told: Mapping[str, Mapping[str, list[float]]]) -> Iterator[tuple[str, list[float]]]:
    for data, metrics in told.items():
        for metric, values in metrics.items():
            yield f"{data}/{metric}", values


def _computed(count: int, counts: list[int], period: int, iterations: int) -> list[int]:
    """At which iterations a metric was computed: the last is always one of them.

    Args:
        count: How often it was.
        counts: How often each metric was.
        period: Every how many iterations metrics were to be computed.
        iterations: How many there were to be; a training that stopped early had fewer.
    """
    # What decides about stopping early is computed at every iteration, whatever the period.
    periods = (1, period, _SLOW_PERIOD)
    at_most = max(counts)
    if at_most not in [len(_every(one, iterations)) for one in periods]:
        iterations = at_most
    for one in periods:
        if len(_every(one, iterations)) == count:
            return _every(one, iterations)
    return list(range(count))


def _every(period: int, iterations: int) -> list[int]:
    return sorted({*range(0, iterations, period), iterations - 1})


def _goal(name: str) -> Goal | None:
    metric = name.partition("/")[2]
    try:
        if is_maximizable_metric(metric):
            return "maximize"
        return "minimize" if is_minimizable_metric(metric) else None
    except CatBoostError:  # one of the person's own
        return None


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Without what CatBoost keeps for itself."""
    return {key: value for key, value in params.items() if key != "pool_metainfo_options"}
