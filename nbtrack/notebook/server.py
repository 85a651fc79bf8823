"""What the Jupyter server that started this kernel calls it, and which run it records."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from .._environment import notebook_hint
from .._run import Run
from ..store import registry

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def kernel_id() -> str:
    """What a server calls this kernel, by the name of its connection file."""
    from ipykernel.connect import get_connection_file

    name = os.path.basename(get_connection_file())
    return name.removeprefix("kernel-").removesuffix(".json")


def announce(run: Run, shell: InteractiveShell) -> None:
    """Let the server find the run that this kernel records from now on, if a server started it."""
    place = run.place
    if place is None or notebook_hint() is None or not hasattr(shell, "kernel"):
        return
    with suppress(RuntimeError):  # a kernel inside another program has no connection file
        registry.register_kernel(kernel_id(), place.run_dir)
