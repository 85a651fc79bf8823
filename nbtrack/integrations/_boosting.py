"""What the integrations of gradient boosting share: names, and what a training leaves at its end.

Each has a callback of its own, made of :class:`Boosting`, which the framework calls. What fails in
it is a warning, after which that training logs nothing more.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple, TypeAlias

from .. import plot
from .._api import current_run
from .._configs import plain_config
from .._run import Run
from ..record.artifacts import Artifact
from ..record.media import Table
from . import _patching

Goal: TypeAlias = Literal["minimize", "maximize"]

# All of scikit-learn that trains parts of something bigger calls them through this module.
_PARTS = "sklearn.utils.parallel"

# The trainings with a prefix that an attempt of a run has had: the framework of each.
_trainings: dict[tuple[str, int, str], tuple[str, ...]] = {}


class Score(NamedTuple):
    """What a metric is after an iteration.

    Attributes:
        name: ``data set/metric``.
        value: The number.
        goal: Which values are better; None if nobody knows.
    """

    name: str
    value: float
    goal: Goal | None = None


class Boosting:
    """What a callback of a framework of gradient boosting does, in the words of none of them.

    Copies and pickles hold the options, and nothing of a training: estimators are cloned with
    their callbacks.

    Args:
        framework: Its key in :data:`~nbtrack.integrations.FRAMEWORKS`.
        prefix: Stands before all names.
        importance: How many features the chart of their importance has at most; 0: no chart.
        log_model: Whether the model becomes an artifact; a string: of this name.
    """

    def __init__(self, framework: str, prefix: str, importance: int, log_model: bool | str) -> None:
        self._framework = framework
        self._prefix = f"{prefix}/" if prefix else ""
        self._importance = importance
        self._artifact = f"{framework}-model" if log_model is True else log_model or None
        self._training: Training | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_training": None}

    def _safely(self, ours: Callable[..., Any], *args: Any) -> None:
        """Call it, unless something failed before in this training."""
        if _patching.guarded(self._framework, _done, ours, *args) is None:
            self._training = None

    def _begin(self, first_step: int) -> None:
        """A training begins; from ``first_step`` on if it goes on with a model."""
        self._training = None
        if not is_part():
            self._training = Training(self._framework, self._prefix, first_step)


class Training:
    """One training, as the run that is current at its beginning records it.

    A second one of an attempt has names of its own, which end in ``-2``: two curves, not one that
    runs back and forth. What goes on with a model goes on with its names.
    """

    def __init__(self, framework: str, prefix: str, first_step: int) -> None:
        self.framework = framework
        self.first_step = first_step
        self.step = first_step
        self.rows = 0
        self._prefix = prefix
        self._run: Run = current_run()
        before = _trainings.get(self._place, ())
        goes_on = first_step > 0 and framework in before
        self._so_far = before if goes_on else (*before, framework)
        number = max(at for at, name in enumerate(self._so_far, 1) if name == framework)
        self._suffix = f"-{number}" if number > 1 else ""
        self._is_first = self._so_far.index(framework) == number - 1
        self._defined: set[str] = set()

    @property
    def _place(self) -> tuple[str, int, str]:
        return self._run.id, self._run.attempt, self._prefix

    def name(self, name: str) -> str:
        """What something is called in the run."""
        return f"{self._prefix}{name}{self._suffix}"

    def config(self, told: Mapping[str, Any]) -> None:
        """The parameters; of a framework's second training in an attempt, what is different."""
        values = plain_config({key: _plain(value) for key, value in told.items()})
        name = self._prefix + self.framework
        if not self._is_first:
            first = self._run.config.get(name) or {}
            values = {k: v for k, v in values.items() if k not in first or first[k] != v}
            name += self._suffix
        if values:
            self._run.config.update({name: values}, allow_val_change=True)

    def row(self, step: int, scores: Iterable[Score]) -> None:
        """The metrics after an iteration."""
        self.step = step
        self.rows += 1
        row = {}
        for score in scores:
            name = self.name(score.name)
            row[name] = float(score.value)
            if name not in self._defined:
                self._defined.add(name)
                if score.goal is not None:
                    self._run.define_metric(name, goal=score.goal)
        if row:
            self._log(row)

    def best(self, iteration: int, score: Any) -> None:
        """What the framework found to be the best iteration, and the score there if it says so."""
        self._run.summary[self.name("best_iteration")] = iteration
        if score is not None:
            self._run.summary[self.name("best_score")] = score

    def importance(self, kind: str, features: Mapping[str, float], most: int) -> None:
        """Draw how much the features contribute, those that do most first."""
        if not features or most <= 0:
            return
        ranked = sorted(features.items(), key=lambda item: -item[1])[:most]
        some = f", {most} of {len(features)} features" if len(features) > most else ""
        table = Table(["feature", "importance"], [[name, float(value)] for name, value in ranked])
        chart = plot.bar(table, "feature", "importance", f"Feature importance ({kind}{some})")
        self._log({self.name("feature_importance"): chart})

    def model(self, artifact: str, file: str, save: Callable[[str], Any]) -> None:
        """Record the model as a version of an artifact."""
        version = Artifact(artifact, type="model", metadata={"framework": self.framework})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file
            save(str(path))
            version.add_file(path, name=file)
        self._run.log_artifact(version)

    def _log(self, row: dict[str, Any]) -> None:
        self._run.log(row, step=self.step)
        # The first row of a cell opens its attempt, so this is when it is known.
        _trainings[self._place] = self._so_far


def is_part() -> bool:
    """Whether scikit-learn trains here: a fold, a candidate of a search, a member of an ensemble.

    Many of them are trained, often in other processes, and their rows would be one tangle.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == _PARTS:
            return True
        frame = frame.f_back
    return False


def flat(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """``{data set: {metric: value}}`` with the names that the rows have."""
    return {
        f"{data}/{metric}": float(value)
        for data, metrics in scores.items()
        for metric, value in metrics.items()
    }


def _done(ours: Callable[..., Any], *args: Any) -> bool:
    ours(*args)
    return True


def _plain(value: Any) -> Any:
    """A function of the person's by its name: its address would be another in every run."""
    return getattr(value, "__name__", value) if callable(value) else value
