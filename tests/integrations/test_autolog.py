"""``nbtrack.autolog()``: what is imported before and after, one at a time, and off again."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import InvalidSettingError, NbtrackWarning
from nbtrack.integrations import FRAMEWORKS, _patching


@pytest.fixture(autouse=True)
def logging() -> Iterator[set[str]]:
    before = set(_patching.logging)
    yield _patching.logging
    _patching.logging.clear()
    _patching.logging.update(before)


def train(rate: float, *, rounds: int = 1) -> float:
    return rate * rounds


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """This module, with its ``train`` put back afterwards."""
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "train", train)
    return module


def test_an_unknown_framework_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidSettingError, match=r"'xgbost'.*catboost, keras"):
        nbtrack.autolog("xgbost")
    with pytest.raises(InvalidSettingError, match="'xgbost'"):
        nbtrack.autolog(exclude=["xgbost"])


def test_nothing_is_imported_by_it() -> None:
    code = (
        "import sys, nbtrack; nbtrack.autolog()\n"
        f"assert not {set(FRAMEWORKS)!r} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_framework_logs_whether_it_is_imported_before_or_after(
    order: str, tmp_path: Path, store_dir: Path
) -> None:
    steps = ["nbtrack.autolog('sklearn')", "from sklearn.linear_model import LinearRegression"]
    code = "\n".join(
        [
            "import nbtrack",
            *(steps if order == "before" else reversed(steps)),
            "LinearRegression().fit([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0])",
        ]
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    (run,) = nbtrack.runs()
    assert run.state == "finished"
    assert run.config


def test_a_function_is_changed_once_and_found_as_before(owner: Any) -> None:
    seen: list[dict[str, Any]] = []

    def double(args: Any, kwargs: Any) -> Any:
        seen.append(kwargs)
        return args, {**kwargs, "rounds": 2}

    original = owner.train
    _patching.before("xgboost", owner, "train", double)
    _patching.before("xgboost", owner, "train", double)
    assert owner.train(0.5) == 0.5
    assert not seen
    _patching.logging.add("xgboost")
    assert owner.train(0.5) == 1.0
    assert seen == [{}]
    assert inspect.signature(owner.train) == inspect.signature(original)
    assert pickle.loads(pickle.dumps(owner.train)) is owner.train
    nbtrack.autolog("xgboost", disable=True)
    assert owner.train(0.5) == 0.5


def test_what_fails_in_the_integration_is_a_warning(owner: Any) -> None:
    def fail(args: Any, kwargs: Any) -> Any:
        raise KeyError("callbacks")

    _patching.before("xgboost", owner, "train", fail)
    _patching.logging.add("xgboost")
    with pytest.warns(NbtrackWarning, match="could not log what xgboost did: KeyError"):
        assert owner.train(3) == 3


def test_what_fails_in_the_framework_reaches_the_person(owner: Any) -> None:
    _patching.before("xgboost", owner, "train", lambda args, kwargs: (args, kwargs))
    _patching.logging.add("xgboost")
    with pytest.raises(TypeError, match="round"):
        owner.train(3, round=2)
