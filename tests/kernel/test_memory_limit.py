"""Memory gets short: the run and the cell's output say so; if asked, the cell is interrupted."""

from __future__ import annotations

from collections.abc import Callable

import psutil
import pytest

from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel

LOAD = "%load_ext nbtrack\nimport nbtrack"
GREEDY = """\
%%track
import time
taken = []
for _ in range({pieces}):
    taken.append(b'x' * (50 << 20))
    time.sleep({seconds})
"""


def limit(more: int) -> str:
    """So many bytes more than the machine uses now."""
    memory = psutil.virtual_memory()
    if memory.available < 2 * more:
        pytest.skip("there is too little memory here")
    return str(memory.total - memory.available + more)


@pytest.fixture
def greedy(start_kernel: Callable[..., Kernel]) -> Callable[..., Kernel]:
    def start(action: str) -> Kernel:
        kernel = start_kernel(NBTRACK_MEMORY_LIMIT=limit(500 << 20), NBTRACK_ON_MEMORY_LIMIT=action)
        kernel.run(LOAD)
        return kernel

    return start


def test_a_warning(greedy: Callable[..., Kernel]) -> None:
    kernel = greedy("warn")
    cell = kernel.start(GREEDY.format(pieces=30, seconds=0.1))
    note = "; memory reached "
    wait_until(lambda: kernel.runs() and note in kernel.only_run().reason, "the run to say so")
    assert kernel.only_run().reason.startswith("cell [2] is running; memory reached ")
    cell.wait()
    assert cell.error is None
    assert cell.text.count("nbtrack: memory reached") == 1
    assert "(cell [2])" in cell.text
    assert kernel.only_run().reason.startswith("waiting for the next cell; memory reached ")
    assert "warning    memory reached " in kernel.run("%track status").text
    # The next cell begins anew.
    again = kernel.run("%%track\ndel taken[:]\nnbtrack.log({'a': 1})")
    assert again.outputs == []
    assert kernel.only_run().reason == "waiting for the next cell"


def test_an_interrupt(greedy: Callable[..., Kernel]) -> None:
    kernel = greedy("interrupt")
    cell = kernel.start(GREEDY.format(pieces=10_000, seconds=0.1)).wait()
    assert cell.error == "KeyboardInterrupt"
    assert ", and the cell was interrupted (cell [2])" in cell.text
    run = kernel.only_run()
    assert [attempt.state for attempt in run.attempts] == ["interrupted"]
    assert run.state == "running"
    assert run.reason.endswith(", and the cell was interrupted")
    # The kernel lives, with its variables.
    assert kernel.run("len(taken) > 5").result == "True"


def test_nothing_is_interrupted_while_nothing_runs(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(NBTRACK_MEMORY_LIMIT="2", NBTRACK_ON_MEMORY_LIMIT="interrupt")
    kernel.run(LOAD)
    kernel.run("import threading, time\nnbtrack.log({'a': 1})")
    wait_until(lambda: kernel.only_run()._fold.memory_alert is not None, "the limit to be seen")
    assert kernel.run("6 * 7").result == "42"
    assert [attempt.state for attempt in kernel.only_run().attempts] == ["finished"]


def test_ignored(greedy: Callable[..., Kernel]) -> None:
    kernel = greedy("ignore")
    cell = kernel.run(GREEDY.format(pieces=14, seconds=0.1))
    assert cell.outputs == []
    assert kernel.only_run().reason == "waiting for the next cell"
