"""Studies of Optuna, and what is expected of their runs."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import RunView
from tests.integrations.frameworks import framework
from tests.integrations.reading import media_of, rows_of

optuna = framework("optuna")

from optuna.storages import JournalStorage  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

STATES = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "finished", TrialState.FAIL: "failed"}
Frozen = Any
Study = Any


@pytest.fixture
def quiet() -> Iterator[None]:
    """Optuna says nothing."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)


def make_study(**options: Any) -> Study:
    options.setdefault("study_name", "parabola")
    options.setdefault("sampler", optuna.samplers.RandomSampler(seed=1))
    options.setdefault("pruner", optuna.pruners.ThresholdPruner(upper=60))
    return optuna.create_study(**options)


def objective(trial: Any, *, log: bool = True) -> float:
    """Some trials are complete, some pruned, number 3 raises and number 4 gives no number."""
    x = trial.suggest_float("x", -10, 10)
    kind = trial.suggest_categorical("kind", ["round", "flat", None])
    sides = trial.suggest_int("sides", 3, 12, step=3)
    trial.set_user_attr("area", x * sides)
    value = math.inf
    for step in range(0, 6, 2):
        value = x**2 + sides + (kind == "flat") + 10 / (step + 1)
        if log:
            nbtrack.log({"loss": value, "who": trial.number})
        trial.report(value, step)
        if trial.number == 3:
            raise KeyError("three")
        if trial.number != 4 and trial.should_prune():
            raise optuna.TrialPruned
    return math.nan if trial.number == 4 else value


reported = functools.partial(objective, log=False)


def runs_of(study: Study) -> dict[int, RunView]:
    """The runs of the trials of a study, by the trials' numbers."""
    found = [run for run in nbtrack.runs() if run.job_type == "trial"]
    assert {run.group for run in found} <= {study.study_name}
    by_number = {run.config["optuna"]["trial"]: run for run in found}
    assert len(by_number) == len(found)
    return by_number


def expect_as(run: RunView, trial: Frozen, *, also: frozenset[str] = frozenset()) -> None:
    """The run says of its trial what Optuna does."""
    config = run.config
    assert config.pop("optuna") == {"study": run.group, "trial": trial.number}
    assert config == trial.params
    assert (run.state, run.name) == (STATES[trial.state], f"{run.group}-{trial.number}")
    reported = trial.intermediate_values
    assert ("intermediate_value" in run.summary) == bool(reported)
    if reported:
        assert rows_of(run, "intermediate_value") == sorted(reported.items())
    expected = {f"user_attrs/{key}": value for key, value in trial.user_attrs.items()}
    if trial.value is not None:
        expected["value"] = trial.value
    said = {key: run.summary[key] for key in run.summary if key not in also}
    said.pop("intermediate_value", None)
    assert said == expected
    if trial.state == TrialState.PRUNED:
        assert run.reason == f"pruned at step {trial.last_step}"
    if trial.state == TrialState.COMPLETE:
        assert run.reason == "the trial is complete"


def expect_study(run: RunView, study: Study) -> None:
    """The run of the study says what the study does."""
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    assert rows_of(run, "value") == [(trial.number, trial.value) for trial in complete]
    best, bests = math.inf, []
    for trial in complete:
        best = min(best, trial.value)
        bests.append((trial.number, best))
    assert rows_of(run, "best_value") == bests
    states = [trial.state for trial in study.trials]
    for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL):
        assert run.summary[f"trials/{state.name.lower()}"] == states.count(state)
    assert run.summary["best_trial"] == study.best_trial.number
    assert run.summary["best_value"] == study.best_value
    for name, value in study.best_params.items():
        assert run.summary[f"best_params/{name}"] == value
    about = run.config["optuna"]
    assert about["study"] == study.study_name
    assert about["directions"] == ["minimize"]
    assert (about["sampler"], about["pruner"]) == ("RandomSampler", "ThresholdPruner")
    kinds = {k: str(v) for trial in study.trials for k, v in trial.distributions.items()}
    assert about["distributions"] == kinds
    expect_table(run, study)
    importances = optuna.importance.get_param_importances(study)
    bars = media_of(run, "param_importances")
    names = list(bars.get_column("parameter"))
    if importances == optuna.importance.get_param_importances(study):
        assert names == list(importances)
        assert list(bars.get_column("importance")) == list(importances.values())
    else:  # before 5.0 they come from trees, which are others each time
        assert sorted(names) == sorted(importances)


def expect_table(run: RunView, study: Study) -> None:
    table, frame = media_of(run, "trials"), study.trials_dataframe()
    for name in frame.columns:
        if name.startswith(("params_", "user_attrs_", "value")) or name in ("number", "state"):
            told = [None if value != value else value for value in frame[name].tolist()]
            assert list(table.get_column(name)) == told
    seconds = [duration.total_seconds() for duration in frame["duration"]]
    assert list(table.get_column("duration_seconds")) == seconds


def journal(path: Path) -> Any:
    try:
        from optuna.storages.journal import JournalFileBackend
    except ImportError:  # before 4.0
        from optuna.storages import JournalFileStorage as JournalFileBackend
    return JournalStorage(JournalFileBackend(str(path)))
