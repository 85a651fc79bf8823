"""Names and values as MLflow takes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.uri import validate_path_is_safe
from mlflow.utils.validation import _validate_metric_name, _validate_tag

from nbtrack.remote.mlflow_address import parse
from nbtrack.sync.mlflow import names

# What people have in names, and what is dangerous there.
TEXT = st.text(st.sampled_from("ab/.:- _%#?\\é\n\t\"'@"), max_size=12) | st.text(max_size=300)


@given(TEXT)
def test_mlflow_takes_every_name(original: str) -> None:
    name = names.name(original)
    _validate_metric_name(name)
    assert len(name) <= names.LONGEST_NAME
    _validate_tag(name, names.cut(original * 100, names.LONGEST_TAG))
    # What is as MLflow wants it stays as it is.
    assert names.name(name) == name


@given(st.sets(TEXT, max_size=20))
def test_no_two_become_one(originals: set[str]) -> None:
    assert len({names.name(one) for one in originals}) == len(originals)
    assert len({names.path(one) for one in originals}) == len(originals)


@given(TEXT)
def test_mlflow_takes_every_path(original: str) -> None:
    path = names.path(original)
    assert validate_path_is_safe(path) == path
    assert not set(path) & set("#?%\\")
    assert path == names.path(path)


def test_nested_configs() -> None:
    config = {"a": {"b": 1, "c": {}}, "d": [1, {"e": 2}], "n": None}
    assert {key: names.text(value) for key, value in names.flat(config).items()} == {
        "a/b": "1",
        "a/c": "{}",
        "d": '[1, {"e": 2}]',
        "n": "None",
    }
    both = names.flat({"a": {"b": 1}, "a/b": 2})
    assert both.pop("a/b") == 1
    assert list(both.values()) == [2]


def test_addresses() -> None:
    found = parse("mlflow+https://ada:secret@host:8443/mlflow/?experiment=of%20the%20team")
    assert found.tracking == "https://ada:secret@host:8443/mlflow"
    assert found.experiment == "of the team"
    assert found.url == "mlflow+https://host:8443/mlflow?experiment=of the team"
    assert parse("mlflow+http://host").experiment is None
