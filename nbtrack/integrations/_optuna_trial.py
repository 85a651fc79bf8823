"""The run of one trial of Optuna: what it is told, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import optuna
from optuna.trial import BaseTrial, FrozenTrial, TrialState

from .._run import Run
from ..store.state import Verdict
from ._optuna_study import value_names, why_no_value
from ._patching import guarded


class Teller:
    """What a trial's run is told of the trial, once each."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._params: set[str] = set()
        self._steps: set[int] = set()
        self._attributes: dict[str, Any] = {}

    def tell(self, trial: BaseTrial) -> None:
        """Its parameters and its attributes."""
        if self._run.finished:
            return
        new = {key: value for key, value in trial.params.items() if key not in self._params}
        self._params.update(new)
        self._run.config.update(new)
        for key, value in trial.user_attrs.items():
            if key not in self._attributes or self._attributes[key] != value:
                self._attributes[key] = value
                self._run.summary[f"user_attrs/{key}"] = value

    def tell_step(self, step: int, value: float) -> None:
        """An intermediate value. Of two for a step Optuna keeps the first."""
        if step not in self._steps and not self._run.finished:
            self._steps.add(step)
            self._run.log({"intermediate_value": float(value)}, step=int(step), commit=False)


tellers: WeakKeyDictionary[Any, Teller] = WeakKeyDictionary()


class TrackedTrial(optuna.Trial):
    """A trial that tells its run at once: what is killed has said what it tried."""

    def suggest_float(self, *args: Any, **kwargs: Any) -> Any:
        return self._told(super().suggest_float(*args, **kwargs))

    def suggest_int(self, *args: Any, **kwargs: Any) -> Any:
        return self._told(super().suggest_int(*args, **kwargs))

    def suggest_categorical(self, *args: Any, **kwargs: Any) -> Any:
        return self._told(super().suggest_categorical(*args, **kwargs))

    def set_user_attr(self, key: str, value: Any) -> None:
        super().set_user_attr(key, value)
        self._told(None)

    def report(self, value: float, step: int) -> None:
        super().report(value, step)
        teller = tellers.get(self)
        if teller is not None:
            guarded("optuna", teller.tell_step, step, value)

    def _told(self, value: Any) -> Any:
        teller = tellers.get(self)
        if teller is not None:
            guarded("optuna", teller.tell, self)
        return value


def close_with(run: Run, study: optuna.Study, values: Any) -> None:
    """End the run of a trial whose objective returned this."""
    reason = why_no_value(study, values)
    if reason is not None:
        run.close("", verdict=Verdict("failed", reason))
        return
    listed = values if isinstance(values, Sequence) else [values]
    for name, value in zip(value_names(study), listed, strict=True):
        run.summary[name] = float(value)
    run.close("the trial is complete")


def close(
    run: Run, teller: Teller, study: optuna.Study, trial: FrozenTrial, state: TrialState
) -> None:
    """End the run of a trial as Optuna knows it."""
    steps = sorted(trial.intermediate_values.items())
    for step, value in steps:
        teller.tell_step(step, value)
    if state == TrialState.COMPLETE:
        close_with(run, study, trial.values)
    elif state == TrialState.PRUNED:
        last = [value for _, value in steps[-1:]]
        if last and why_no_value(study, last) is None:
            run.summary["value"] = last[0]
        where = f"at step {steps[-1][0]}" if steps else "before it reported anything"
        run.close(f"pruned {where}")
    elif state == TrialState.FAIL:
        run.close("", verdict=Verdict("failed", "the trial failed"))
    else:
        run.close("the trial was not told its value in the body of its with statement")
