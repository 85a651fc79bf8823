"""What the tests of this folder share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbtrack._errors import NbtrackWarning
from tests.crash.scenarios import Scenario
from tests.journals import Kind


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[type[Scenario], Kind], Scenario]]:
    made: list[Scenario] = []

    def make_one(kind: type[Scenario], journal: Kind) -> Scenario:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        scenario = kind(folder, journal)
        made.append(scenario)
        return scenario

    yield make_one
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NbtrackWarning)
        for scenario in made:
            scenario.run.close("the test ended")
