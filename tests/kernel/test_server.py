"""Kernels that a real Jupyter server starts, as JupyterLab and Notebook 7 ask it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nbtrack
from tests.kernel.kernels import PATIENCE, Kernel, wait_until
from tests.kernel.servers import Server, execute

pytestmark = pytest.mark.kernel


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path, tmp_path / "store")
    yield started
    started.stop()


def test_the_notebook_and_its_cells_are_known(server: Server, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    session, client = server.open("work/digits.ipynb")
    execute(client, "%load_ext nbtrack\nimport nbtrack", "a1b2")
    execute(client, "%%track\nnbtrack.log({'loss': 0.5})", "c3d4")
    execute(client, "1 / 0", "e5f6")
    (run,) = nbtrack.runs(dir=tmp_path / "store")
    assert run.state == "running"
    assert run.notebook is not None
    assert run.notebook.endswith("work/digits.ipynb")
    assert [cell.cell_id for cell in run.cells][1:] == ["c3d4", "e5f6"]
    assert [attempt.cell_id for attempt in run.attempts] == ["c3d4"]
    client.stop_channels()
    server.ask("DELETE", f"sessions/{session}")
    wait_until(lambda: run.refresh().state != "running", "the run to end")
    assert (run.state, run.reason) == ("finished", "kernel shut down")


def test_restarting_and_stopping_the_server(server: Server, tmp_path: Path) -> None:
    _, client = server.open("one.ipynb")
    execute(client, "%load_ext nbtrack\nimport nbtrack\nnbtrack.log({'a': 1})", "a")
    (kernel,) = server.ask("GET", "kernels")
    server.ask("POST", f"kernels/{kernel['id']}/restart")
    (first,) = nbtrack.runs(dir=tmp_path / "store")
    wait_until(lambda: first.refresh().state != "running", "the run to end")
    assert (first.state, first.reason) == ("finished", "kernel restarted")
    client.wait_for_ready(timeout=PATIENCE)
    execute(client, "%load_ext nbtrack\nimport nbtrack\nnbtrack.log({'a': 1})", "a")
    second = nbtrack.runs(dir=tmp_path / "store")[0]
    client.stop_channels()
    server.stop()
    wait_until(lambda: second.refresh().state == "finished", "the run to end")


def test_a_server_that_dies_takes_its_kernels_along(server: Server, tmp_path: Path) -> None:
    _, client = server.open("one.ipynb")
    execute(client, "%load_ext nbtrack\nimport nbtrack\nnbtrack.log({'a': 1})", "a")
    (run,) = nbtrack.runs(dir=tmp_path / "store")
    client.stop_channels()
    server.kill()
    wait_until(lambda: "server" in run.refresh().reason, "word of how it ended", patience=30)
    assert (run.state, run.reason) == ("finished", "died while idle: its Jupyter server had ended")


def test_what_vs_code_and_colab_tell(start_kernel: Callable[..., Kernel]) -> None:
    cell = "vscode-notebook-cell:/home/ada/code.ipynb#W2sZmlsZQ%3D%3D"
    code = start_kernel(COLAB_RELEASE_TAG="release-colab_20261101", COLAB_GPU="")
    code.run("__vsc_ipynb_file__ = '/home/ada/code.ipynb'\n%load_ext nbtrack\nimport nbtrack")
    code.run("%%track\nnbtrack.log({'a': 1})", cell=cell)
    run = code.current_run()
    assert run.notebook == "/home/ada/code.ipynb"
    # Without the notebook's address, which changes when it is saved under another name.
    assert [attempt.cell_id for attempt in run.attempts] == ["W2sZmlsZQ=="]
