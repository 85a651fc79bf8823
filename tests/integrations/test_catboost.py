"""CatBoost: what is read back is what CatBoost itself reports."""

from __future__ import annotations

import copy
import os
import pickle
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nbtrack
from nbtrack import NbtrackWarning
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

catboost: Any = framework("catboost")
integration: Any = import_module("nbtrack.integrations.catboost")
NbtrackCallback = integration.NbtrackCallback

pytestmark = pytest.mark.usefixtures("store_dir")

QUIET = {"verbose": False, "allow_writing_files": False, "thread_count": 1, "depth": 3}


class Breaks:
    """Does something at an iteration."""

    def __init__(self, at: int, error: BaseException | None = None) -> None:
        self._at = at
        self._error = error

    def after_iteration(self, info: Any) -> bool:
        if info.iteration == self._at and self._error is not None:
            raise self._error
        return bool(info.iteration != self._at)


def train(rounds: int = 5, *callbacks: Any, **more: Any) -> Any:
    """A model that was trained."""
    train_x, val_x, train_y, val_y = two_classes()
    params = {**QUIET, "custom_metric": ["AUC"], **more.pop("params", {})}
    arguments = {"eval_set": [(val_x[:70], val_y[:70]), (val_x[70:], val_y[70:])], **more}
    model = catboost.CatBoostClassifier(iterations=rounds, **params)
    return model.fit(train_x, train_y, callbacks=list(callbacks) or None, **arguments)


def test_fit_with_early_stopping() -> None:
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        model = train(
            300,
            callback,
            params={"learning_rate": 0.9, "eval_metric": "AUC"},
            early_stopping_rounds=5,
        )
        callback.finish(model)
    view = nbtrack.open_run(run.id)
    evals = model.get_evals_result()
    assert rows(view) == told(evals)
    assert len(evals["validation_0"]["AUC"]) < 300
    assert view.summary["best_iteration"] == model.get_best_iteration()
    assert view.summary["best_score"] == {
        f"{data}/{metric}": value
        for data, metrics in model.get_best_score().items()
        for metric, value in metrics.items()
    }
    assert best(view, "validation_0/AUC") == max(evals["validation_0"]["AUC"])
    assert best(view, "learn/Logloss") == min(evals["learn"]["Logloss"])
    features = dict(zip(model.feature_names_, model.feature_importances_, strict=True))
    assert importance(view) == features
    assert list(importance(view)) == sorted(features, key=lambda name: -features[name])


def test_all_parameters_with_their_defaults() -> None:
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        model = train(2, callback, params={"learning_rate": 0.3})
        callback.finish(model)
    config = nbtrack.open_run(run.id).config["catboost"]
    assert config["learning_rate"] == 0.3
    everything = model.get_all_params()
    del everything["pool_metainfo_options"]
    assert config == {**everything, **model.get_params()}
    assert "bootstrap_type" in config


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_estimators(kind: str) -> None:
    train_x, val_x, train_y, val_y = three_classes() if kind == "classifier" else a_number()
    Estimator = {
        "classifier": catboost.CatBoostClassifier,
        "regressor": catboost.CatBoostRegressor,
    }[kind]
    metrics = {"classifier": {"MultiClass", "Accuracy"}, "regressor": {"RMSE", "MAE"}}[kind]
    model = Estimator(
        iterations=20, custom_metric=["Accuracy" if kind == "classifier" else "MAE"], **QUIET
    )
    callback = NbtrackCallback(importance=2)
    with nbtrack.init() as run:
        model.fit(train_x, train_y, eval_set=(val_x, val_y), callbacks=[callback])
        callback.finish(model)
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(model.get_evals_result())
    names = {f"{data}/{metric}" for data in ("learn", "validation") for metric in metrics}
    assert set(rows(view)) == names
    assert view.summary["best_iteration"] == model.get_best_iteration()
    features = dict(zip(model.feature_names_, model.feature_importances_, strict=True))
    most = sorted(features, key=lambda name: -features[name])[:2]
    assert importance(view) == {name: features[name] for name in most}


