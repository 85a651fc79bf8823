"""Notebooks in VS Code, as far as a kernel notices; what VS Code does is in ``vscode.py``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import psutil
import pytest

from nbtrack import RunView
from tests.kernel.kernels import Cell, wait_until
from tests.kernel.vscode import VARIABLES, VSCodeKernel

pytestmark = pytest.mark.kernel

LOAD = "%load_ext nbtrack\nimport nbtrack, time"
LOOP = "%%track\nfor i in range(10_000):\n    nbtrack.log({'loss': i})\n    time.sleep(0.01)"
WIDGET = "application/vnd.jupyter.widget-view+json"


class Starts(Protocol):
    def __call__(self, **environ: str) -> VSCodeKernel: ...


@pytest.fixture
def start_vscode(tmp_path: Path) -> Iterator[Starts]:
    with ExitStack() as kernels:

        def start(**environ: str) -> VSCodeKernel:
            return kernels.enter_context(VSCodeKernel(tmp_path, **environ))

        yield start


def start_loop(kernel: VSCodeKernel) -> Cell:
    """A tracked cell that goes on, once it has begun."""
    cell = kernel.start(LOOP, cell="W2sZmlsZQ%3D%3D")
    wait_until(lambda: kernel.runs() and kernel.only_run().rows > 10, "the loop")
    return cell


def recorders(kernel: VSCodeKernel) -> list[int]:
    return [child.pid for child in psutil.Process(kernel.pid).children()]


def sources(run: RunView) -> list[str]:
    return [cell.source.partition("\n")[0] for cell in run.cells]


def test_what_the_editor_runs_for_itself_is_not_recorded(start_vscode: Starts) -> None:
    kernel = start_vscode()
    kernel.run(LOAD, cell="W1sZmlsZQ%3D%3D")
    kernel.run_quietly(VARIABLES)
    kernel.run("%%track\nnbtrack.log({'loss': 1})\nprint('seen')", cell="W2sZmlsZQ%3D%3D")
    kernel.run_quietly(VARIABLES)
    kernel.run("6 * 7", cell="W3sZmlsZQ%3D%3D")
    run = kernel.current_run()
    assert run.notebook == str(kernel.notebook)
    assert sources(run) == [LOAD.partition("\n")[0], "%%track", "6 * 7"]
    assert [cell.execution_count for cell in run.cells] == [1, 2, 3]
    assert [(a.cell_id, a.state, a.rows) for a in run.attempts] == [("W2sZmlsZQ==", "finished", 1)]
    kernel.shutdown()
    run = wait_until(lambda: merged(kernel), "the recorder to finish its work")
    assert run.state == "finished"
    assert "seen" in run.log()
    assert "quiet" not in run.log()


def test_rows_that_such_code_logs_count(start_vscode: Starts) -> None:
    kernel = start_vscode()
    kernel.run_quietly("import nbtrack\nnbtrack.log({'loss': 1})\nprint('seen')")
    run = kernel.current_run()
    assert [(a.state, a.rows) for a in run.attempts] == [("finished", 1)]
    assert "seen" in run.log()


@pytest.fixture
def every_kernel(tmp_path: Path) -> str:
    """IPython's directory, in which nbtrack is part of every kernel."""
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(
        "get_config().InteractiveShellApp.extensions = ['nbtrack']\n"
    )
    return str(profile.parent)


def test_in_every_kernel_a_mistake_is_told_to_the_person(
    start_vscode: Starts, every_kernel: str
) -> None:
    kernel = start_vscode(IPYTHONDIR=every_kernel, NBTRACK_SAMPLE_INTERVAL="often")
    assert "nbtrack" not in kernel.run_quietly(VARIABLES).text
    assert "nbtrack is not recording" in kernel.run("6 * 7").text


def test_in_every_kernel_the_notebook_is_known(start_vscode: Starts, every_kernel: str) -> None:
    kernel = start_vscode(
        IPYTHONDIR=every_kernel,
        # On a Jupyter server it takes a name that no notebook has.
        JPY_SESSION_NAME="notebook-jvsc-0c1d6d2e-9d3c.ipynb",
    )
    kernel.run("import nbtrack; nbtrack.log({'loss': 1})")
    run = kernel.current_run()
    assert run.notebook == str(kernel.notebook)
    assert sources(run) == ["import nbtrack; nbtrack.log({'loss': 1})"]


def test_an_interrupt_and_a_restart(start_vscode: Starts) -> None:
    kernel = start_vscode(NBTRACK_VIEW="live")
    kernel.run(LOAD)
    cell = start_loop(kernel).wait_for_display(WIDGET)
    before = recorders(kernel)
    kernel.interrupt()
    cell.wait()
    assert cell.error == "KeyboardInterrupt"
    assert recorders(kernel) == before, "the recorder goes on"
    shown = [set(output.get("data", {})) for output in cell.outputs]
    assert {WIDGET, "text/plain"} in shown, "without the widget's state there is something else"
    kernel.start(LOOP, cell="W2sZmlsZQ%3D%3D")
    wait_until(lambda: len(kernel.only_run().attempts) == 2, "another try")
    kernel.restart()
    run = wait_until(lambda: merged(kernel), "the recorder to finish its work")
    assert run.state == "crashed"
    assert "in cell [3]" in run.reason
    assert "Previous kernel died in cell [3]" in kernel.run(LOAD).text


def merged(kernel: VSCodeKernel) -> RunView | None:
    run = kernel.only_run()
    return run if (run.path / "session.ipynb").exists() else None
