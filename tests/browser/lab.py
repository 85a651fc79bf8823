"""A real Jupyter server and a real browser, and what a person does with the two."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.request import Request, urlopen

import nbformat
from playwright.sync_api import Page

from nbtrack.store.layout import RunDir, Store
from nbtrack.store.reader import snapshot
from nbtrack.store.registry import key_of
from tests.server.servers import free_port

# A slow machine needs so long for the slowest of these things.
PATIENCE = 120.0
TOKEN = "a-token-of-this-test"
Application = Literal["lab", "notebook"]
Theme = Literal["JupyterLab Light", "JupyterLab Dark"]
THEMES: dict[str, Theme] = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class Server:
    """One Jupyter server on loopback.

    Attributes:
        root: Where its notebooks are.
        base: What its addresses begin with, with a slash at both ends.
        store: Where its kernels record.
    """

    def __init__(
        self, root: Path, *, application: Application = "lab", theme: Theme, base: str = "/"
    ) -> None:
        self.root = root
        self.base = base
        self.store = root / ".nbtrack"
        self.application = application
        self._home = root / "home"
        settings = self._home / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
        (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def address(self) -> str:
        """With a slash at its end."""
        return f"http://127.0.0.1:{self.port}{self.base}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.port = free_port()
        log = (self.root / f"server-{self.port}.log").open("wb")
        with log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "jupyterlab" if self.application == "lab" else "notebook",
                    "--no-browser",
                    "--allow-root",
                    "--ip=127.0.0.1",
                    f"--port={self.port}",
                    "--ServerApp.port_retries=0",
                    f"--ServerApp.root_dir={self.root}",
                    f"--ServerApp.base_url={self.base}",
                    f"--IdentityProvider.token={TOKEN}",
                    "--expose-app-in-browser",
                ],
                cwd=self.root,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, "the server answers")

    def stop(self) -> None:
        """As a person stops it, with its kernels. Repeatable."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def forget_signatures(self) -> None:
        """Trust no notebook that was saved before."""
        for path in (self._home / "data").rglob("nbsignatures.db*"):
            path.unlink()
        for path in (self._home / "data").rglob("notebook_secret"):
            path.unlink()

    def get(self, path: str, *, token: str | None = TOKEN) -> tuple[int, bytes]:
        """The status and body of a request."""
        headers = {"Authorization": f"token {token}"} if token else {}
        try:
            with urlopen(Request(self.address + path, headers=headers), timeout=PATIENCE) as found:
                return found.status, found.read()
        except OSError as error:
            return getattr(error, "code", 0), b""

    def save_notebook(self, name: str, cells: list[str]) -> Path:
        """Write a notebook of code cells."""
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        path = self.root / name
        nbformat.write(notebook, path)
        return path

    def runs_of(self, name: str) -> list[Path]:
        """The runs that a notebook recorded, oldest first."""
        found = []
        for run in sorted((self.store / "runs").glob("*")):
            info = json.loads((run / "run.json").read_text())
            if str(info["notebook"]).endswith(name):
                found.append(run)
        return found

    def pid_of(self, run: Path) -> int:
        """The kernel that records a run."""
        owner = snapshot(RunDir(run)).fold.owner
        assert owner is not None
        return owner.process.pid

    @property
    def store_key(self) -> str:
        """What the store is called in the server's addresses."""
        return key_of(Store(self.store))

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the server has ended; see its log"
        return self.get("api/status")[0] == 200

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
        return {
            **kept,
            "HOME": str(self._home),
            "XDG_DATA_HOME": str(self._home / "data"),
            "IPYTHONDIR": str(self._home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self._home / "jupyter"),
            "JUPYTER_RUNTIME_DIR": str(self._home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self._home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._home / "workspaces"),
            "NBTRACK_DIR": str(self.store),
            "PYTHONWARNINGS": "ignore",
        }


class Notebook:
    """A notebook that is open in a page."""

    def __init__(self, server: Server, page: Page, name: str) -> None:
        self._server = server
        self.page = page
        self.name = name

    def open(self) -> None:
        """Open it, and wait until its kernel is there."""
        kind = "lab/tree" if self._server.application == "lab" else "notebooks"
        query = "&reset" if self._server.application == "lab" else ""
        self.page.goto(f"{self._server.address}{kind}/{self.name}?token={TOKEN}{query}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE * 1e3)
        self.page.wait_for_function("window.jupyterapp", timeout=PATIENCE * 1e3)
        self.wait_until_idle()

    def run(self, cell: int, *, wait: bool = True) -> None:
        """Run a cell, counting from 0."""
        self._command("notebook:deselect-all")
        self.page.evaluate(
            """async (at) => {
                const notebook = jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = at;
                void jupyterapp.commands.execute("notebook:run-cell");
            }""",
            cell,
        )
        if wait:
            self.wait_until_ran(cell)

    def set_source(self, cell: int, source: str) -> None:
        """Type something else into a cell."""
        self.page.evaluate(
            "([at, source]) => jupyterapp.shell.currentWidget.content.widgets[at].model"
            ".sharedModel.setSource(source)",
            [cell, source],
        )

    def wait_until_ran(self, cell: int) -> None:
        """Until a cell has its number, and the kernel is idle."""
        wait_for(lambda: (self.prompt(cell) or "*").isdecimal(), f"cell {cell} has run")

    def is_trusted(self) -> bool:
        """Whether what it shows may do anything."""
        return bool(
            self.page.evaluate(
                "jupyterapp.shell.currentWidget.content.widgets"
                ".every((cell) => cell.model.type !== 'code' || cell.model.trusted)"
            )
        )

    def prompt(self, cell: int) -> str:
        """What stands in the brackets beside a cell."""
        text = str(self.cell(cell).locator(".jp-InputPrompt").first.inner_text())
        return text.strip().removeprefix("[").removesuffix("]:").strip()

    def cell(self, at: int) -> Any:
        """A cell, counting from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(at)

    def save(self) -> dict[str, Any]:
        """Save it. Returns what is in the file then."""
        self._command("docmanager:save")
        wait_for(
            lambda: not self.page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty"),
            "the notebook is saved",
        )
        return json.loads((self._server.root / self.name).read_text())  # type: ignore[no-any-return]

    def wait_until_idle(self) -> None:
        """Until the kernel waits for something to do."""
        self.page.wait_for_function(
            "jupyterapp.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status"
            " === 'idle'",
            timeout=PATIENCE * 1e3,
        )

    def _command(self, name: str) -> None:
        self.page.evaluate("(name) => void jupyterapp.commands.execute(name)", name)


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until something is so. Returns what the condition did."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain until {what}"
        time.sleep(0.05)


def chromium() -> str | None:
    """The browser of this machine; None: Playwright's own."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return None
