"""Ways in which a kernel that logs as fast as it can comes to its end, each done to a real one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

import nbtrack
from tests.crash.processes import SharedCounter
from tests.kernel.kernels import PATIENCE, wait_until
from tests.kernel.servers import Server
from tests.kernel.victims import (
    CELL,
    ENDLESS,
    LOAD,
    MANY,
    Case,
    Victim,
    memory_group,
    victim,
    write_notebook,
)


class Way(NamedTuple):
    """A way of dying, and what a reader is to say of it.

    Attributes:
        words: What it is, for the page.
        die: Does it, in a folder of its own.
        state: The state afterwards.
        reason: A regular expression for the reason.
        recorder: Whether a recorder was left to seal what there is.
        full: Takes long.
    """

    words: str
    die: Callable[[Path], contextlib.AbstractContextManager[Case]]
    state: str
    reason: str
    recorder: bool = True
    full: bool = False


def by(
    act: Callable[[Victim], Case], **log: str | int
) -> Callable[[Path], contextlib.AbstractContextManager[Case]]:
    """A way of dying: a kernel logs, and ``act`` ends it."""

    @contextlib.contextmanager
    def die(folder: Path) -> Iterator[Case]:
        with victim(folder) as dying:
            dying.log(**log)  # type: ignore[arg-type]
            yield act(dying)

    return die


def in_cell(code: str) -> Callable[[Path], contextlib.AbstractContextManager[Case]]:
    """The cell itself ends the kernel when it has logged enough."""
    return by(Victim.dead, rows=MANY, after=code)


def _shut_down(dying: Victim) -> Case:
    dying.kernel.shutdown()
    return dying.dead()


def _shut_down_now(dying: Victim) -> Case:
    dying.kernel.client.stop_channels()
    dying.kernel.manager.shutdown_kernel(now=True)
    return dying.dead()


def _restart(dying: Victim) -> Case:
    died = psutil.Process(dying.kernel.pid)
    dying.kernel.restart()
    died.wait(PATIENCE)
    return dying.dead(alive=True)._replace(alive=False)


def _kill_both(dying: Victim) -> Case:
    os.kill(dying.recorder, signal.SIGSTOP)
    os.kill(dying.kernel.pid, signal.SIGKILL)
    os.kill(dying.recorder, signal.SIGKILL)
    return dying.dead()


def _kill_recorder(dying: Victim) -> None:
    recorder = psutil.Process(dying.recorder)
    recorder.kill()
    # Its parent does not wait for it: a zombie is dead too.
    wait_until(
        lambda: not recorder.is_running() or recorder.status() == psutil.STATUS_ZOMBIE,
        "the recorder to be gone",
    )


def _kill_recorder_then_shut_down(dying: Victim) -> Case:
    _kill_recorder(dying)
    return _shut_down(dying)


def _kill_recorder_then_kernel(dying: Victim) -> Case:
    _kill_recorder(dying)
    return dying.send(signal.SIGKILL)


def _stop_recorder_meanwhile(dying: Victim) -> Case:
    os.kill(dying.recorder, signal.SIGSTOP)
    case = dying.send(signal.SIGKILL)
    assert case.run().state == "crashed", "no recorder is needed to see that"
    os.kill(dying.recorder, signal.SIGCONT)
    return case


def _suspend(dying: Victim) -> Case:
    for pid in (dying.kernel.pid, dying.recorder):
        os.kill(pid, signal.SIGSTOP)
    wait_until(
        lambda: psutil.Process(dying.kernel.pid).status() == psutil.STATUS_STOPPED, "the stop"
    )
    assert dying.kernel.only_run().state == "running"
    before = dying.counter.get()
    for pid in (dying.recorder, dying.kernel.pid):
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: dying.counter.get() > before + MANY, "more rows")
    dying.kernel.interrupt()
    case = dying.dead(alive=True)
    wait_until(lambda: case.run().attempts[0].state == "interrupted", "the interrupt")
    return case


@contextlib.contextmanager
def _out_of_memory(folder: Path) -> Iterator[Case]:
    with memory_group(400 << 20) as procs, victim(folder) as dying:
        procs.write_text(str(dying.kernel.pid))
        take = "taken = []\nwhile True:\n    taken.append(b'x' * (8 << 20))\n    time.sleep(0.05)"
        dying.log(MANY, after=take)
        yield dying.dead()


@contextlib.contextmanager
def _server_stops(folder: Path) -> Iterator[Case]:
    server = Server(folder, folder / "store")
    try:
        _, client = server.open("notebook.ipynb")
        counter = SharedCounter(folder / "acknowledged")
        path = str(folder / "acknowledged")
        code = CELL.format(counter=path, rows=ENDLESS, many=MANY, before="", after="")
        for source in (LOAD, code):
            client.execute(source)
        wait_until(lambda: counter.get() >= MANY, "rows")
        (run,) = nbtrack.runs(dir=folder / "store")
        before = run.state
        client.stop_channels()
    finally:
        server.stop()
    yield Case(folder / "store", counter, time.monotonic(), before)


def notebook(
    after: str = "", *, seconds: int | None = None, error: type[Exception] | None = None
) -> Callable[[Path], contextlib.AbstractContextManager[Case]]:
    """nbclient runs a notebook whose cell logs and then does what ``after`` says."""

    @contextlib.contextmanager
    def die(folder: Path) -> Iterator[Case]:
        counter, written = write_notebook(folder, after)
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(written, timeout=seconds, resources=resources)
        with pytest.raises(error) if error else contextlib.nullcontext():
            client.execute(env={**os.environ, "NBTRACK_DIR": str(folder / "store")})
        yield Case(folder / "store", counter, time.monotonic(), None)

    return die


def papermill(after: str = "") -> Callable[[Path], contextlib.AbstractContextManager[Case]]:
    """papermill runs such a notebook."""

    @contextlib.contextmanager
    def die(folder: Path) -> Iterator[Case]:
        counter, _ = write_notebook(folder, after)
        done = subprocess.run(
            [sys.executable, "-m", "papermill", "notebook.ipynb", "out.ipynb"],
            cwd=folder,
            env={**os.environ, "NBTRACK_DIR": str(folder / "store")},
            capture_output=True,
            timeout=PATIENCE,
        )
        assert bool(done.returncode) == bool(after)
        yield Case(folder / "store", counter, time.monotonic(), None)

    return die


_HOLD_GIL = "ctypes.PyDLL(None).sleep(600)"
_CHILD = "child = subprocess.Popen(['sleep', '600'])"


def _kill_while_held(seconds: float) -> Callable[[Victim], Case]:
    def act(dying: Victim) -> Case:
        until = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() > until, "time")
        assert dying.kernel.only_run().state == "running", "nothing of the kernel can run"
        return dying.send(signal.SIGKILL)

    return act


_IN_CELL = r"died in cell \[\d+\](, line \d+)?: "
_UNKNOWN = r"(killed by SIGKILL, sender unknown|cause unknown)"

WAYS = {
    "shutdown": Way(
        "the notebook is closed: shutdown",
        by(_shut_down),
        "failed",
        r"kernel shut down while cell \[\d+\] was running",
    ),
    "restart": Way(
        "the kernel is restarted",
        by(_restart),
        "failed",
        r"kernel restarted while cell \[\d+\] was running",
    ),
    "server stop": Way(
        "the Jupyter server is stopped",
        _server_stops,
        "failed",
        r"kernel shut down while cell \[\d+\] was running",
    ),
    "nbclient ends": Way(
        "nbclient has run the notebook", notebook(), "finished", "kernel shut down"
    ),
    "nbclient fails": Way(
        "a cell raises under nbclient",
        notebook("raise KeyError('x')", error=CellExecutionError),
        "failed",
        r"cell \[\d+\] raised KeyError",
    ),
    "nbclient times out": Way(
        "nbclient's time for a cell is up",
        notebook("time.sleep(600)", seconds=10, error=CellTimeoutError),
        "failed",
        r"kernel shut down while cell \[\d+\] was running",
    ),
    "papermill ends": Way(
        "papermill has run the notebook", papermill(), "finished", "kernel shut down"
    ),
    "papermill fails": Way(
        "a cell raises under papermill",
        papermill("raise KeyError('x')"),
        "failed",
        r"cell \[\d+\] raised KeyError",
    ),
    "exit": Way("`exit()` in the cell", in_cell("exit()"), "finished", "kernel shut down"),
    "SIGTERM": Way(
        "SIGTERM",
        by(lambda dying: dying.send(signal.SIGTERM)),
        "crashed",
        _IN_CELL + "terminated by SIGTERM, sender unknown",
    ),
    "SIGKILL": Way(
        "SIGKILL",
        by(lambda dying: dying.send(signal.SIGKILL)),
        "crashed",
        _IN_CELL + "killed by SIGKILL, sender unknown",
    ),
    "shutdown now": Way(
        "the server kills the kernel at once: `shutdown(now=True)`",
        by(_shut_down_now),
        "crashed",
        _IN_CELL + "killed by SIGKILL, sender unknown",
    ),
    "segmentation fault": Way(
        "a segmentation fault in C code",
        in_cell("ctypes.string_at(0)"),
        "crashed",
        _IN_CELL + r"segmentation fault \(SIGSEGV\) in string_at, ctypes/__init__.py:\d+",
    ),
    "os._exit": Way(
        "`os._exit(3)`",
        in_cell("os._exit(3)"),
        "crashed",
        _IN_CELL + "exited with code 3 without a shutdown",
    ),
    "out of memory": Way(
        "the system kills it for want of memory, in a control group of 400 MiB",
        _out_of_memory,
        "crashed",
        _IN_CELL + r"killed, out of memory \(proven\), \d+\.\d of 400\.0 MiB",
    ),
    "kernel and recorder": Way(
        "kernel and recorder are killed together",
        by(_kill_both),
        "crashed",
        _IN_CELL + "cause unknown",
        recorder=False,
    ),
    "recorder, then shutdown": Way(
        "the recorder alone is killed, later the notebook is closed",
        by(_kill_recorder_then_shut_down),
        "failed",
        r"kernel shut down while cell \[\d+\] was running",
        recorder=False,
    ),
    "recorder, then SIGKILL": Way(
        "the recorder alone is killed, later the kernel",
        by(_kill_recorder_then_kernel),
        "crashed",
        _IN_CELL + "cause unknown",
        recorder=False,
    ),
    "stopped recorder": Way(
        "the recorder is stopped, the kernel killed, the recorder goes on",
        by(_stop_recorder_meanwhile),
        "crashed",
        _IN_CELL + _UNKNOWN,
    ),
    "child in its group": Way(
        "the notebook is closed, with a child process of the cell's in the kernel's group",
        by(_shut_down, before=_CHILD),
        "failed",
        r"kernel shut down while cell \[\d+\] was running",
    ),
    "C code holds the interpreter": Way(
        "killed in C code that does not let Python run",
        by(_kill_while_held(2), rows=MANY, after=_HOLD_GIL),
        "crashed",
        _IN_CELL + "killed by SIGKILL, sender unknown",
    ),
    "C code holds the interpreter for 20 s": Way(
        "the same after 20 seconds",
        by(_kill_while_held(20), rows=MANY, after=_HOLD_GIL),
        "crashed",
        _IN_CELL + "killed by SIGKILL, sender unknown",
        full=True,
    ),
    "suspend": Way(
        "kernel and recorder are stopped (a laptop that sleeps), and go on",
        by(_suspend),
        "running",
        "waiting for the next cell",
    ),
}
