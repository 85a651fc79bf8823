"""LightGBM: what is read back is what LightGBM itself reports."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nbtrack
from nbtrack import NbtrackWarning
from nbtrack.integrations._boosting import Score, Training
from tests.integrations.boosting import (
    a_number,
    autologging,
    best,
    importance,
    only_run,
    rows,
    shut_workers,
    three_classes,
    told,
    two_classes,
)
from tests.integrations.frameworks import framework

lightgbm: Any = framework("lightgbm")
integration: Any = import_module("nbtrack.integrations.lightgbm")
NbtrackCallback = integration.NbtrackCallback

pytestmark = [
    pytest.mark.usefixtures("store_dir"),
    # From 4.7 on there are eval_X and eval_y, which 4.0 does not know.
    pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated"),
]

BINARY: dict[str, Any] = {
    "objective": "binary",
    "metric": ["auc", "binary_logloss"],
    "verbosity": -1,
    "num_threads": 1,
    "num_leaves": 4,
}


def stops_early(rounds: int) -> Any:
    return lightgbm.early_stopping(rounds, verbose=False)


def train(
    rounds: int = 5, *callbacks: Callable[..., object], **more: Any
) -> tuple[Any, dict[str, Any]]:
    """A booster, and what LightGBM says of each iteration."""
    train_x, val_x, train_y, val_y = two_classes()
    train_set = lightgbm.Dataset(train_x, train_y)
    val_set = lightgbm.Dataset(val_x, val_y, reference=train_set)
    evals: dict[str, Any] = {}
    params = more.pop("params", BINARY)
    arguments = {"valid_sets": [train_set, val_set], "valid_names": ["train", "val"], **more}
    booster = lightgbm.train(
        params,
        train_set,
        rounds,
        callbacks=[lightgbm.record_evaluation(evals), *callbacks],
        **arguments,
    )
    return booster, evals


def gain_of(booster: Any) -> dict[str, float]:
    gain = booster.feature_importance(importance_type="gain")
    return dict(zip(booster.feature_name(), gain, strict=True))


def test_train_with_early_stopping() -> None:
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        booster, evals = train(
            300, callback, stops_early(5), params={**BINARY, "learning_rate": 0.3}
        )
        callback.finish()
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(evals)
    assert len(evals["val"]["auc"]) < 300
    assert view.summary["best_iteration"] == booster.best_iteration
    assert view.summary["best_score"] == {
        f"{data}/{metric}": value
        for data, metrics in booster.best_score.items()
        for metric, value in metrics.items()
    }
    assert best(view, "val/auc") == max(evals["val"]["auc"])
    assert best(view, "val/binary_logloss") == min(evals["val"]["binary_logloss"])
    ranked = sorted(gain_of(booster).items(), key=lambda item: -item[1])
    assert list(importance(view).items()) == ranked[:30]


def test_all_parameters_with_their_defaults() -> None:
    with nbtrack.init() as run:
        train(2, NbtrackCallback(), params={**BINARY, "learning_rate": 0.3, "reg_lambda": 2})
    config = nbtrack.open_run(run.id).config["lightgbm"]
    given = {**BINARY, "learning_rate": 0.3, "reg_lambda": 2, "num_iterations": 2}
    assert {key: config[key] for key in given} == given
    assert (config["lambda_l2"], config["boosting"], config["max_bin"]) == (2, "gbdt", 255)
    assert config["max_delta_step"] == 0


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_estimators(kind: str) -> None:
    train_x, val_x, train_y, val_y = three_classes() if kind == "classifier" else a_number()
    Estimator = {"classifier": lightgbm.LGBMClassifier, "regressor": lightgbm.LGBMRegressor}[kind]
    metrics = {"classifier": ["multi_error", "multi_logloss"], "regressor": ["l1", "l2"]}[kind]
    estimator = Estimator(n_estimators=60, num_leaves=4, n_jobs=1, verbosity=-1)
    callback = NbtrackCallback(importance=2)
    with nbtrack.init() as run:
        estimator.fit(
            train_x,
            train_y,
            eval_set=[(train_x, train_y), (val_x, val_y)],
            eval_metric=metrics,
            callbacks=[stops_early(3), callback],
        )
        callback.finish()
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(estimator.evals_result_)
    names = {f"{data}/{metric}" for data in ("training", "valid_1") for metric in metrics}
    assert names == set(rows(view))
    assert view.summary["best_iteration"] == estimator.best_iteration_
    gain = gain_of(estimator.booster_)
    most = sorted(gain, key=lambda name: -gain[name])[:2]
    assert importance(view) == {name: gain[name] for name in most}


def test_a_model_that_is_trained_on_goes_on_with_its_steps() -> None:
    with nbtrack.init() as run:
        first, before = train(3, NbtrackCallback())
        _, after = train(4, NbtrackCallback(), init_model=first)
    goes_on = told(after, first=3)
    assert rows(nbtrack.open_run(run.id)) == {
        name: values + goes_on[name] for name, values in told(before).items()
    }


@pytest.mark.parametrize("early", [False, True])
def test_cross_validation(early: bool) -> None:
    train_x, _, train_y, _ = two_classes()
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        found = lightgbm.cv(
            {**BINARY, "learning_rate": 0.9},
            lightgbm.Dataset(train_x, train_y),
            40 if early else 6,
            nfold=3,
            callbacks=[callback, *([stops_early(2)] if early else [])],
            eval_train_metric=True,
        )
        callback.finish()
    view = nbtrack.open_run(run.id)
    assert {column.replace(" ", "/"): len(values) for column, values in found.items()}.keys() == (
        rows(view).keys()
    )
    for column, values in found.items():
        assert rows(view)[column.replace(" ", "/")][: len(values)] == list(enumerate(values))
    last = len(found["valid auc-mean"]) if early else None
    assert view.summary.get("best_iteration") == last
    assert not view.media()


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_what_ends_in_the_middle_keeps_its_rows(error: type[BaseException]) -> None:
    def breaks(env: Any) -> None:
        if env.iteration == 3:
            raise error

    with pytest.raises(error), nbtrack.init() as run:
        train(9, NbtrackCallback(), breaks)
    _, evals = train(9)
    view = nbtrack.open_run(run.id)
    ended = "interrupted" if error is KeyboardInterrupt else "failed"
    assert [attempt.state for attempt in view.attempts] == [ended]
    # A callback without an order of its own comes before those that have one.
    assert rows(view) == told(evals, upto=3)


def test_a_metric_of_ones_own_and_no_data_to_look_at() -> None:
    def wrong(predicted: Any, data: Any) -> tuple[str, float, bool]:
        return "wrong", float(((predicted > 0.5) != data.get_label()).sum()), False

    blind = NbtrackCallback(prefix="blind")
    with nbtrack.init() as run:
        _, evals = train(3, NbtrackCallback(), feval=wrong)
        train(3, blind, valid_sets=None, valid_names=None)
        blind.finish()
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(evals)
    assert "val/wrong" in rows(view)
    assert importance(view, "blind/feature_importance")
    assert view.config["blind/lightgbm"]["objective"] == "binary"


def test_a_second_training_of_an_attempt_has_names_of_its_own() -> None:
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        _, first = train(3, callback)
        callback.finish()
        callback.finish()
        _, second = train(4, callback, stops_early(3), params={**BINARY, "learning_rate": 0.9})
        callback.finish()
    view = nbtrack.open_run(run.id)
    seconds = {f"{name}-2": values for name, values in told(second).items()}
    assert rows(view) == {**told(first), **seconds}
    assert view.config["lightgbm-2"] == {"learning_rate": 0.9, "num_iterations": 4}
    assert view.summary["best_iteration-2"] > 0
    assert "best_iteration" not in view.summary
    assert importance(view) != importance(view, "feature_importance-2")


def test_two_frameworks_in_one_cell_share_no_names_and_each_has_its_config() -> None:
    with nbtrack.init() as run:
        other = Training("xgboost", "", first_step=0)
        other.config({"eta": 0.1})
        other.row(0, [Score("val/auc", 0.5)])
        first, before = train(2, NbtrackCallback())
        _, after = train(2, NbtrackCallback(), init_model=first)
    view = nbtrack.open_run(run.id)
    goes_on = told(after, first=2)
    assert rows(view) == {
        "val/auc": [(0, 0.5)],
        **{f"{name}-2": values + goes_on[name] for name, values in told(before).items()},
    }
    assert view.config["xgboost"] == {"eta": 0.1}
    assert view.config["lightgbm"]["objective"] == "binary"
    assert list(view.config) == ["xgboost", "lightgbm"]


def test_the_model_is_an_artifact_if_asked_for(tmp_path: Path) -> None:
    _, val_x, _, _ = two_classes()
    callback = NbtrackCallback(log_model=True)
    with nbtrack.init() as run:
        booster, _ = train(3, callback)
        callback.finish()
    assert [use.name for use in nbtrack.open_run(run.id).artifacts] == ["lightgbm-model"]
    folder = nbtrack.open_artifact("lightgbm-model").download(tmp_path / "model")
    again = lightgbm.Booster(model_file=Path(folder) / "model.txt")
    assert (again.predict(val_x) == booster.predict(val_x)).all()


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda callback: pickle.loads(pickle.dumps(callback))],
    ids=["deepcopy", "pickle"],
)
def test_a_callback_can_be_copied_whatever_it_has_seen(duplicate: Any) -> None:
    callback = NbtrackCallback("a")
    with nbtrack.init() as run:
        train(3, callback)
        again = duplicate(callback)
        _, evals = train(3, again)
    expected = {f"a/{name}": values for name, values in told(evals).items()}
    assert rows(nbtrack.open_run(run.id)) == {
        **expected,
        **{f"{name}-2": values for name, values in expected.items()},
    }


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.full)])
def test_of_a_search_the_best_alone_is_logged(jobs: int) -> None:
    train_x, val_x, train_y, val_y = two_classes()
    search = GridSearchCV(
        lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbosity=-1),
        {"num_leaves": [3, 4]},
        n_jobs=jobs,
        cv=2,
    )
    with autologging("lightgbm"), nbtrack.init() as run:
        cross_val_score(search.estimator, train_x, train_y, cv=2)
        search.fit(train_x, train_y, eval_set=[(val_x, val_y)], callbacks=[NbtrackCallback()])
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(search.best_estimator_.evals_result_)
    assert view.config["lightgbm"]["num_leaves"] == search.best_params_["num_leaves"]
    assert list(view.config) == ["lightgbm"]
    if jobs > 1:
        shut_workers()


def test_autolog_logs_what_nobody_asked_for_and_nothing_twice() -> None:
    train_x, _, train_y, _ = two_classes()
    with autologging("lightgbm"):
        _, evals = train(4)
        train(2, NbtrackCallback("mine"))
        lightgbm.cv(BINARY, lightgbm.Dataset(train_x, train_y), 2, nfold=2)
        classifier = lightgbm.LGBMClassifier(n_estimators=2, n_jobs=1, verbosity=-1)
        make_pipeline(StandardScaler(), classifier).fit(train_x, train_y)
        nbtrack.finish()
    train(2)
    view = only_run()
    names = set(rows(view))
    assert {name: values for name, values in rows(view).items() if name in told(evals)} == (
        told(evals)
    )
    assert view.config["lightgbm"]["num_iterations"] == 4
    assert {name for name in names if name.startswith("mine/")} == {
        f"mine/{data}/{metric}" for data in ("train", "val") for metric in BINARY["metric"]
    }
    assert "valid/auc-mean-2" in names
    assert importance(view)
    assert importance(view, "mine/feature_importance")
    assert importance(view, "feature_importance-3")


def test_a_fault_of_ours_is_a_warning_and_the_training_goes_on() -> None:
    def ends(env: Any) -> None:
        if env.iteration == 2:
            nbtrack.finish()

    run = nbtrack.init()
    with pytest.warns(NbtrackWarning, match="could not log what lightgbm did") as warned:
        booster, evals = train(5, NbtrackCallback(), ends)
    assert len(warned) == 1
    assert booster.num_trees() == 5
    assert rows(nbtrack.open_run(run.id)) == told(evals, upto=2)
