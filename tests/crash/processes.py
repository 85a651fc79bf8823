"""Child processes of tests: forked ones, scripts, and memory shared with them."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import nbtrack
from tests.journals import wait_until

ROOT = Path(nbtrack.__file__).parent.parent
# What takes long has a bound of its own, from its test.
_PATIENCE = 1700.0


def fork(do: Callable[[], object]) -> int:
    """Do something in a forked child, which then ends at once, with 1 if it raised."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        do()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def join(pid: int, seconds: float = 60.0) -> int:
    """Wait for a child. Its exit code, or minus the signal that killed it.

    Raises:
        TimeoutError: It went on for too long, and was killed.
    """
    ended: list[int] = []

    def look() -> bool:
        found, status = os.waitpid(pid, os.WNOHANG)
        ended.extend([status] if found else [])
        return bool(found)

    try:
        wait_until(look, seconds)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    return os.waitstatus_to_exitcode(ended[0])


def python(script: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """A Python process that runs ``script`` with this library, warnings being errors."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(script: str, *arguments: str, **variables: str) -> str:
    """What the script prints; it must end well."""
    process = python(script, *arguments, **variables)
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, err
    return out


def environment(**variables: str) -> dict[str, str]:
    """This environment with this library, and no recorder unless it is asked for."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "NBTRACK_RECORDER": "off", "PYTHONPATH": path, **variables}


class SharedCounter:
    """An integer in a file of the test's own: what a killed process had counted is not lost."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)

    def set(self, value: int) -> None:
        self._map[:8] = struct.pack("<q", value)

    def get(self) -> int:
        value: int = struct.unpack("<q", self._map[:8])[0]
        return value
