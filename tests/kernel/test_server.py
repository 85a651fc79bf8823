"""Kernels that a real Jupyter server starts, as JupyterLab and Notebook 7 ask it to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

import nbtrack
from tests.kernel.kernels import PATIENCE, Kernel, wait_until

pytestmark = pytest.mark.kernel

TOKEN = "of-this-test"


class Server:
    """A Jupyter server over a folder of notebooks."""

    def __init__(self, root: Path, store: Path) -> None:
        runtime = root / "runtime"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={root}"),
                f"--IdentityProvider.token={TOKEN}",
            ],
            env={**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "NBTRACK_DIR": str(store)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._runtime = runtime
        info = runtime / f"jpserver-{self._process.pid}.json"
        wait_until(info.exists, "the server to start")
        self._url = wait_until(lambda: _json(info), "the server's address")["url"]
        wait_until(self._answers, "the server to answer")

    def _answers(self) -> bool:
        """It says where it listens a moment before it does."""
        try:
            return bool(self.ask("GET", "status"))
        except urllib.error.URLError:
            return False

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self._process.terminate()
        self._process.wait(PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request of its REST interface."""
        request = urllib.request.Request(
            f"{self._url}api/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"token {TOKEN}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def open(self, notebook: str) -> tuple[str, BlockingKernelClient]:
        """A session for a notebook: its id, and a client of its kernel."""
        kernel = {"name": "python3"}
        name = notebook.rpartition("/")[2]
        body = {"path": notebook, "name": name, "type": "notebook", "kernel": kernel}
        session = self.ask("POST", "sessions", body)
        client = BlockingKernelClient()
        client.load_connection_file(str(self._runtime / f"kernel-{session['kernel']['id']}.json"))
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        return session["id"], client


def _json(path: Path) -> Any:
    text = path.read_text()
    return json.loads(text) if text.endswith("}") else None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path, tmp_path / "store")
    yield started
    started.stop()


def execute(client: BlockingKernelClient, source: str, cell: str) -> None:
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": True}
    message = client.session.msg("execute_request", content, metadata={"cellId": cell})
    client.shell_channel.send(message)
    while client.get_shell_msg(timeout=PATIENCE)["parent_header"]["msg_id"] != message["msg_id"]:
        pass


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


def test_what_vs_code_and_colab_tell(start_kernel: Callable[..., Kernel]) -> None:
    cell = "vscode-notebook-cell:/home/ada/code.ipynb#W2sZmlsZQ%3D%3D"
    code = start_kernel(COLAB_RELEASE_TAG="release-colab_20261101", COLAB_GPU="")
    code.run("__vsc_ipynb_file__ = '/home/ada/code.ipynb'\n%load_ext nbtrack\nimport nbtrack")
    code.run("%%track\nnbtrack.log({'a': 1})", cell=cell)
    run = code.current_run()
    assert run.notebook == "/home/ada/code.ipynb"
    assert [attempt.cell_id for attempt in run.attempts] == [cell]
