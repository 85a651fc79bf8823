"""Optuna: what is read back is what the study itself says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import NbtrackWarning, _current
from nbtrack.integrations import _patching
from tests.integrations.frameworks import framework
from tests.integrations.reading import media_of, rows_of

optuna = framework("optuna")

from optuna.trial import TrialState  # noqa: E402

from nbtrack.integrations import optuna as ours  # noqa: E402
from nbtrack.integrations.optuna import NbtrackCallback  # noqa: E402
from tests.integrations.studies import (  # noqa: E402
    STATES,
    expect_as,
    expect_study,
    expect_table,
    make_study,
    objective,
    reported,
    runs_of,
)
from tests.integrations.studies import quiet as quiet  # noqa: E402

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def optimizes(monkeypatch: pytest.MonkeyPatch, logging: set[str]) -> None:
    """``Study.optimize`` records by itself, until the test ends."""
    monkeypatch.setattr(optuna.Study, "optimize", optuna.Study.optimize)
    logging.add("optuna")
    ours.autolog()


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_trial_is_a_run_with_what_optuna_knows_of_it(own_process: None, jobs: int) -> None:
    study, callback = make_study(), NbtrackCallback(tags=["sweep"])
    around = nbtrack.init(project="shapes", allow_val_change=False)
    study.optimize(
        callback.track(objective), n_trials=16, n_jobs=jobs, catch=KeyError, callbacks=[callback]
    )
    assert nbtrack.run is around
    assert not _current._own
    around.finish()
    runs = runs_of(study)
    assert set(runs) == set(range(16))
    assert len({trial.state for trial in study.trials}) == 3
    for trial in study.trials:
        run = runs[trial.number]
        expect_as(run, trial, also=frozenset({"loss", "who"}))
        assert run.project == "shapes"
        assert run.tags == ["sweep"]
        assert {value for _, value in rows_of(run, "who")} == {trial.number}
        assert rows_of(run, "loss") == [
            (at, value) for at, (_, value) in enumerate(rows_of(run, "intermediate_value"))
        ]
    assert runs[3].state == "failed"
    assert runs[3].exception is not None
    assert runs[3].exception["type"] == "KeyError"
    assert runs[4].reason == "the objective returned nan, which is no value"
    view = nbtrack.open_run(around.id)
    assert "loss" not in view.summary
    if jobs == 1:
        expect_study(view, study)
    else:
        expect_table(view, study)


def test_the_callback_alone_makes_a_run_of_what_optuna_kept(own_process: None) -> None:
    study = make_study()
    study.optimize(reported, n_trials=12, catch=KeyError, callbacks=[NbtrackCallback()])
    around = nbtrack.run
    assert around is not None
    assert (around.name, around.group, around.job_type) == ("parabola", "parabola", "study")
    around.finish()
    runs = runs_of(study)
    assert set(runs) == set(range(12))
    for trial in study.trials:
        expect_as(runs[trial.number], trial)
    assert runs[4].reason == "the trial failed"
    view = nbtrack.open_run(around.id)
    expect_study(view, study)


def test_only_the_study_if_no_runs_of_trials_are_wanted(own_process: None) -> None:
    study = make_study()
    callback = NbtrackCallback(trials=False, figures=False, group="shapes")
    study.optimize(reported, n_trials=3, callbacks=[callback])
    nbtrack.finish()
    (run,) = nbtrack.runs()
    assert run.group == "shapes"
    assert {item.key for item in run.media()} == {"trials", "param_importances"}


@pytest.mark.parametrize(
    "returned",
    [None, math.nan, "nothing", [1.0], (2.0, 3.0), [], math.inf, True, {"value": 1.0}],
    ids=repr,
)
def test_what_optuna_takes_for_failed_is_failed(own_process: None, returned: Any) -> None:
    study, callback = make_study(), NbtrackCallback()
    study.optimize(callback.track(lambda trial: returned), n_trials=1, callbacks=[callback])
    nbtrack.finish()
    (run,), (trial,) = runs_of(study).values(), study.trials
    assert run.state == STATES[trial.state]
    assert run.summary.get("value") == trial.value


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # names of metrics
def test_several_objectives_have_a_value_each_and_a_front(own_process: None) -> None:
    study = make_study(directions=["minimize", "maximize"], pruner=None)
    study.set_metric_names(["loss", "speed"])
    callback = NbtrackCallback()

    def several(trial: Any) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return x + y, x * y + x

    study.optimize(callback.track(several), n_trials=12, callbacks=[callback])
    around = nbtrack.run
    nbtrack.finish()
    for number, run in runs_of(study).items():
        loss, speed = study.trials[number].values
        assert run.summary == {"values/loss": loss, "values/speed": speed}
    assert around is not None
    view = nbtrack.open_run(around.id)
    for at, name in enumerate(["loss", "speed"]):
        told = [(trial.number, trial.values[at]) for trial in study.trials]
        assert rows_of(view, f"values/{name}") == told
    best = {trial.number: trial.values for trial in study.best_trials}
    assert sorted(view.summary["pareto_trials"]) == sorted(best)
    front = media_of(view, "pareto_front")
    assert {row[2]: row[:2] for row in front.data} == best
    expect_table(view, study)
    assert {"param_importances/loss", "param_importances/speed"} <= {m.key for m in view.media()}


def test_a_trial_that_is_asked_for_by_hand(own_process: None) -> None:
    study, callback = make_study(), NbtrackCallback()
    for how in ("value", "pruned", "failed", "untold", "raised"):
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        with pytest.MonkeyPatch.context(), _suppressed():
            with callback.trial(trial) as run:
                assert nbtrack.run is run
                nbtrack.log({"loss": 0.5})
                trial.report(0.5, 7)
                if how == "value":
                    callback(study, study.tell(trial, 0.25))
                elif how == "pruned":
                    callback(study, study.tell(trial, state=TrialState.PRUNED))
                elif how == "failed":
                    callback(study, study.tell(trial, state=TrialState.FAIL))
                elif how == "raised":
                    raise optuna.TrialPruned
            assert type(trial) is optuna.Trial
    nbtrack.finish()
    runs = runs_of(study)
    told = {number: (run.state, run.reason) for number, run in runs.items()}
    assert told == {
        0: ("finished", "the trial is complete"),
        1: ("finished", "pruned at step 7"),
        2: ("failed", "the trial failed"),
        3: ("finished", "the trial was not told its value in the body of its with statement"),
        4: ("finished", "pruned at step 7"),
    }
    for number in range(3):
        expect_as(runs[number], study.trials[number], also=frozenset({"loss"}))


class _suppressed:
    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        return isinstance(error, optuna.TrialPruned)


def test_without_a_line_more(own_process: None, optimizes: None) -> None:
    study = make_study()
    study.optimize(objective, 8, 100.0, catch=(KeyError,))
    around = nbtrack.run
    assert around is not None
    with pytest.raises(ZeroDivisionError):
        study.optimize(lambda trial: 1 / 0, n_trials=1)
    nbtrack.finish()
    runs = runs_of(study)
    assert set(runs) == set(range(9))
    for trial in study.trials:
        expect_as(runs[trial.number], trial, also=frozenset({"loss", "who"}))
    assert runs[8].reason.endswith("ZeroDivisionError was raised")
    expect_study(nbtrack.open_run(around.id), study)


def test_without_a_line_more_nothing_is_recorded_twice(own_process: None, optimizes: None) -> None:
    study, callback = make_study(), NbtrackCallback()
    study.optimize(callback.track(objective), n_trials=2, callbacks=[callback])
    study.optimize(objective, n_trials=1, callbacks=[callback])
    study.optimize(callback.track(lambda trial: 1.0), n_trials=1)
    nbtrack.finish()
    assert len(runs_of(study)) == 4
    _patching.logging.clear()
    study.optimize(lambda trial: 1.0, n_trials=1)
    assert nbtrack.run is None


def test_what_cannot_be_recorded_is_a_warning_and_the_study_goes_on(
    own_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NBTRACK_DIR", str(tmp_path / "file" / "store"))
    study, callback = make_study(), NbtrackCallback()
    with pytest.warns(NbtrackWarning, match="could not log what optuna did"):
        study.optimize(callback.track(lambda trial: 2.0), n_trials=2, callbacks=[callback])
    assert [trial.value for trial in study.trials] == [2.0, 2.0]


def test_disabled_records_nothing(
    own_process: None, store_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBTRACK_MODE", "disabled")
    study, callback = make_study(), NbtrackCallback()
    study.optimize(
        callback.track(objective), n_trials=8, n_jobs=2, callbacks=[callback], catch=KeyError
    )
    nbtrack.finish()
    assert len(study.trials) == 8
    assert not store_dir.exists()
