"""Processes that sync, to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python that runs ``code`` with nbtrack of this checkout."""
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
