"""How tests read back what a framework's training left."""

from __future__ import annotations

from typing import Any

import nbtrack
from nbtrack import RunView


def view() -> RunView:
    """The current run as it is read back, when it has ended."""
    run = nbtrack.run
    assert run is not None
    run.finish()
    return nbtrack.open_run(run.id)


def rows_of(run: RunView, key: str) -> list[tuple[int, float]]:
    """The steps and values of a metric, by step."""
    table = run.history(key)
    return sorted(zip(table["step"], table["value"], strict=True))


def media_of(run: RunView, key: str) -> Any:
    """What was logged last under a key."""
    return [item for item in run.media() if item.key == key][-1].read()
