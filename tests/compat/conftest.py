"""Runs are started here as in tests of ``init()``."""

from __future__ import annotations

from tests.unit.conftest import own_process as own_process
