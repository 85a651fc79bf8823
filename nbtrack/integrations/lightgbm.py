"""LightGBM: a callback for ``train()``, ``cv()``, and ``fit()`` of its estimators."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import lightgbm

from . import _patching
from ._boosting import Boosting, Goal, Score, Training, flat

__all__ = ["NbtrackCallback", "autolog"]

_NAME = "lightgbm"

# A parameter in the text of a model.
_PARAMETER = re.compile(r"^\[(\w+): (.+)\]$", re.MULTILINE)


class NbtrackCallback(Boosting):
    """Logs every iteration to the current run, and in :meth:`finish` what came out.

    ``lightgbm.train(..., callbacks=[NbtrackCallback()])``, ``LGBMClassifier().fit(...,
    callbacks=[...])``. It may be used for several trainings, one after the other.

    Args:
        prefix: Stands before all names: ``prefix/valid_0/auc``.
        importance: How many features the chart of their importance has at most; 0: no chart.
        log_model: Whether the model becomes an artifact, ``lightgbm-model``; a string: of this
            name.
    """

    # After what LightGBM records and prints, before the end of a training that does not improve.
    order = 25
    before_iteration = False

    def __init__(
        self, prefix: str = "", *, importance: int = 30, log_model: bool | str = False
    ) -> None:
        super().__init__(_NAME, prefix, importance, log_model)
        # LightGBM puts a callback in order by what is in the object itself.
        self.__dict__["order"] = self.order
        self._model: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_model": None}

    def __call__(self, env: Any) -> None:
        """An iteration is over: log its metrics."""
        if env.iteration == env.begin_iteration:
            self._model = env.model
            self._safely(self._begin, env.begin_iteration)
        if self._training is not None:
            self._safely(self._iterated, self._training, env)

    def finish(self) -> None:
        """The training is over: log its best iteration, the importance of features, the model.

        LightGBM tells no callback that, so this is called after it; ``nbtrack.autolog()`` does.
        """
        training, model = self._training, self._model
        self._training = self._model = None
        if training is not None:
            _patching.guarded(_NAME, self._ended, training, model)

    def _iterated(self, training: Training, env: Any) -> None:
        if not training.rows:
            # What was given comes first, and counts.
            training.config({**env.params, **_parameters(env.model), **env.params})
        training.row(env.iteration, _scores(env.evaluation_result_list or ()))

    def _ended(self, training: Training, model: Any) -> None:
        crossed = isinstance(model, lightgbm.CVBooster)
        if model.best_iteration > 0:
            best = None if crossed else flat(model.best_score)
            training.best(model.best_iteration, best)
        if crossed:
            return
        gain = model.feature_importance(importance_type="gain")
        names = model.feature_name()
        training.importance("gain", dict(zip(names, gain, strict=True)), self._importance)
        if self._artifact:
            training.model(self._artifact, "model.txt", model.save_model)


def autolog() -> None:
    """Log every training of this process by itself."""
    for function in ("train", "cv"):
        signature = inspect.signature(getattr(lightgbm, function))

        def call(
            original: Any, args: Any, kwargs: Any, signature: inspect.Signature = signature
        ) -> Any:
            return _watched(original, signature, args, kwargs)

        for place in (lightgbm, lightgbm.engine, lightgbm.sklearn):
            if hasattr(place, function):
                _patching.around(_NAME, place, function, call)


def _watched(
    original: Any, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    found = _patching.guarded(_NAME, _with_callback, signature, args, kwargs)
    if found is None:
        return original(*args, **kwargs)
    call, ours = found
    trained = original(*call.args, **call.kwargs)
    ours.finish()
    return trained


def _with_callback(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[inspect.BoundArguments, NbtrackCallback]:
    call = signature.bind(*args, **kwargs)
    callbacks = list(call.arguments.get("callbacks") or ())
    ours = next((one for one in callbacks if isinstance(one, NbtrackCallback)), None)
    if ours is None:
        ours = NbtrackCallback()
        call.arguments["callbacks"] = [*callbacks, ours]
    return call, ours


def _scores(results: Any) -> Iterator[Score]:
    for result in results:
        data, metric, value, maximize = result[:4]
        spread = result[4] if len(result) > 4 else None
        if data == "cv_agg":  # before 4.7 both were one name there
            data, _, metric = metric.partition(" ")
        goal: Goal = "maximize" if maximize else "minimize"
        name = f"{data}/{metric}"
        if spread is None:
            yield Score(name, value, goal)
        else:
            yield Score(f"{name}-mean", value, goal)
            yield Score(f"{name}-stdv", spread)


def _parameters(model: Any) -> dict[str, Any]:
    """All parameters with their defaults, as the text of a model has them."""
    booster = model.boosters[0] if isinstance(model, lightgbm.CVBooster) else model
    text = booster.model_to_string(num_iteration=1)
    _, _, told = text.partition("\nparameters:\n")
    return {name: _value(value) for name, value in _PARAMETER.findall(told)}


def _value(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            pass
    return text
