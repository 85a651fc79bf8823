"""Every public name of wandb's SDK exists here, or the page says that it does not and why.

The names are those that ``record_names.py`` found in the real one.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import NotOfferedError, _not_offered
from nbtrack.compat.api import Api, ApiRun
from tests.docs import markdown

PAGE = "docs/from-wandb.md"
NAMES: dict[str, Any] = json.loads(Path(__file__).with_name("names.json").read_text())


def offered(value: Any, name: str) -> bool:
    """Whether the name is there; if not, using it has to say so, and what to do instead."""
    if hasattr(value, name):
        return True
    with pytest.raises(NotOfferedError, match=f"{name}.* is not offered") as caught:
        getattr(value, name)
    assert caught.value.hint
    return False


def not_offered(heading: str) -> dict[str, str]:
    """Name -> what to do instead, as the page has it."""
    rows = markdown.tables(markdown.section(PAGE, heading))[0]
    return {markdown.code(name.strip()): hint for names, hint in rows for name in names.split(",")}


def test_the_names_are_those_of_one_version() -> None:
    assert f"SDK\n{NAMES['version'].rpartition('.')[0]}." in markdown.read(PAGE)
    assert {"init", "log", "Image", "sweep"} <= set(NAMES["module"])
    assert set(NAMES["all"]) - {"__version__"} <= set(NAMES["module"])


@pytest.mark.parametrize("name", NAMES["module"])
def test_of_the_module(name: str, own_process: None) -> None:
    assert offered(nbtrack, name) == (name not in _not_offered.MODULE)


@pytest.mark.parametrize("mode", ["record", "disabled"])
@pytest.mark.parametrize("name", NAMES["run"])
def test_of_a_run(name: str, mode: Any, own_process: None) -> None:
    run = nbtrack.init(mode=mode)
    assert offered(run, name) == (name not in _not_offered.RUN)


def test_what_is_not_offered_is_what_the_page_says() -> None:
    assert not_offered("Not offered of the module") == _not_offered.MODULE
    assert not_offered("Not offered of a run") == _not_offered.RUN
    # Nothing else than what wandb has.
    assert set(_not_offered.MODULE) <= set(NAMES["module"])
    assert set(_not_offered.RUN) <= set(NAMES["run"])
    for name in _not_offered.MODULE:
        assert not hasattr(nbtrack, name)


@pytest.mark.parametrize("kind", ["config", "summary"])
def test_of_config_and_summary(kind: str, own_process: None) -> None:
    mapping = getattr(nbtrack.init(), kind)
    missing = {name for name in NAMES[kind] if not hasattr(mapping, name)}
    # Those are called by wandb itself, for sweeps and for its own process.
    assert missing <= {"merge_locked", "persist", "update_locked"}


@pytest.mark.parametrize("name", NAMES["functions"])
def test_arguments_of_functions(name: str, own_process: None) -> None:
    assert missing_arguments(getattr(nbtrack, name), NAMES["functions"][name]) == set()


@pytest.mark.parametrize("name", set(NAMES["classes"]) - set(_not_offered.MODULE))
def test_arguments_of_classes(name: str) -> None:
    left_out = {
        # Where wandb's server keeps it, and how it hashes.
        "Artifact": {"storage_region", "digest_algorithm"},
    }
    missing = missing_arguments(getattr(nbtrack, name), NAMES["classes"][name])
    assert missing <= left_out.get(name, set())


@pytest.mark.parametrize("name", NAMES["plots"])
def test_arguments_of_charts(name: str) -> None:
    assert missing_arguments(getattr(nbtrack.plot, name), NAMES["plots"][name]) == set()


def missing_arguments(function: Any, wanted: list[str]) -> set[str]:
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return set()
    return set(wanted) - set(parameters)


def test_the_api_says_what_it_lacks(own_process: None) -> None:
    run = nbtrack.init()
    run.log({"loss": 1})
    api = Api()
    (found,) = api.runs()
    for value, names in ((api, NAMES["api"]), (found, NAMES["api_run"])):
        there = {name for name in names if offered(value, name)}
        assert {"run", "runs"} <= there or {"history", "scan_history", "config"} <= there
    assert isinstance(found, ApiRun)
