"""A kernel as VS Code's Jupyter extension has one, without a server: read in its sources.

It starts the process itself, says where the notebook is in code that it runs first, names cells by
the addresses of its editor, and looks at variables by code that it runs between cells. Interrupts
and ends go to everything below the kernel first, and a restart is an end and another process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from tests.kernel.kernels import PATIENCE, Cell, Kernel

# What its startup code and its list of variables look like to a kernel.
STARTUP = """__vsc_ipynb_file__ = "{path}"
%config Completer.use_jedi = False
def _VSCODE_prepare():
    import os as _VSCODE_os
    print("quiet")
_VSCODE_prepare()
del _VSCODE_prepare
"""
VARIABLES = "def _VSCODE_getVariables():\n    print([*globals()][:3])\n_VSCODE_getVariables()\n"


class VSCodeKernel(Kernel):
    """A kernel of its own for a notebook in a directory of its own."""

    def __init__(self, folder: Path, *, name: str = "notebook.ipynb", **environ: str) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.notebook = folder / name
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("JPY_", "PYTEST_CURRENT"))
        }
        self._environ = {
            **inherited,
            "VSCODE_PID": str(os.getpid()),
            "VSCODE_CWD": str(folder),
            "PYDEVD_IPYTHON_COMPATIBLE_DEBUGGING": "1",
            "NBTRACK_DIR": str(self.store),
            **environ,
        }
        self._launch()

    def _launch(self) -> None:
        file, _ = write_connection_file(str(self.folder / f"kernel-v3{os.urandom(8).hex()}.json"))
        self._file = Path(file)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", f"--f={file}"],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.client = BlockingKernelClient()
        self.client.load_connection_file(file)
        self.client.hb_channel.time_to_dead = PATIENCE
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        self.run_quietly(STARTUP.format(path=self.notebook))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.shutdown()
        else:
            self.client.stop_channels()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(
        self,
        source: str,
        *,
        cell: str | None = None,
        silent: bool = False,
        history: bool = True,
        subshell: str | None = None,
    ) -> Cell:
        """Run a cell of the notebook; ``cell`` is the end of its address, such as ``W0sZmlsZQ==``.

        With ``history=False``: what is run between cells.
        """
        content = {
            "code": source,
            "silent": silent,
            "store_history": history and not silent,
            "user_expressions": {},
            "allow_stdin": True,
            "stop_on_error": False,
        }
        address = f"vscode-notebook-cell:{self.notebook}#{cell or 'W0sZmlsZQ%3D%3D'}"
        metadata = {"cellId": address} if history else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return Cell(self, message["header"]["msg_id"])

    def run_quietly(self, source: str) -> Cell:
        """Code of the editor's own, with no cell of the notebook, and nothing that is numbered."""
        return self.start(source, history=False).wait()

    def interrupt(self) -> None:
        self._signal_children(signal.SIGINT)
        os.kill(self.pid, signal.SIGINT)

    def shutdown(self) -> None:
        """Close the notebook."""
        self._end()

    def restart(self) -> None:
        self._end()
        self._launch()

    def _end(self) -> None:
        self._signal_children(signal.SIGTERM)
        self._process.terminate()
        self.client.stop_channels()
        self._process.wait(PATIENCE)
        self._file.unlink(missing_ok=True)

    def _signal_children(self, number: int) -> None:
        for child in psutil.Process(self.pid).children(recursive=True):
            child.send_signal(number)
