"""Fits of scikit-learn that log by themselves."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import NbtrackWarning
from nbtrack.integrations import _patching
from tests.integrations.frameworks import framework
from tests.integrations.reading import rows_of, view

sklearn = framework("sklearn")

from sklearn.base import BaseEstimator, ClassifierMixin, clone  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris  # noqa: E402
from sklearn.ensemble import (  # noqa: E402
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.linear_model import (  # noqa: E402
    LinearRegression,
    Ridge,
    SGDClassifier,
)
from sklearn.model_selection import (  # noqa: E402
    GridSearchCV,
)
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402
from sklearn.utils.validation import check_is_fitted, has_fit_parameter  # noqa: E402

from nbtrack.integrations import sklearn as ours  # noqa: E402
from nbtrack.integrations.sklearn import log_estimator  # noqa: E402

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True, as_frame=True)
DIABETES = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def logs_itself(logging: set[str]) -> Iterator[None]:
    """Every ``fit()`` is logged, until the test ends."""
    logging.add("sklearn")
    ours.autolog()
    yield
    logging.clear()


def test_a_loop_of_partial_fit(run: nbtrack.Run, logs_itself: None) -> None:
    x, y = IRIS
    model = SGDClassifier(random_state=0)
    scored = []
    for _ in range(4):
        model.partial_fit(x, y, classes=[0, 1, 2])
        scored.append(log_estimator(model, x, y, plots=False)["accuracy"])
    found = view()
    assert rows_of(found, "accuracy") == list(enumerate(scored))
    assert "fit_time" not in found.summary


def test_a_fit_logs_itself_once_and_its_parts_do_not(own_process: None, logs_itself: None) -> None:
    x, y = IRIS
    forest = RandomForestClassifier(4, n_jobs=2, random_state=0)
    stack = StackingClassifier([("forest", forest), ("tree", DecisionTreeClassifier())])
    model = make_pipeline(StandardScaler(), stack).fit(x, y)
    found = view()
    assert found.rows == 1
    assert found.summary.keys() == {"fit_time", "training_score"}
    assert found.summary["training_score"] == model.score(x, y)
    assert found.config["estimator"] == "Pipeline"
    assert found.config["params"]["stackingclassifier__forest__n_estimators"] == 4


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_search_logs_itself_with_its_candidates(
    own_process: None, logs_itself: None, jobs: int
) -> None:
    x, y = IRIS
    search = GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=3, n_jobs=jobs).fit(x, y)
    log_estimator(search, x, y, plots=False)
    found = view()
    assert rows_of(found, "cv/mean_test_score") == list(
        enumerate(search.cv_results_["mean_test_score"].tolist())
    )
    assert len(rows_of(found, "fit_time")) == 1
    assert found.config["best_params"] == search.best_params_
    assert len(nbtrack.runs()) == 1
    GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=3, refit=False).fit(x, y)
    assert view().summary["cv/candidates"] == 2


def test_what_is_no_training_is_not_logged_and_all_else_is(
    own_process: None, logs_itself: None
) -> None:
    x, y = IRIS
    StandardScaler().fit(x)
    assert not nbtrack.runs()
    KMeans(2, n_init=1, random_state=0).fit_predict(x)
    assert nbtrack.run is not None
    assert nbtrack.run.config["estimator"] == "KMeans"

    class Mine(ClassifierMixin, BaseEstimator):
        """Somebody's own, with an estimator in it."""

        def __init__(self, depth: int = 1) -> None:
            self.depth = depth

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Mine:
            self.tree_ = DecisionTreeClassifier(max_depth=self.depth).fit(X, y)
            self.classes_ = self.tree_.classes_
            return self

        def predict(self, X: Any) -> Any:
            return self.tree_.predict(X)

    class Heir(Mine):
        """Calls the fit of what it inherits from."""

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Mine:
            return super().fit(X, y)

    before = view().rows
    nbtrack.init()
    mine = Heir(2).fit(x, y=y)
    found = view()
    assert (before, found.rows) == (1, 1)
    assert found.config == {"estimator": "Heir", "params": {"depth": 2}}
    assert found.summary["training_score"] == mine.score(x, y)


def test_training_is_as_without(own_process: None, logs_itself: None) -> None:
    x, y = CANCER
    model = RandomForestClassifier(5, random_state=3)
    numpy.random.seed(4)
    logged, after = model.fit(x, y), numpy.random.random()
    assert logged is model
    _patching.logging.clear()
    numpy.random.seed(4)
    plain = clone(model).fit(x, y)
    assert numpy.random.random() == after
    assert (plain.predict_proba(x) == logged.predict_proba(x)).all()
    assert vars(logged).keys() == vars(plain).keys()
    check_is_fitted(logged)
    again = pickle.loads(pickle.dumps(logged))
    assert (again.predict(x) == logged.predict(x)).all()
    assert copy.deepcopy(logged).get_params() == logged.get_params()
    assert has_fit_parameter(model, "sample_weight")
    assert list(inspect.signature(RandomForestClassifier.fit).parameters) == [
        *("self", "X", "y", "sample_weight"),
    ]
    assert RandomForestClassifier.fit.__name__ == "fit"
    with sklearn.config_context(enable_metadata_routing=True):
        routed = Ridge().set_fit_request(sample_weight=True)
        assert "sample_weight" in str(routed.get_metadata_routing())


def test_what_fit_raises_reaches_the_person_and_nothing_is_logged(
    own_process: None, logs_itself: None
) -> None:
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LinearRegression().fit([[1.0], [2.0]], [1.0])
    assert not nbtrack.runs()


def test_a_config_that_may_not_change_holds_up_no_training(
    own_process: None, logs_itself: None
) -> None:
    nbtrack.init(allow_val_change=False)
    for model in (LinearRegression(), Ridge(alpha=2.0)):
        model.fit([[1.0], [2.0]], [1.0, 2.0])
    found = view()
    assert (found.rows, found.config["estimator"]) == (2, "Ridge")
    assert found.config["params"]["alpha"] == 2.0


def test_a_fault_of_ours_is_a_warning(
    own_process: None, logs_itself: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: Any) -> Any:
        raise KeyError("params")

    monkeypatch.setattr(ours, "config_of", broken)
    with pytest.warns(NbtrackWarning, match="could not log what sklearn did: KeyError"):
        model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    check_is_fitted(model)
