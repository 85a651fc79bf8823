"""Engines of ipyparallel: each records a run of its own, whatever way work comes to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtrack import RunView
from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel

LOAD = "%load_ext nbtrack\nimport os, time\nimport nbtrack, ipyparallel"
START = "cluster = ipyparallel.Cluster(n=2, log_level=40)\nrc = cluster.start_and_connect_sync()"
FUNCTIONS = """\
def half(n):
    import nbtrack
    for i in range(n): nbtrack.log({"loss": i / 2})
    return n

def third(n):
    import nbtrack
    nbtrack.log({"loss": n / 3})
    raise ValueError("no third")

def whole(path):
    import nbtrack, time
    for i in range(1_000_000):
        nbtrack.log({"loss": i})
        open(path, "a").close()
        time.sleep(0.01)
"""


def engine_runs(kernel: Kernel) -> list[RunView]:
    """The two engines' runs, by the engines' numbers."""
    found = [run for run in kernel.runs() if run.job_type == "engine"]
    return sorted(found, key=lambda run: run.tags)


def names(run: RunView) -> list[tuple[str | None, str, int]]:
    return [(attempt.name, attempt.state, attempt.rows) for attempt in run.attempts]


def test_engines(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    kernel = start_kernel(IPYTHONDIR=str(tmp_path / "ipython"), NBTRACK_VIEW="live")
    kernel.run(LOAD)
    assert kernel.run(START).error is None
    own = kernel.current_run()
    cell = "import nbtrack\nfor i in range(3): nbtrack.log({'loss': i})\nprint('seen')"
    shown = kernel.run(f"%%px\n{cell}")
    assert "seen" in str(shown.outputs)
    assert "nbtrack" not in str(shown.outputs), "what stays as it is shows nothing that changes"
    kernel.run("%autopx\n")
    kernel.run("%%track --config rate=2\nnbtrack.log({'loss': 1})")
    kernel.run("%autopx")
    kernel.run(FUNCTIONS)
    assert kernel.run("rc[:].map_sync(half, [1, 2])").result == "[1, 2]"
    assert kernel.run("rc[1].apply_sync(third, 1)").error is not None
    kernel.run("rc[1].execute('nbtrack.log({\"loss\": 4})', block=True)")
    runs = engine_runs(kernel)
    assert [run.tags for run in runs] == [["engine-0"], ["engine-1"]]
    assert [run.group for run in runs] == [own.id, own.id], "what started the cluster"
    first, second = (names(run) for run in runs)
    assert first == [(None, "finished", 3), (None, "finished", 1), ("apply", "finished", 1)]
    assert second[:2] == first[:2]
    assert second[2:] == [
        *[("apply", "finished", 2), ("apply", "failed", 1), ("execute", "finished", 1)]
    ]
    assert runs[0].attempts[1].config == {"rate": 2}
    assert next(iter(runs[0].cells)).source.strip() == cell
    assert "seen" in runs[0].log()

    kernel.run("pids = rc[:].apply_sync(os.getpid)")
    running = tmp_path / "running"
    kernel.run(f"waits = rc[0].apply_async(whole, {str(running)!r})")
    wait_until(running.exists, "the function to run")
    os.kill(int(kernel.value("pids[0]")), signal.SIGKILL)
    killed = wait_until(
        lambda: (run := engine_runs(kernel)[0]).state == "crashed" and run, "the death to be known"
    )
    assert "died in apply" in killed.reason
    kernel.run("rc.close(); cluster.stop_cluster_sync()")
    stopped = wait_until(
        lambda: (run := engine_runs(kernel)[1]).state != "running" and run, "the other to end"
    )
    assert (stopped.state, stopped.reason) == ("failed", "apply raised ValueError")
