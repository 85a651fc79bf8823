"""Real Jupyter servers, asked over HTTP as their front ends ask them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient

from tests.kernel.kernels import PATIENCE, wait_until

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

    def kill(self) -> None:
        """End it so that it can tell its kernels nothing."""
        self._process.kill()
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
        # A second without a heartbeat would be a death: kernels are slow on a busy machine.
        client.hb_channel.time_to_dead = PATIENCE
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        return session["id"], client


def _json(path: Path) -> Any:
    text = path.read_text()
    return json.loads(text) if text.endswith("}") else None


def execute(client: BlockingKernelClient, source: str, cell: str) -> None:
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": True}
    message = client.session.msg("execute_request", content, metadata={"cellId": cell})
    client.shell_channel.send(message)
    while client.get_shell_msg(timeout=PATIENCE)["parent_header"]["msg_id"] != message["msg_id"]:
        pass