def test_a_ranking_has_no_importance_unless_it_is_asked_for() -> None:
    train_x, _, train_y, _ = a_number()
    groups = [at // 10 for at in range(len(train_y))]
    model = catboost.CatBoostRanker(loss_function="YetiRank", iterations=3, **QUIET)
    with autologging("catboost"), nbtrack.init() as run:
        model.fit(train_x, train_y / train_y.max(), group_id=groups)
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(model.get_evals_result())
    assert view.config["catboost"]["loss_function"] == "YetiRank"
    assert not view.media()


def test_a_metric_that_is_computed_now_and_then_has_the_steps_of_those_iterations() -> None:
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        model = train(12, callback, metric_period=5)
        callback.finish(model)
    assert rows(nbtrack.open_run(run.id)) == {
        name: [(step, value) for step, (_, value) in zip((0, 5, 10, 11), values, strict=True)]
        for name, values in told(model.get_evals_result()).items()
    }


@pytest.mark.parametrize("saved", [False, True])
def test_a_model_that_is_trained_on_goes_on_with_its_steps(saved: bool, tmp_path: Path) -> None:
    params = {"learning_rate": 0.1, "use_best_model": False}
    with autologging("catboost"), nbtrack.init() as run:
        first = train(3, params=params)
        first.save_model(str(tmp_path / "first.cbm"))
        second = train(4, params=params, init_model=str(tmp_path / "first.cbm") if saved else first)
    goes_on = told(second.get_evals_result(), first=3)
    assert rows(nbtrack.open_run(run.id)) == {
        name: values + goes_on[name] for name, values in told(first.get_evals_result()).items()
    }


@pytest.mark.parametrize("as_pandas", [True, False])
def test_cross_validation(as_pandas: bool) -> None:
    train_x, _, train_y, _ = two_classes()
    params = {**QUIET, "loss_function": "Logloss", "custom_metric": ["AUC"], "iterations": 4}
    del params["verbose"]
    with autologging("catboost"), nbtrack.init() as run:
        found = catboost.cv(
            catboost.Pool(train_x, train_y),
            params,
            fold_count=3,
            as_pandas=as_pandas,
            logging_level="Silent",
        )
    view = nbtrack.open_run(run.id)
    columns = {name: list(values) for name, values in dict(found).items()}
    steps = columns.pop("iterations")
    assert rows(view) == {
        name.replace("-", "/", 1): list(zip(steps, values, strict=True))
        for name, values in columns.items()
    }
    assert "test/AUC-mean" in rows(view)
    config = view.config["catboost"]
    assert (config["loss_function"], config["fold_count"]) == ("Logloss", 3)


def test_what_ends_in_the_middle_keeps_its_rows() -> None:
    with pytest.raises((catboost.CatBoostError, SystemError)), nbtrack.init() as run:
        train(9, NbtrackCallback(), Breaks(3, ZeroDivisionError("by a callback")))
    view = nbtrack.open_run(run.id)
    assert view.state == "failed"
    found = rows(view)
    evals = told(train(9, params={"learning_rate": 0.1}).get_evals_result())
    assert found.keys() == evals.keys()
    assert {len(values) for values in found.values()} >= {3}


def test_the_iteration_at_which_another_callback_ends_it_is_there() -> None:
    with autologging("catboost"), nbtrack.init() as run:
        model = train(9, Breaks(4))
        callback = NbtrackCallback("late")
        behind = train(9, Breaks(4), callback)
    found = rows(nbtrack.open_run(run.id))
    evals = told(model.get_evals_result())
    late = told(behind.get_evals_result())
    assert {len(values) for values in evals.values()} == {4}
    assert found == {**evals, **{f"late/{name}": values for name, values in late.items()}}


def test_an_interrupt_is_one_with_a_callback_too() -> None:
    class Presses:
        def after_iteration(self, info: Any) -> bool:
            if info.iteration == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return True

    with pytest.raises(KeyboardInterrupt), autologging("catboost"), nbtrack.init() as run:
        train(500, Presses())
    view = nbtrack.open_run(run.id)
    assert [attempt.state for attempt in view.attempts] == ["interrupted"]
    assert len(rows(view)["learn/Logloss"]) >= 3


def test_a_second_training_of_an_attempt_has_names_of_its_own() -> None:
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        first = train(3, callback, params={"learning_rate": 0.1})
        callback.finish(first)
        callback.finish(first)
        second = train(3, callback, params={"learning_rate": 0.9})
        callback.finish(second)
    view = nbtrack.open_run(run.id)
    seconds = told(second.get_evals_result())
    assert rows(view) == {
        **told(first.get_evals_result()),
        **{f"{name}-2": values for name, values in seconds.items()},
    }
    assert view.config["catboost-2"] == {"learning_rate": 0.9}
    assert view.summary["best_iteration-2"] == second.get_best_iteration()
    assert importance(view) != importance(view, "feature_importance-2")


def test_the_model_is_an_artifact_if_asked_for(tmp_path: Path) -> None:
    _, val_x, _, _ = two_classes()
    callback = NbtrackCallback(log_model=True)
    with nbtrack.init() as run:
        model = train(3, callback)
        callback.finish(model)
    assert [use.name for use in nbtrack.open_run(run.id).artifacts] == ["catboost-model"]
    folder = nbtrack.open_artifact("catboost-model").download(tmp_path / "model")
    again = catboost.CatBoostClassifier().load_model(str(Path(folder) / "model.cbm"))
    assert (again.predict_proba(val_x) == model.predict_proba(val_x)).all()


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda callback: pickle.loads(pickle.dumps(callback))],
    ids=["deepcopy", "pickle"],
)
def test_a_callback_can_be_copied_whatever_it_has_seen(duplicate: Any) -> None:
    callback = NbtrackCallback("a")
    with nbtrack.init() as run:
        train(3, callback)
        evals = told(train(3, duplicate(callback)).get_evals_result())
    expected = {f"a/{name}": values for name, values in evals.items()}
    assert rows(nbtrack.open_run(run.id)) == {
        **expected,
        **{f"{name}-2": values for name, values in expected.items()},
    }


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.full)])
def test_of_a_search_the_best_alone_is_logged(jobs: int) -> None:
    train_x, val_x, train_y, val_y = two_classes()
    search = GridSearchCV(
        catboost.CatBoostClassifier(iterations=3, **QUIET), {"depth": [1, 2]}, n_jobs=jobs, cv=2
    )
    with autologging("catboost"), nbtrack.init() as run:
        cross_val_score(search.estimator, train_x, train_y, cv=2)
        search.fit(train_x, train_y, eval_set=(val_x, val_y), callbacks=[NbtrackCallback()])
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(search.best_estimator_.get_evals_result())
    assert view.config["catboost"]["depth"] == search.best_params_["depth"]
    assert list(view.config) == ["catboost"]
    if jobs > 1:
        shut_workers()


