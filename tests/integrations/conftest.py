"""What tests of frameworks in this process stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbtrack.integrations import _patching
from tests.unit.conftest import own_process as own_process
from tests.unit.conftest import run as run


@pytest.fixture
def logging() -> Iterator[set[str]]:
    """The frameworks that log by themselves, which are none at first."""
    before = set(_patching.logging)
    _patching.logging.clear()
    yield _patching.logging
    _patching.logging.clear()
    _patching.logging.update(before)
