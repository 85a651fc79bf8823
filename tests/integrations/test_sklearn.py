"""scikit-learn: what is read back is what it reports itself."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nbtrack
from tests.integrations.frameworks import framework
from tests.integrations.reading import media_of, rows_of, view

sklearn = framework("sklearn")

from sklearn import metrics  # noqa: E402
from sklearn.cluster import DBSCAN, KMeans  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.ensemble import (  # noqa: E402
    GradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import (  # noqa: E402
    LogisticRegression,
)
from sklearn.model_selection import (  # noqa: E402
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputClassifier  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402
from sklearn.pipeline import Pipeline, make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVC, LinearSVC  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402

from nbtrack.integrations.sklearn import log_cv, log_estimator, log_learning_curve  # noqa: E402

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True, as_frame=True)
DIABETES = load_diabetes(return_X_y=True, as_frame=True)


@pytest.mark.parametrize("words", [False, True])
def test_a_classifier_of_two_classes(run: nbtrack.Run, words: bool) -> None:
    x, y = CANCER
    y = y.map({0: "bad", 1: "good"}) if words else y
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(x, y)
    returned = log_estimator(model, x, y, prefix="train")
    found = view()
    guessed, chances, positive = model.predict(x), model.predict_proba(x), model.classes_[1]
    expected = {
        "accuracy": metrics.accuracy_score(y, guessed),
        "f1": metrics.f1_score(y, guessed, pos_label=positive),
        "precision": metrics.precision_score(y, guessed, pos_label=positive),
        "recall": metrics.recall_score(y, guessed, pos_label=positive),
        "log_loss": metrics.log_loss(y, chances),
        "roc_auc": metrics.roc_auc_score(y, chances[:, 1]),
    }
    assert returned == expected
    assert found.summary == {f"train/{key}": value for key, value in expected.items()}
    config = found.config
    assert config["estimator"] == "Pipeline"
    assert config["params"]["logisticregression"] == "LogisticRegression"
    steps = {"steps", "logisticregression", "standardscaler"}
    for key, value in model.get_params().items():
        if key not in steps:
            assert config["params"][key] == value
    (model_kept,) = found.models
    assert model_kept.type == "Pipeline"
    matrix = media_of(found, "train/confusion_matrix")
    counts = metrics.confusion_matrix(y, guessed, labels=model.classes_)
    assert [row[2] for row in matrix.data] == counts.ravel().tolist()
    coefficients = media_of(found, "coefficients")
    own = dict(zip(x.columns, model[-1].coef_[0].tolist(), strict=True))
    assert dict(coefficients.data) == own
    order = [abs(value) for _, value in coefficients.data]
    assert order == sorted(order, reverse=True)
    false, true, _ = metrics.roc_curve(y, chances[:, 1], pos_label=positive)
    assert media_of(found, "train/roc_curve").data == [
        [str(positive), a, b] for a, b in zip(false.tolist(), true.tolist(), strict=True)
    ]
    assert media_of(found, "train/pr_curve").columns == ["class", "precision", "recall"]


def test_a_classifier_of_three_classes_with_weights(run: nbtrack.Run) -> None:
    x, y = IRIS
    weight = numpy.linspace(0.5, 2.0, len(y))
    model = RandomForestClassifier(5, max_depth=2, random_state=0).fit(x, y)
    log_estimator(model, x, y, sample_weight=weight, class_names=["a", "b", "c"], watch=False)
    found = view()
    guessed, chances = model.predict(x), model.predict_proba(x)
    expected = {"accuracy": metrics.accuracy_score(y, guessed, sample_weight=weight)}
    for name in ("f1", "precision", "recall"):
        score = getattr(metrics, f"{name}_score")
        expected[f"{name}_macro"] = score(y, guessed, average="macro", sample_weight=weight)
    expected["log_loss"] = metrics.log_loss(y, chances, sample_weight=weight)
    expected["roc_auc_ovr"] = metrics.roc_auc_score(
        y, chances, multi_class="ovr", sample_weight=weight
    )
    assert found.summary == expected
    importances = media_of(found, "feature_importances")
    assert dict(importances.data) == {
        f"x{at}": value for at, value in enumerate(model.feature_importances_.tolist())
    }
    assert media_of(found, "confusion_matrix").data[0][:2] == ["a", "a"]
    assert not found.models


def test_classifiers_without_chances_and_data_without_a_class(run: nbtrack.Run) -> None:
    x, y = IRIS
    model = LinearSVC(random_state=0).fit(x, y)
    some = y < 2
    assert set(log_estimator(model, x, y, plots=False)) == {
        *("accuracy", "f1_macro", "precision_macro", "recall_macro"),
    }
    chances = LogisticRegression(max_iter=500).fit(x, y)
    of_two = log_estimator(chances, x[some], y[some])
    assert "roc_auc_ovr" not in of_two
    assert of_two["log_loss"] == metrics.log_loss(
        y[some], chances.predict_proba(x[some]), labels=[0, 1, 2]
    )
    two = LinearSVC(random_state=0).fit(x[some], y[some])
    found = log_estimator(two, x[some], y[some])
    assert found["roc_auc"] == metrics.roc_auc_score(y[some], two.decision_function(x[some]))
    several = numpy.column_stack([y == 0, y == 1]).astype(int)
    labels = MultiOutputClassifier(DecisionTreeClassifier(max_depth=1)).fit(x, several)
    assert log_estimator(labels, x, several)["accuracy"] == labels.score(x, several)
    coefficients = media_of(view(), "coefficients")
    assert coefficients.columns in (["feature", "0", "1", "2"], ["feature", "coefficient"])


def test_a_regressor_and_what_it_kept_of_its_iterations(run: nbtrack.Run) -> None:
    x, y = DIABETES
    model = GradientBoostingRegressor(n_estimators=7, random_state=0).fit(x, y)
    log_estimator(model, x, y)
    found = view()
    guessed = model.predict(x)
    summary = found.summary
    assert summary["r2"] == metrics.r2_score(y, guessed) == model.score(x, y)
    assert summary["mean_absolute_error"] == metrics.mean_absolute_error(y, guessed)
    assert summary["root_mean_squared_error"] == metrics.root_mean_squared_error(y, guessed)
    assert rows_of(found, "train_score") == list(enumerate(model.train_score_.tolist()))
    points = media_of(found, "predictions").data
    assert points == [list(pair) for pair in zip(y.tolist(), guessed.tolist(), strict=True)]
    assert {name for name, _ in media_of(found, "feature_importances").data} == set(x.columns)


def test_the_losses_of_a_network(run: nbtrack.Run) -> None:
    x, y = IRIS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier(4, max_iter=6, early_stopping=True, random_state=0).fit(x, y)
    log_estimator(model, plots=False)
    log_estimator(model, plots=False)
    found = view()
    assert rows_of(found, "loss_curve") == list(enumerate(model.loss_curve_))
    assert rows_of(found, "validation_scores") == list(enumerate(model.validation_scores_))


def test_groups_and_components(run: nbtrack.Run) -> None:
    x, y = IRIS
    model = KMeans(3, n_init=2, random_state=0).fit(x)
    found = log_estimator(model, x, y)
    assert found == {
        "inertia": model.inertia_,
        "n_clusters": 3,
        "adjusted_rand": metrics.adjusted_rand_score(y, model.labels_),
        "silhouette": metrics.silhouette_score(x, model.labels_),
        "calinski_harabasz": metrics.calinski_harabasz_score(x, model.labels_),
        "davies_bouldin": metrics.davies_bouldin_score(x, model.labels_),
    }
    dense = DBSCAN().fit(x)
    assert log_estimator(dense, x)["silhouette"] == metrics.silhouette_score(x, dense.labels_)
    assert log_estimator(dense, x[:9]) == {}
    components = PCA(2).fit(x)
    assert log_estimator(components, x) == {"score": components.score(x)}
    ratios = media_of(view(), "explained_variance_ratio").data
    assert [ratio for _, ratio in ratios] == components.explained_variance_ratio_.tolist()


def test_a_search_has_a_table_of_its_candidates(run: nbtrack.Run) -> None:
    x, y = IRIS
    pipeline = Pipeline([("scale", StandardScaler()), ("clf", SVC())])
    grid = [
        {"clf__C": [0.1, 1.0], "scale": [StandardScaler(), "passthrough"]},
        {"clf": [LogisticRegression(max_iter=500)], "clf__C": [1.0, 2.0]},
    ]
    search = GridSearchCV(pipeline, grid, cv=3, return_train_score=True).fit(x, y)
    log_cv(search)
    found = view()
    results = search.cv_results_
    table = media_of(found, "cv/results")
    assert set(table.columns) == {key for key in results if key != "params"}
    assert table.columns[:4] == ["param_clf__C", "param_scale", "param_clf", "mean_test_score"]
    assert found.metrics["cv/std_test_score"].hidden
    assert "cv/mean_test_score" not in found.metrics
    for key in ("mean_test_score", "std_train_score", "split1_test_score", "rank_test_score"):
        assert list(table.get_column(key)) == results[key].tolist()
    assert list(table.get_column("param_clf__C")) == [p["clf__C"] for p in results["params"]]
    assert list(table.get_column("param_scale"))[:2] == ["StandardScaler", "passthrough"]
    assert list(table.get_column("param_scale"))[-1] is None
    for key in ("mean_test_score", "rank_test_score", "mean_fit_time"):
        assert rows_of(found, f"cv/{key}") == list(enumerate(results[key].tolist()))
    assert found.summary["cv/best_score"] == search.best_score_
    assert found.summary["cv/best_index"] == search.best_index_
    assert found.summary["cv/candidates"] == 6
    assert found.summary["cv/refit_time"] == search.refit_time_
    best = found.config["best_params"]
    assert best.keys() == search.best_params_.keys()
    assert best["clf__C"] == search.best_params_["clf__C"]
    assert found.config["estimator"] == "GridSearchCV"
    assert found.config["params"]["cv"] == 3
    assert found.config["params"]["estimator__clf"] == "SVC"


def test_searches_of_other_kinds(own_process: None) -> None:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    x, y = IRIS
    tree = DecisionTreeClassifier(random_state=0)
    halving = HalvingGridSearchCV(tree, {"max_depth": [1, 2, 3]}, random_state=0, cv=3).fit(x, y)
    log_cv(halving)
    found = view()
    table = media_of(found, "cv/results")
    assert list(table.get_column("n_resources")) == halving.cv_results_["n_resources"].tolist()
    assert rows_of(found, "cv/iter") == list(enumerate(halving.cv_results_["iter"].tolist()))
    several = RandomizedSearchCV(
        tree,
        {"max_depth": [1, 2, 3]},
        n_iter=2,
        scoring=["accuracy", "f1_macro"],
        refit=False,
        random_state=0,
    ).fit(x, y)
    nbtrack.init()
    log_cv(several)
    found = view()
    means = several.cv_results_["mean_test_f1_macro"].tolist()
    assert rows_of(found, "cv/mean_test_f1_macro") == list(enumerate(means))
    assert "best_params" not in found.config
    assert found.summary["cv/candidates"] == 2


def test_cross_validation_and_a_learning_curve(run: nbtrack.Run) -> None:
    x, y = IRIS
    model = LogisticRegression(max_iter=500)
    results = cross_validate(
        model, x, y, return_train_score=True, return_estimator=True, return_indices=True
    )
    log_cv(results)
    plain = cross_val_score(model, x, y)
    log_cv(plain, prefix="plain")
    sizes, train, test, fit, score = learning_curve(
        model, x, y, shuffle=True, random_state=0, return_times=True, train_sizes=[0.5, 1.0]
    )
    log_learning_curve(sizes, train, test, fit, score)
    log_learning_curve(sizes, train, test, prefix="short")
    found = view()
    for key in ("fit_time", "score_time", "test_score", "train_score"):
        assert rows_of(found, f"cv/{key}") == list(enumerate(results[key].tolist()))
        assert found.summary[f"cv/mean_{key}"] == results[key].mean()
        assert found.summary[f"cv/std_{key}"] == results[key].std()
    assert rows_of(found, "plain/test_score") == list(enumerate(plain.tolist()))
    steps = sizes.tolist()
    for key, values in {"train_score": train, "test_score": test, "score_time": score}.items():
        means = values.mean(axis=1).tolist()
        assert rows_of(found, f"learning_curve/{key}") == list(zip(steps, means, strict=True))
    assert rows_of(found, "short/test_score_std")[1][1] == test[1].std()
    chart = media_of(found, "learning_curve").data
    assert [row[2] for row in chart if row[1] == "test"] == test.mean(axis=1).tolist()