def test_autolog_logs_what_nobody_asked_for_and_nothing_twice() -> None:
    train_x, _, train_y, _ = two_classes()
    with autologging("catboost"):
        model = train(4, early_stopping_rounds=3)
        train(2, NbtrackCallback("mine"))
        classifier = catboost.CatBoostClassifier(iterations=2, **QUIET)
        make_pipeline(StandardScaler(), classifier).fit(train_x, train_y)
        plain = catboost.train(
            catboost.Pool(train_x, train_y), {**QUIET, "loss_function": "Logloss"}, iterations=3
        )
        nbtrack.finish()
    train(2)
    view = only_run()
    found = rows(view)
    evals = told(model.get_evals_result())
    assert {name: found[name] for name in evals} == evals
    assert view.config["catboost"]["early_stopping_rounds"] == 3
    assert {name for name in found if name.startswith("mine/")} == {f"mine/{n}" for n in evals}
    assert found["learn/Logloss-3"] == told(plain.get_evals_result())["learn/Logloss"]
    assert importance(view, "mine/feature_importance")
    assert importance(view, "feature_importance-2")


@pytest.mark.parametrize("early", [False, True])
def test_where_no_callback_is_called_it_is_logged_afterwards(
    early: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a GPU, which CatBoost trains on without callbacks; here the rest of it runs on a CPU.
    monkeypatch.setattr(integration, "_is_on_gpu", lambda model: True)
    arguments: dict[str, Any] = {"metric_period": 5, "use_best_model": False}
    if early:
        arguments["early_stopping_rounds"] = 30
    callback = NbtrackCallback("called")
    with nbtrack.init() as run:
        with autologging("catboost"):
            model = train(12, **arguments)
        callback.finish(train(12, callback, **arguments))
    view = nbtrack.open_run(run.id)
    found = rows(view)
    afterwards = {name: found[name] for name in told(model.get_evals_result())}
    assert afterwards == {name: found[f"called/{name}"] for name in afterwards}
    assert [step for step, _ in found["learn/Logloss"]] == [0, 5, 10, 11]
    assert len(found["validation_1/Logloss"]) == (12 if early else 4)
    assert view.summary["best_iteration"] == view.summary["called/best_iteration"]


def test_a_fault_of_ours_is_a_warning_and_the_training_goes_on() -> None:
    class Ends:
        def after_iteration(self, info: Any) -> bool:
            if info.iteration == 2:
                nbtrack.finish()
            return True

    run = nbtrack.init()
    with pytest.warns(NbtrackWarning, match="could not log what catboost did") as warned:
        model = train(5, NbtrackCallback(), Ends())
    assert len(warned) == 1
    assert rows(nbtrack.open_run(run.id)) == told(model.get_evals_result(), upto=2)
