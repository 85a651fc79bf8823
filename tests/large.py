"""Libraries that take gigabytes: the tests that need them run where they are installed."""

from __future__ import annotations

from typing import Any

import pytest


def library(name: str) -> Any:
    """The library, or a skip that says where its tests do run."""
    reason = f"{name} takes gigabytes: make test-full installs it, in tests/install/test_models.py"
    return pytest.importorskip(name, reason=reason)
