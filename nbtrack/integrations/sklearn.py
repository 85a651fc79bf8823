"""scikit-learn: estimators with their metrics, cross-validation and searches."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import numpy
from sklearn.base import BaseEstimator, ClusterMixin, OutlierMixin

from .. import _api, plot
from .._run import Run
from ..record.media import Table
from ..record.model.sklearn_estimator import config_of, setting
from . import FRAMEWORKS, _patching
from ._patching import guarded
from ._sklearn_scores import charts, curves, scores, weights

__all__ = ["autolog", "log_cv", "log_estimator", "log_learning_curve"]

# Of more samples the score on those of the training is not computed by itself.
_MOST_SCORED = 10_000
_FITS = ("fit", "fit_predict")
# Of results, what is no column: others hold the same, or it is of no use to read.
_NO_COLUMNS = ("params", "estimator", "indices")
# What runs were told of estimators.
_told: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
# Estimators of these packages have an integration of their own.
_OTHERS = {package for known in FRAMEWORKS.values() for package in known.packages} - {"sklearn"}


def log_estimator(
    model: Any,
    X: Any = None,
    y: Any = None,
    *,
    sample_weight: Any = None,
    prefix: str = "",
    class_names: Sequence[str] | None = None,
    plots: bool = True,
    watch: bool = True,
) -> dict[str, float]:
    """Log a fitted estimator to the current run: its arguments, how well it does, its structure.

    Args:
        model: The estimator: also a pipeline or a search.
        X, y: The data that it is scored with, as for ``model.score()``. Without them nothing is
            scored.
        sample_weight: Weights for the metrics; the charts have none.
        prefix: What stands before the names, with a ``/``: such as ``test``.
        class_names: What the classes are called in charts; by default as in ``model.classes_``.
        plots: False: no charts.
        watch: False: its structure is not kept.

    Returns:
        The metrics, without the prefix.

    Raises:
        As :func:`nbtrack.init` where it starts a run, and what the estimator raises.
    """
    run = _api.current_run()
    _configure(run, config_of(model))
    if watch:
        run.watch(model, log=None)
    found = {} if X is None else scores(model, X, y, sample_weight)
    row: dict[str, Any] = dict(found)
    if plots and X is not None:
        row.update(charts(model, X, y, class_names))
    row = {f"{prefix}/{key}" if prefix else key: value for key, value in row.items()}
    if plots:
        row.update(weights(model))
    if row:
        run.log(row)
    _log_making(run, model)
    return found


def log_cv(results: Any, *, prefix: str = "cv") -> None:
    """Log the results of cross-validation or of a search to the current run.

    Args:
        results: A fitted search; or what ``cross_validate()`` or ``cross_val_score()`` gave.
        prefix: What stands before the names, with a ``/``.

    Raises:
        As :func:`nbtrack.init` where it starts a run.
    """
    run = _api.current_run()
    search = results if hasattr(results, "cv_results_") else None
    if search is not None:
        found = search.cv_results_
        _configure(run, config_of(search))
        if not _is_news(run, search, f"results {prefix}", found):
            return
    elif isinstance(results, Mapping):
        found = results
    else:
        found = {"test_score": results}
    columns = {key: found[key] for key in sorted(found, key=_rank) if key not in _NO_COLUMNS}
    data = [list(row) for row in zip(*map(_cells, columns.values()), strict=True)]
    numbers = {key: values for key, values in columns.items() if _is_logged(key)}
    for key in numbers:
        if not _is_score(key):
            run.define_metric(f"{prefix}/{key}", hidden=True)
    for at in range(len(data)):
        run.log(
            {f"{prefix}/{key}": float(values[at]) for key, values in numbers.items()},
            step=at,
            commit=False,
        )
    table = Table(columns=list(columns), data=data)
    run.log({f"{prefix}/results": table}, commit=False)
    summary: dict[str, Any] = {}
    if search is None:
        for key, values in numbers.items():
            summary[f"mean_{key}"] = float(numpy.mean(values))
            summary[f"std_{key}"] = float(numpy.std(values))
    else:
        summary["candidates"] = len(data)
        for name in ("best_index", "best_score", "refit_time"):
            if hasattr(search, f"{name}_"):
                summary[name] = getattr(search, f"{name}_")
        best = getattr(search, "best_params_", None)
        if best is not None:
            _configure(run, {"best_params": {key: setting(value) for key, value in best.items()}})
    run.summary.update({f"{prefix}/{key}": value for key, value in summary.items()})


def log_learning_curve(
    train_sizes: Any,
    train_scores: Any,
    test_scores: Any,
    fit_times: Any = None,
    score_times: Any = None,
    *,
    prefix: str = "learning_curve",
) -> None:
    """Log what ``learning_curve()`` gave to the current run; the step is the number of samples.

    Args:
        train_sizes: Numbers of samples.
        train_scores, test_scores: For each of them the scores of each split.
        fit_times, score_times: The same of seconds, if it gave them.
        prefix: What stands before the names, with a ``/``; the chart's name.

    Raises:
        As :func:`nbtrack.init` where it starts a run.
    """
    run = _api.current_run()
    given = {"train_score": train_scores, "test_score": test_scores}
    given.update({"fit_time": fit_times, "score_time": score_times})
    lines = {key: numpy.asarray(values) for key, values in given.items() if values is not None}
    for key in lines:
        run.define_metric(f"{prefix}/{key}_std", hidden=True)
    sizes = [int(size) for size in train_sizes]
    for at, size in enumerate(sizes):
        row = {}
        for key, values in lines.items():
            row[f"{prefix}/{key}"] = float(values[at].mean())
            row[f"{prefix}/{key}_std"] = float(values[at].std())
        run.log(row, step=size, commit=False)
    means = [lines[key].mean(axis=1).tolist() for key in ("train_score", "test_score")]
    chart = plot.line_series(
        sizes, means, ["train", "test"], "Score over the number of samples", "samples"
    )
    run.log({prefix: chart}, commit=False)


def _configure(run: Run, values: dict[str, Any]) -> None:
    known = run.config
    new = {k: v for k, v in values.items() if k not in known or known[k] != v}
    run.config.update(new, allow_val_change=True)


def _log_making(run: Run, model: Any) -> None:
    """How it came to be: its curves, the candidates that it is the best of."""
    found = curves(model)
    if _is_news(run, model, "curves", found):
        for at in range(max(map(len, found.values()), default=0)):
            row = {key: values[at] for key, values in found.items() if at < len(values)}
            run.log(row, step=at, commit=False)
    if hasattr(model, "cv_results_"):
        log_cv(model)


def _is_news(run: Run, model: Any, what: str, found: Any) -> bool:
    """Whether the run has not been told the same of it already, by itself say."""
    try:
        told = _told.setdefault(model, {})
    except TypeError:  # somebody's own class, which cannot be a key
        return True
    run_id, attempt, before = told.get(what, (None, 0, None))
    told[what] = (run.id, run.attempt, found)
    if (run_id, attempt) != (run.id, run.attempt):
        return True
    return before is not found and (what != "curves" or before != found)


def _rank(key: str) -> int:
    """Where people look first: the parameters, how good they are, then how good in each split."""
    if key.startswith("param_"):
        return 0
    if _is_score(key) or key.startswith("rank_"):
        return 1 if "test" in key else 2
    return 4 if key.endswith("_time") else 3


def _is_score(key: str) -> bool:
    """Whether it is what curves are looked at for: a score, of a split or the mean of all."""
    return key.removeprefix("mean_").startswith(("test_", "train_"))


def _is_logged(key: str) -> bool:
    """Whether numbers of candidates or splits are curves: all but parameters and single splits."""
    return not key.startswith(("param_", "split"))


def _cells(values: Any) -> list[Any]:
    """A column of results: plain values, None where a candidate has no such parameter."""
    masked = numpy.ma.getmaskarray(values) if numpy.ma.isMaskedArray(values) else None
    plain = numpy.asarray(values).tolist()
    return [
        None if masked is not None and masked[at] else setting(value)
        for at, value in enumerate(plain)
    ]


def autolog() -> None:
    """Have every ``fit()`` that a person calls logged, of estimators defined already or later."""
    for estimator in (*_heirs(BaseEstimator), ClusterMixin, OutlierMixin):
        _prepare(estimator)
    known = vars(BaseEstimator).get("__init_subclass__")
    if hasattr(getattr(known, "__func__", None), "_nbtrack"):
        return

    def defined(cls: type, /, **options: Any) -> None:
        if known is not None:
            known.__func__(cls, **options)
        else:
            super(BaseEstimator, cls).__init_subclass__(**options)
        _prepare(cls)

    defined._nbtrack = True  # type: ignore[attr-defined]
    BaseEstimator.__init_subclass__ = classmethod(defined)


def _heirs(kind: type) -> Iterator[type]:
    heirs: list[type] = kind.__subclasses__()
    for heir in heirs:
        yield heir
        yield from _heirs(heir)


def _prepare(estimator: type) -> None:
    if estimator.__module__.partition(".")[0] in _OTHERS:
        return
    for name in _FITS:
        if inspect.isfunction(vars(estimator).get(name)):
            _patching.around("sklearn", estimator, name, _fit)


def _fit(original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    if _is_within():
        return original(*args, **kwargs)
    began = time.perf_counter()
    result = original(*args, **kwargs)
    seconds = time.perf_counter() - began
    guarded("sklearn", _log_fit, original, args, kwargs, seconds)
    return result


def _is_within() -> bool:
    """Whether scikit-learn calls this fit, or another estimator's does: also in a thread."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        if frame.f_code is _fit.__code__:
            return True
        if frame.f_globals.get("__name__", "").partition(".")[0] == "sklearn":
            return True
        frame = frame.f_back
    return False


def _log_fit(original: Callable[..., Any], args: Any, kwargs: Any, seconds: float) -> None:
    model = args[0]
    if not any(hasattr(model, name) for name in ("predict", "fit_predict", "cv_results_")):
        return  # preparing data is no training
    run = _api.current_run()
    _configure(run, config_of(model))
    row = {"fit_time": seconds}
    given = inspect.signature(original).bind(*args, **kwargs).arguments
    x, y = given.get("X"), given.get("y")
    if hasattr(model, "score") and _count(x) <= _MOST_SCORED:
        with suppress(Exception):  # it has none of these data
            row["training_score"] = float(model.score(x, y))
    run.log(row)
    _log_making(run, model)


def _count(x: Any) -> float:
    shape = getattr(x, "shape", None)
    if shape:
        return int(shape[0])
    return len(x) if hasattr(x, "__len__") else float("inf")
