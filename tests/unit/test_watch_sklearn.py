"""``watch()`` of estimators of scikit-learn: settings, parts, and what fitting made."""

from __future__ import annotations

import gc
import json
from typing import Any

import numpy
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import nbtrack
from nbtrack import DamagedFileError, InvalidDataError, NewerFormatError
from nbtrack._attempts import CellInfo
from tests.cli.test_commands import nbtrack as command
from tests.stores import layers, models

pytestmark = pytest.mark.usefixtures("own_process")

X = numpy.random.default_rng(3).normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)


def pipeline() -> Pipeline:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("num", numbers, [0, 1, 2]), ("rest", "drop", [3])])
    return Pipeline([("columns", columns), ("skip", "passthrough"), ("clf", LogisticRegression())])


def test_a_pipeline_is_a_tree_of_its_steps(run: nbtrack.Run) -> None:
    model = pipeline()
    run.watch(model)
    (info,) = models(run)
    assert (info.name, info.framework, info.parameters) == ("Pipeline", "sklearn", 0)
    assert [(layer.depth, layer.name, layer.type) for layer in info.layers] == [
        (0, "", "Pipeline"),
        (1, "columns", "ColumnTransformer"),
        (2, "columns.num", "Pipeline"),
        (3, "columns.num.simpleimputer", "SimpleImputer"),
        (3, "columns.num.standardscaler", "StandardScaler"),
        (2, "columns.rest", "drop"),
        (1, "skip", "passthrough"),
        (1, "clf", "LogisticRegression"),
    ]
    assert info.text == str(model)


def test_what_fitting_made_is_there_when_it_is_watched_again(run: nbtrack.Run) -> None:
    model = pipeline()
    run.watch(model)
    model.fit(X, Y)
    run.watch(model)
    parts = layers(run)
    assert len(models(run)) == 1
    coef = parts["clf.coef_"]
    assert (coef.type, coef.output_shape, coef.depth) == ("ndarray float64", [1, 3], 2)
    assert (coef.parameters, coef.size_bytes) == (3, 24)
    assert parts["columns.num.standardscaler.mean_"].output_shape == [3]
    # Labels and counts are whole numbers, and none that were learned.
    assert parts["clf.classes_"].parameters == 0
    assert parts["clf"].parameters == 4
    assert parts[""].parameters == 4 + 3 + 9


def test_a_fitted_estimator_is_seen_when_its_cell_ends(run: nbtrack.Run) -> None:
    model = LogisticRegression()
    run.begin_attempt(CellInfo(cell_id="a", execution_count=1))
    run.watch(model)
    model.fit(X, Y)
    assert "coef_" not in layers(run)
    run.end_attempt("finished", None)
    assert layers(run)["coef_"].output_shape == [1, 4]


def test_and_when_the_run_ends(run: nbtrack.Run) -> None:
    model = LogisticRegression()
    run.watch(model)
    model.fit(X, Y)
    run.finish()
    view = nbtrack.open_run(run.id)
    assert layers(run)["coef_"].output_shape == [1, 4]
    assert view.state == "finished"


def test_settings_are_what_json_holds(run: nbtrack.Run) -> None:
    model: Any = Pipeline(
        [
            ("fill", SimpleImputer(missing_values=float("nan"))),
            ("log", FunctionTransformer(numpy.log1p)),
            ("clf", LogisticRegression(C=numpy.float64(0.5), class_weight={0: 1, 1: 2})),
        ]
    )
    run.watch(model)
    settings = models(run)[0].settings
    assert settings["fill__missing_values"] == "nan"
    assert settings["log__func"] == "numpy.log1p"
    assert settings["clf__C"] == 0.5
    assert settings["clf__class_weight"] == {"0": 1, "1": 2}
    assert settings["clf__max_iter"] == 100
    assert "clf" not in settings
    assert "steps" not in settings


def test_a_forest_is_one_line_and_a_few_trees_are_parts(run: nbtrack.Run) -> None:
    run.watch(RandomForestClassifier(30).fit(X, Y))
    parts = layers(run)
    trees = parts["estimators_"]
    assert (trees.type, trees.output_shape) == ("30 DecisionTreeClassifier", [30])
    assert 0 < trees.parameters <= parts[""].parameters
    forest = RandomForestClassifier(2).fit(X, Y)
    run.watch(forest)
    parts = layers(run)
    nodes = forest.estimators_[1].tree_.node_count
    assert parts["estimators_.1.tree_"].output_shape == [nodes]


def test_the_parts_of_ensembles_and_searches(run: nbtrack.Run) -> None:
    voting = VotingClassifier([("a", LogisticRegression()), ("b", LogisticRegression())])
    run.watch(voting.fit(X, Y))
    assert {"a.coef_", "b.coef_"} <= layers(run).keys()
    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}).fit(X, Y)
    run.watch(search)
    parts = layers(run)
    assert parts["best_estimator_.coef_"].output_shape == [1, 4]
    assert models(run)[-1].settings["param_grid"] == {"C": [1, 2]}


def test_an_estimator_made_anew_takes_the_name(run: nbtrack.Run) -> None:
    for c in (1, 2):
        model = LogisticRegression(C=c)
        run.watch(model)
        del model
        gc.collect()
    (info,) = models(run)
    assert info.settings["C"] == 2


class Odd(LogisticRegression):  # type: ignore[misc]  # sklearn has no types
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        raise OSError("somewhere else")


def test_an_estimator_that_cannot_be_read_is_said(run: nbtrack.Run) -> None:
    with pytest.warns(nbtrack.NbtrackWarning, match="Odd cannot be watched: OSError"):
        run.watch(Odd())
    assert models(run) == []


def test_what_is_no_model_is_refused(run: nbtrack.Run) -> None:
    with pytest.raises(InvalidDataError, match=r"a builtins\.dict is not a model.*scikit-learn"):
        run.watch({"weights": 1})


def test_a_file_that_cannot_be_read_is_said(run: nbtrack.Run) -> None:
    run.watch(LogisticRegression())
    file = run.path / "model.json"
    file.write_bytes(file.read_bytes().replace(b'"format":2', b'"format":99'))
    with pytest.raises(NewerFormatError):
        models(run)
    with pytest.warns(nbtrack.NbtrackWarning, match="cannot be kept"):
        run.watch(pipeline())
    file.write_bytes(b"{")
    with pytest.raises(DamagedFileError):
        models(run)


def test_the_command_line_shows_a_line_for_each(run: nbtrack.Run) -> None:
    run.watch(LogisticRegression().fit(X, Y))
    run.watch(pipeline())
    run.finish()
    store = run.path.parents[1]
    as_json = json.loads(command(store, "show", run.id, "--json").stdout)
    assert [model["name"] for model in as_json["models"]] == ["LogisticRegression", "Pipeline"]
    shown = command(store, "show", run.id).stdout
    assert "LogisticRegression (sklearn): 5 parameters" in shown
    assert "Pipeline (sklearn): 0 parameters" in shown
