"""What is to be read of a run, asked of a process of its own.

Reading a journal or tables needs much that a kernel does not load.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def show(
    run: str, *options: str, store: Path | None, seconds: float
) -> subprocess.CompletedProcess[str]:
    """What ``nbtrack show`` prints of a run, by its id or name.

    Raises:
        subprocess.TimeoutExpired: It takes longer than ``seconds``.
    """
    where = [] if store is None else ["--store", str(store)]
    return subprocess.run(
        [sys.executable, "-m", "nbtrack", "show", run, *options, *where],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
