"""Live views that nobody fills any more are not in a notebook that is opened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from nbtrack.server.notebooks import clean_when_opened

MARK = {"kernel": "k", "store": "s", "run": "r"}


def notebook(*metadata: dict[str, Any]) -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "metadata": one} for one in metadata]
    return {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}


class Contents:
    """As a contents manager gives notebooks."""

    def __init__(self, model: dict[str, Any]) -> None:
        self._model = model

    def get(self, path: str, content: bool = True) -> dict[str, Any]:
        return self._model


class AsyncContents(Contents):
    async def get(self, path: str, content: bool = True) -> dict[str, Any]:  # type: ignore[override]
        return self._model


@pytest.mark.parametrize("lives", [True, False])
@pytest.mark.parametrize("kind", [Contents, AsyncContents])
def test_a_view_is_there_as_long_as_it_lives(kind: type[Contents], lives: bool) -> None:
    model = {"type": "notebook", "content": notebook({}, {"nbtrack": MARK}, {"other": 1})}
    contents: Any = kind(model)
    asked = []

    def is_alive(*mark: str) -> bool:
        asked.append(mark)
        return lives

    clean_when_opened(contents, is_alive)
    found = contents.get("a.ipynb")
    if asyncio.iscoroutine(found):
        found = asyncio.run(found)
    outputs = found["content"]["cells"][1]["outputs"]
    assert [output["metadata"] for output in outputs] == (
        [{}, {"nbtrack": MARK}, {"other": 1}] if lives else [{}, {"other": 1}]
    )
    assert asked == [("k", "s", "r")]


@pytest.mark.parametrize(
    "model",
    [
        {"type": "notebook", "content": None},
        {"type": "file", "content": "nbtrack"},
        {"type": "directory", "content": []},
        {"type": "notebook", "content": {}},
        {"type": "notebook", "content": notebook({"nbtrack": "not a mark"})},
    ],
)
def test_everything_else_is_left_alone(model: dict[str, Any]) -> None:
    before = repr(model)
    contents: Any = Contents(model)
    clean_when_opened(contents, lambda *mark: False)
    assert repr(contents.get("a")) == before
