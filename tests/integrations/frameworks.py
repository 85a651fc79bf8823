"""Frameworks: the tests of each run where it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from nbtrack.integrations import FRAMEWORKS


def framework(name: str) -> Any:
    """What people import of the framework, or a skip that says where its tests do run."""
    reason = f"{name} is not installed; make test-full installs it, in tests/install"
    for package in FRAMEWORKS[name].packages:
        if is_installed(package):
            return pytest.importorskip(package, reason=reason)
    pytest.skip(reason, allow_module_level=True)


def is_installed(package: str) -> bool:
    """Whether a package could be imported, which is not tried."""
    top, _, inside = package.partition(".")
    return find_spec(top) is not None and (not inside or find_spec(package) is not None)
