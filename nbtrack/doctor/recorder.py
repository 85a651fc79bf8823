"""Whether a recorder can be started beside a kernel."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

from .._process import this_process
from ..recorder import spawn
from .finding import Finding
from .settings import usable_settings

_PATIENCE = 8.0


def check_recorder() -> Iterator[Finding]:
    """Start one as a kernel does, without a run to look after, and see it end."""
    kind = usable_settings().recorder
    if kind != "process":
        yield Finding(
            "recorder",
            "note",
            f"the setting 'recorder' is {kind!r}",
            f"Rows are recorded; nothing is sealed{', nor sampled' * (kind == 'off')}.",
            "`nbtrack recover` seals what runs that ended left behind.",
        )
        return
    problem = _problem()
    if not problem:
        yield Finding("recorder", "ok", "a recorder can be started")
        return
    yield Finding(
        "recorder",
        "problem",
        problem,
        "Rows are recorded without it; samples are not, and nothing is sealed.",
        "`python -m nbtrack.recorder --help` shows what Python says. Where no process may be"
        " started, set NBTRACK_RECORDER to thread.",
    )


def _problem() -> str:
    """Why none can be started; empty if one can."""
    owner = this_process()
    ours, theirs = socket.socketpair()
    try:
        with ours, theirs:
            arguments = ["--owner", str(owner.pid), "--started", str(owner.started)]
            process = spawn.start(spawn.command(*arguments), stdin=theirs.fileno())
    except OSError as error:
        return f"no recorder can be started: {error}"
    try:
        # Nobody is left to tell it of a run: it ends by itself.
        status = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"a recorder does not get ready within {_PATIENCE:g} s"
    return f"a recorder ends at once, with status {status}" if status else ""
