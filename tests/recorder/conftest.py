"""Real owners with real recorders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbtrack
from nbtrack.store.layout import Store
from tests.recorder.processes import Owner, StartOwner

SCRIPT = Path(__file__).with_name("owner.py")
ROOT = Path(nbtrack.__file__).parent.parent


@pytest.fixture
def start_owner(tmp_path: Path) -> Iterator[StartOwner]:
    """Starts owners; afterwards they and their recorders are gone."""
    started: list[Owner] = []

    def start(**variables: str) -> Owner:
        environment = {**os.environ, "PYTHONWARNINGS": "error", **variables}
        environment["PYTHONPATH"] = os.pathsep.join(
            path for path in (variables.get("PYTHONPATH"), str(ROOT)) if path
        )
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(tmp_path / "store")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        owner = Owner(process, Store(tmp_path / "store"))
        started.append(owner)
        return owner

    yield start
    for owner in started:
        owner.close()


@pytest.fixture
def owner(start_owner: StartOwner) -> Owner:
    """An owner with the settings' defaults."""
    return start_owner()
