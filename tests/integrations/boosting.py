"""What the tests of the frameworks of gradient boosting share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import train_test_split

import nbtrack
from nbtrack import RunView
from nbtrack.integrations import _patching

Values = list[tuple[int, float]]


def two_classes() -> Any:
    """``train_x, val_x, train_y, val_y``."""
    return train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)


def three_classes() -> Any:
    """``train_x, val_x, train_y, val_y``."""
    return train_test_split(*load_iris(return_X_y=True), random_state=0)


def a_number() -> Any:
    """``train_x, val_x, train_y, val_y``."""
    return train_test_split(*load_diabetes(return_X_y=True), random_state=0)


@contextlib.contextmanager
def autologging(framework: str) -> Iterator[None]:
    """The framework logs by itself, and not after it."""
    before = set(_patching.logging)
    nbtrack.autolog(framework)
    try:
        yield
    finally:
        _patching.logging.clear()
        _patching.logging.update(before)


def rows(run: RunView) -> dict[str, Values]:
    """Every metric of a run: its steps and values, in the order in which they were logged."""
    found: dict[str, Values] = {}
    for name in run.history().column_names:
        if name not in ("attempt", "step"):
            table = run.history(name).to_pandas().sort_values("time", kind="stable")
            found[name] = list(zip(table["step"], table["value"], strict=True))
    return found


def told(evals: Any, first: int = 0, upto: int | None = None) -> dict[str, Values]:
    """What a framework tells, ``{data: {metric: values}}``, as :func:`rows` gives it."""
    return {
        f"{data}/{metric}": list(enumerate(map(float, values[:upto]), first))
        for data, metrics in evals.items()
        for metric, values in metrics.items()
    }


def best(run: RunView, name: str) -> float:
    """The best value of a metric, as the run was told what is better."""
    found = run.aggregates(name)
    assert found is not None
    assert found.best is not None
    return float(found.best.value)


def importance(run: RunView, name: str = "feature_importance") -> dict[str, float]:
    """The chart of a run, read back, in its order."""
    (item,) = run.media(name)
    table = item.read()
    assert table.columns == ["feature", "importance"]
    return dict(table.data)


def only_run() -> RunView:
    """The one run of the store."""
    (run,) = nbtrack.runs()
    return run


def shut_workers() -> None:
    """End the processes that joblib keeps for later."""
    loky = import_module("joblib.externals.loky")  # scikit-learn brings joblib
    loky.get_reusable_executor().shutdown(wait=True)
