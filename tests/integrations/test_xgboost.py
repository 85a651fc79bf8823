"""XGBoost: what is read back is what XGBoost itself reports."""

from __future__ import annotations

import copy
import pickle
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sklearn.base import clone
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

xgboost: Any = framework("xgboost")
integration: Any = import_module("nbtrack.integrations.xgboost")
NbtrackCallback = integration.NbtrackCallback

pytestmark = pytest.mark.usefixtures("store_dir")

BINARY = {"objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "nthread": 1}


class Breaks(xgboost.callback.TrainingCallback):
    """Does something at an iteration."""

    def __init__(self, at: int, error: BaseException | None = None) -> None:
        super().__init__()
        self._at = at
        self._error = error

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch == self._at and self._error is not None:
            raise self._error
        return bool(epoch == self._at)


def matrices() -> Any:
    train_x, val_x, train_y, val_y = two_classes()
    return xgboost.DMatrix(train_x, train_y), xgboost.DMatrix(val_x, val_y)


def train(rounds: int = 5, *callbacks: Any, **more: Any) -> tuple[Any, dict[str, Any]]:
    """A booster, and what XGBoost says of each iteration."""
    train_set, val_set = matrices()
    evals: dict[str, Any] = {}
    arguments = {"evals": [(train_set, "train"), (val_set, "val")], "verbose_eval": False, **more}
    params = arguments.pop("params", BINARY)
    booster = xgboost.train(
        params, train_set, rounds, evals_result=evals, callbacks=list(callbacks), **arguments
    )
    return booster, evals


def test_train_with_early_stopping() -> None:
    with nbtrack.init() as run:
        booster, evals = train(
            200,
            NbtrackCallback(),
            params={**BINARY, "eta": 0.4, "max_depth": 3},
            early_stopping_rounds=5,
        )
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(evals)
    assert len(evals["val"]["auc"]) < 200
    assert view.summary["best_iteration"] == booster.best_iteration
    assert view.summary["best_score"] == booster.best_score
    assert best(view, "val/auc") == max(evals["val"]["auc"])
    assert best(view, "val/logloss") == min(evals["val"]["logloss"])
    gain = booster.get_score(importance_type="gain")
    assert importance(view) == gain
    assert list(importance(view)) == sorted(gain, key=lambda name: -gain[name])


def test_all_parameters_with_their_defaults() -> None:
    with nbtrack.init() as run:
        train(1, NbtrackCallback(), params={**BINARY, "eta": 0.1, "max_depth": 3})
    config = nbtrack.open_run(run.id).config["xgboost"]
    assert (config["eta"], config["learning_rate"], config["max_depth"]) == (0.1, 0.1, 3)
    assert (config["reg_lambda"], config["subsample"], config["booster"]) == (1, 1, "gbtree")
    assert config["objective"] == "binary:logistic"
    assert config["eval_metric"] == ["auc", "logloss"]


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_estimators(kind: str) -> None:
    train_x, val_x, train_y, val_y = three_classes() if kind == "classifier" else a_number()
    Estimator = {"classifier": xgboost.XGBClassifier, "regressor": xgboost.XGBRegressor}[kind]
    metrics = {"classifier": ["merror", "mlogloss"], "regressor": ["mae", "rmse"]}[kind]
    estimator = Estimator(
        n_estimators=60,
        eval_metric=metrics,
        early_stopping_rounds=3,
        n_jobs=1,
        callbacks=[NbtrackCallback(importance=2)],
    )
    with nbtrack.init() as run:
        estimator.fit(
            train_x, train_y, eval_set=[(train_x, train_y), (val_x, val_y)], verbose=False
        )
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(estimator.evals_result())
    assert set(rows(view)) == {f"validation_{at}/{metric}" for at in (0, 1) for metric in metrics}
    assert view.summary["best_iteration"] == estimator.best_iteration
    assert view.summary["best_score"] == estimator.best_score
    gain = estimator.get_booster().get_score(importance_type="gain")
    most = sorted(gain, key=lambda name: -gain[name])[:2]
    assert importance(view) == {name: gain[name] for name in most}


def test_a_model_that_is_trained_on_goes_on_with_its_steps() -> None:
    with nbtrack.init() as run:
        first, before = train(3, NbtrackCallback(), early_stopping_rounds=2)
        _, after = train(4, NbtrackCallback(), xgb_model=first)
    view = nbtrack.open_run(run.id)
    goes_on = told(after, first=first.num_boosted_rounds())
    assert rows(view) == {name: values + goes_on[name] for name, values in told(before).items()}
    # The second training found no best iteration, though its model has that of the first.
    assert view.summary["best_iteration"] == first.best_iteration


def test_cross_validation() -> None:
    train_set, _ = matrices()
    with nbtrack.init() as run:
        frame = xgboost.cv(BINARY, train_set, 6, nfold=3, callbacks=[NbtrackCallback()])
    found = rows(nbtrack.open_run(run.id))
    assert found == {
        column.replace("-", "/", 1): list(enumerate(frame[column])) for column in frame.columns
    }
    assert "test/auc-std" in found


def test_a_cross_validation_that_stops_early() -> None:
    train_set, _ = matrices()
    with nbtrack.init() as run:
        frame = xgboost.cv(
            {**BINARY, "eta": 0.9},
            train_set,
            100,
            early_stopping_rounds=2,
            callbacks=[NbtrackCallback()],
        )
    view = nbtrack.open_run(run.id)
    assert view.summary["best_iteration"] == len(frame) - 1
    assert view.summary["best_score"] == frame["test-logloss-mean"].iloc[-1]
    assert rows(view)["test/logloss-mean"][: len(frame)] == list(
        enumerate(frame["test-logloss-mean"])
    )


def test_what_ends_in_the_middle_keeps_its_rows() -> None:
    with pytest.raises(ZeroDivisionError), nbtrack.init() as run:
        train(9, NbtrackCallback(), Breaks(3, ZeroDivisionError("by a callback")))
    _, evals = train(9)
    view = nbtrack.open_run(run.id)
    assert view.state == "failed"
    # XGBoost 2 calls its callbacks in no order.
    assert rows(view) in (told(evals, upto=3), told(evals, upto=4))


def test_an_interrupt_is_one() -> None:
    with pytest.raises(KeyboardInterrupt), nbtrack.init() as run:
        train(9, Breaks(2, KeyboardInterrupt()), NbtrackCallback())
    _, evals = train(9)
    view = nbtrack.open_run(run.id)
    assert [attempt.state for attempt in view.attempts] == ["interrupted"]
    assert rows(view) in (told(evals, upto=2), told(evals, upto=3))


def test_the_iteration_at_which_another_callback_ends_it_is_there() -> None:
    with nbtrack.init() as run:
        _, evals = train(9, Breaks(3), NbtrackCallback())
    assert len(evals["val"]["auc"]) == 4
    assert rows(nbtrack.open_run(run.id)) == told(evals)


@pytest.mark.parametrize("booster", ["dart", "gblinear"])
def test_other_boosters(booster: str) -> None:
    params = {**BINARY, "booster": booster}
    with nbtrack.init() as run:
        trained, evals = train(4, NbtrackCallback(), params=params)
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(evals)
    assert view.config["xgboost"]["booster"] == booster
    if booster == "dart":
        assert importance(view) == trained.get_score(importance_type="gain")
    else:
        assert not view.media()


def test_a_metric_of_ones_own_and_no_data_to_look_at() -> None:
    def wrong(predicted: Any, data: Any) -> tuple[str, float]:
        return "wrong", float(((predicted > 0.5) != data.get_label()).sum())

    with nbtrack.init() as run:
        _, evals = train(3, NbtrackCallback(), custom_metric=wrong)
        train(3, NbtrackCallback(prefix="blind"), evals=[])
    view = nbtrack.open_run(run.id)
    assert rows(view) == told(evals)
    assert "val/wrong" in rows(view)
    assert importance(view)
    assert importance(view, "blind/feature_importance")
    assert view.config["blind/xgboost"]["objective"] == "binary:logistic"


def test_a_second_training_of_an_attempt_has_names_of_its_own() -> None:
    callback = NbtrackCallback()
    with nbtrack.init() as run:
        _, first = train(3, callback)
        _, second = train(4, callback, params={**BINARY, "eta": 0.9}, early_stopping_rounds=3)
    view = nbtrack.open_run(run.id)
    seconds = {f"{name}-2": values for name, values in told(second).items()}
    assert rows(view) == {**told(first), **seconds}
    assert view.config["xgboost-2"] == {"eta": 0.9, "learning_rate": 0.9}
    assert view.summary["best_iteration-2"] >= 0
    assert "best_iteration" not in view.summary
    assert importance(view, "feature_importance-2")


def test_the_model_is_an_artifact_if_asked_for(tmp_path: Path) -> None:
    with nbtrack.init() as run:
        booster, _ = train(3, NbtrackCallback(log_model=True))
        train(3, NbtrackCallback(log_model="other"))
    assert [use.name for use in nbtrack.open_run(run.id).artifacts] == ["xgboost-model", "other"]
    folder = nbtrack.open_artifact("xgboost-model").download(tmp_path / "model")
    again = xgboost.Booster(model_file=Path(folder) / "model.ubj")
    _, val_set = matrices()
    assert (again.predict(val_set) == booster.predict(val_set)).all()


@pytest.mark.parametrize(
    "duplicate",
    [clone, copy.deepcopy, lambda estimator: pickle.loads(pickle.dumps(estimator))],
    ids=["clone", "deepcopy", "pickle"],
)
def test_estimators_with_the_callback_can_be_copied(duplicate: Any) -> None:
    train_x, val_x, train_y, val_y = two_classes()
    with nbtrack.init() as run:
        estimator = xgboost.XGBClassifier(n_estimators=3, callbacks=[NbtrackCallback("a")])
        estimator.fit(train_x, train_y, eval_set=[(val_x, val_y)], verbose=False)
        other = duplicate(estimator)
        assert other.callbacks[0] is not estimator.callbacks[0]
        other.fit(train_x, train_y, eval_set=[(val_x, val_y)], verbose=False)
    found = rows(nbtrack.open_run(run.id))
    assert found["a/validation_0/logloss"] == found["a/validation_0/logloss-2"]
    assert told(other.evals_result())["validation_0/logloss"] == found["a/validation_0/logloss"]


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.full)])
def test_of_a_search_the_best_alone_is_logged(jobs: int) -> None:
    train_x, val_x, train_y, val_y = two_classes()
    for given in ([NbtrackCallback()], None):
        search = GridSearchCV(
            xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=given),
            {"max_depth": [1, 2]},
            n_jobs=jobs,
            cv=2,
        )
        with autologging("xgboost"), nbtrack.init() as run:
            cross_val_score(search.estimator, train_x, train_y, cv=2)
            search.fit(train_x, train_y, eval_set=[(val_x, val_y)], verbose=False)
        view = nbtrack.open_run(run.id)
        assert rows(view) == told(search.best_estimator_.evals_result())
        assert view.config["xgboost"]["max_depth"] == search.best_params_["max_depth"]
        assert list(view.config) == ["xgboost"]
    if jobs > 1:
        shut_workers()


