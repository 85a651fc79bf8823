"""What a notebook waits for."""

from __future__ import annotations

import time

from benchmarks.trackers import Tracker
from benchmarks.workloads.common import Figures


def load_ext(tracker: Tracker) -> Figures:
    """`%load_ext` in a shell of IPython that is there, the import of the module included."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    start = time.perf_counter()
    shell.run_line_magic("load_ext", tracker.module)
    return {"load_ext": (time.perf_counter() - start) * 1e3}
