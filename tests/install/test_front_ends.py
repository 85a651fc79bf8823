"""Front ends that are no dependency of anything here, in environments of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

import nbtrack
from tests.install.environments import CHECKOUT
from tests.kernel.kernels import wait_until
from tests.server.servers import free_port

pytestmark = [pytest.mark.full, pytest.mark.kernel, pytest.mark.timeout(1800)]

LOAD = "%load_ext nbtrack\nimport nbtrack"
TRAIN = "%%track\nfor i in nbtrack.progress(range(30)): nbtrack.log({'loss': i})"
MARIMO = """\
import marimo
app = marimo.App()

@app.cell
def train():
    import nbtrack
    nbtrack.init(config={"rate": 1})
    for i in range(5): nbtrack.log({"loss": i})
    return (nbtrack,)

@app.cell
def after(nbtrack):
    nbtrack.log({"accuracy": 1})

if __name__ == "__main__":
    app.run()
"""
# What Spyder does with its kernel, without the window.
SPYDER = """\
import json, sys
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
manager = KernelManager()
argv = [sys.executable, "-m", "spyder_kernels.console", "-f", "{connection_file}"]
manager._kernel_spec = KernelSpec(argv=argv, display_name="Spyder", language="python")
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
client.wait_for_ready(timeout=120)
seen = []
def keep(message):
    if message["msg_type"] not in ("status", "execute_input"):
        seen.append([message["msg_type"], message["content"].get("text", "")])
for cell in json.loads(sys.argv[1]):
    client.execute_interactive(cell, timeout=120, output_hook=keep)
client.stop_channels()
manager.shutdown_kernel()
print(json.dumps(seen))
"""

Python = Callable[..., str]


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, outside_environ: Mapping[str, str]
) -> Path:
    """The folder of programs of an environment that has them all."""
    folder = tmp_path_factory.mktemp("front-ends") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    packages = ["voila>=0.5", "marimo", "spyder-kernels>=3"]
    wanted = ["--editable", str(CHECKOUT), *packages]
    subprocess.run([*pip, *wanted], env=outside_environ, check=True, timeout=1500)
    return folder / "bin"


@pytest.fixture
def run(environment: Path, store_dir: Path, tmp_path: Path) -> Python:
    """Runs a program of it."""

    def call(name: str, *arguments: str | Path) -> str:
        done = subprocess.run(
            [environment / name, *arguments],
            cwd=tmp_path,
            env={**os.environ, "NBTRACK_DIR": str(store_dir)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def only_run() -> nbtrack.RunView:
    (found,) = nbtrack.runs()
    return found


def test_marimo(run: Python, tmp_path: Path) -> None:
    (tmp_path / "notebook.py").write_text(MARIMO)
    run("python", "notebook.py")
    found = only_run()
    assert (found.state, found.reason, found.rows) == ("finished", "the script ended", 6)
    assert found.config == {"rate": 1}
    assert [attempt.name for attempt in found.attempts] == ["notebook.py"]


def test_spyder(run: Python, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import nbtrack\nfor i in range(4): nbtrack.log({'loss': i})\n")
    seen: list[Any] = json.loads(
        run("python", "-W", "ignore", "-c", SPYDER, json.dumps([LOAD, TRAIN, f"%runfile {script}"]))
    )
    assert {kind for kind, _ in seen} == {"stream"}, "nothing that its console cannot change"
    assert "30/30" in "".join(text for _, text in seen)
    found = only_run()
    assert (found.state, found.reason) == ("finished", "kernel shut down")
    assert [(attempt.state, attempt.rows) for attempt in found.attempts] == [
        *[("finished", 30), ("finished", 4)]
    ]


def test_voila(environment: Path, store_dir: Path, tmp_path: Path) -> None:
    v4: Any = nbformat.v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(LOAD), v4.new_code_cell(TRAIN)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, tmp_path / "notebook.ipynb")
    port = free_port()
    server = subprocess.Popen(
        [
            *(environment / "voila", "notebook.ipynb", "--no-browser", f"--port={port}"),
            "--Voila.ip=127.0.0.1",
        ],
        cwd=tmp_path,
        env={**os.environ, "NBTRACK_DIR": str(store_dir), "NBTRACK_VIEW": "live"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        page = wait_until(lambda: opened(f"http://127.0.0.1:{port}/"), "the page")
    finally:
        server.terminate()
        server.wait(120)
    assert "data:image/svg+xml" in page
    assert "widget-view" not in page
    found = wait_until(lambda: (run := only_run()).state != "running" and run, "its end")
    assert (found.state, found.reason, found.rows) == ("finished", "kernel shut down", 30)


def opened(address: str) -> str:
    """What a visitor gets; empty before there is a server."""
    try:
        with urllib.request.urlopen(address, timeout=120) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