def test_autolog_logs_what_nobody_asked_for_and_nothing_twice() -> None:
    train_x, _, train_y, _ = two_classes()
    with autologging("xgboost"):
        train_set, val_set = matrices()
        evals: dict[str, Any] = {}
        xgboost.train(
            {**BINARY, "eta": 0.1},
            train_set,
            num_boost_round=4,
            evals=[(val_set, "val")],
            evals_result=evals,
            verbose_eval=False,
        )
        made = nbtrack.run
        assert made is not None
        train(2, NbtrackCallback("mine"))
        xgboost.cv(BINARY, train_set, 2)
        pipeline = make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=2))
        pipeline.fit(train_x, train_y)
        nbtrack.finish()
    train(2)
    view = only_run()
    assert view.id == made.id
    config = view.config["xgboost"]
    assert (config["eta"], config["num_boost_round"], config["reg_lambda"]) == (0.1, 4, 1)
    names = set(rows(view))
    assert told(evals)["val/auc"] == rows(view)["val/auc"]
    assert {name for name in names if name.startswith("mine/")} == {
        f"mine/{data}/{metric}" for data in ("train", "val") for metric in ("auc", "logloss")
    }
    assert "test/auc-mean-2" in names
    assert importance(view, "feature_importance-3")


def test_a_fault_of_ours_is_a_warning_and_the_training_goes_on() -> None:
    class Ends(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if epoch == 1:
                nbtrack.finish()
            return False

    run = nbtrack.init()
    with pytest.warns(NbtrackWarning, match="could not log what xgboost did") as warned:
        booster, evals = train(5, NbtrackCallback(), Ends())
    assert len(warned) == 1
    assert booster.num_boosted_rounds() == 5
    assert rows(nbtrack.open_run(run.id)) in (told(evals, upto=1), told(evals, upto=2))
