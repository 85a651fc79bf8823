"""A real kernel, driven as a front end drives one, and its store read from outside."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

import nbtrack
from nbtrack import RunView

PATIENCE = 120.0


def wait_until(condition: Callable[[], Any], what: str, *, patience: float = PATIENCE) -> Any:
    """What ``condition`` gives once that is true; fails if it does not come."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain: {what}")
        time.sleep(0.02)
    return found


class Cell:
    """One execution of a cell, as its front end saw it."""

    def __init__(self, kernel: Kernel, message_id: str) -> None:
        self._kernel = kernel
        self.message_id = message_id
        self._outputs: list[dict[str, Any]] = []
        self._done = False
        self.number: int | None = None

    def wait(self, *others: Cell) -> Cell:
        """Until the cell has ended. Pass on to ``others`` what is theirs."""
        wait_until(lambda: self._poll(*others)._done, "the cell to end")
        return self

    def wait_for_text(self, text: str) -> Cell:
        """Until the cell has printed ``text``."""
        wait_until(lambda: text in self._poll().text, f"{text!r} from the cell")
        return self

    def wait_for_display(self, kind: str) -> Cell:
        """Until the cell has shown something of this MIME type."""
        wait_until(
            lambda: any(kind in output.get("data", {}) for output in self._poll().outputs), kind
        )
        return self

    def _poll(self, *others: Cell) -> Cell:
        """Take what the kernel has sent. Returns itself."""
        while not self._done:
            try:
                message = self._kernel.client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                assert self._kernel.is_alive(), "the kernel died"
                break
            for cell in (self, *others):
                if message["parent_header"].get("msg_id") == cell.message_id:
                    cell._take(message["msg_type"], message["content"])
        return self

    def _take(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "status":
            self._done = content["execution_state"] == "idle"
        elif kind == "execute_input":
            self.number = content["execution_count"]
        else:
            self._outputs.append({"kind": kind, **content})

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What a notebook would keep, without what differs from run to run."""
        kept: list[dict[str, Any]] = []
        for output in self._outputs:
            output = {k: v for k, v in output.items() if k not in ("transient", "execution_count")}
            last = kept[-1] if kept else {}
            if output["kind"] == "stream" and last.get("name") == output["name"]:
                last["text"] += output["text"]
            else:
                kept.append(output)
        return kept

    @property
    def text(self) -> str:
        """Everything printed."""
        return "".join(o["text"] for o in self._outputs if o["kind"] == "stream")

    @property
    def result(self) -> str | None:
        """``Out[n]`` as text."""
        results = [o for o in self._outputs if o["kind"] == "execute_result"]
        return results[0]["data"]["text/plain"] if results else None

    @property
    def error(self) -> str | None:
        """The name of the exception that was shown, if one was."""
        errors = [o["ename"] for o in self._outputs if o["kind"] == "error"]
        return errors[-1] if errors else None


class Kernel:
    """A kernel of its own, in a directory of its own, with a store of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.manager = KernelManager()
        # In a test, ipykernel would leave out what is written past Python's own streams.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        self._environ = {**inherited, "NBTRACK_DIR": str(self.store), **environ}
        self.manager.start_kernel(env=self._environ, cwd=str(folder))
        self.client = self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def _connect(self) -> BlockingKernelClient:
        client: BlockingKernelClient = self.manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        return client

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return bool(self.manager.is_alive())

    @property
    def pid(self) -> int:
        """The kernel's process."""
        pid = self.manager.provisioner.pid  # type: ignore[union-attr]
        assert isinstance(pid, int)
        return pid

    def subshell(self) -> str:
        """A new subshell's id."""
        message = self.client.session.msg("create_subshell_request")
        self.client.control_channel.send(message)
        reply = self.client.get_control_msg(timeout=PATIENCE)
        subshell_id = reply["content"]["subshell_id"]
        assert isinstance(subshell_id, str)
        return subshell_id

    def start(
        self,
        source: str,
        *,
        cell: str | None = None,
        silent: bool = False,
        history: bool = True,
        subshell: str | None = None,
    ) -> Cell:
        """Send a cell and return at once. ``cell`` is its id in the notebook."""
        message = self.client.session.msg(
            "execute_request",
            {
                "code": source,
                "silent": silent,
                "store_history": history and not silent,
                "user_expressions": {},
                "allow_stdin": False,
                # With True, a failed cell would take those along that are sent meanwhile; and it
                # says that nobody goes on after an error.
                "stop_on_error": False,
            },
            metadata={"cellId": cell} if cell is not None else {},
        )
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return Cell(self, message["header"]["msg_id"])

    def run(
        self, source: str, *, cell: str | None = None, silent: bool = False, history: bool = True
    ) -> Cell:
        """Run a cell to its end."""
        return self.start(source, cell=cell, silent=silent, history=history).wait()

    def value(self, expression: str) -> str:
        """``repr`` of an expression in the kernel, asked for without running a cell."""
        message_id = self.client.execute("", silent=True, user_expressions={"it": expression})
        while True:
            reply = self.client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == message_id:
                break
        found = reply["content"]["user_expressions"]["it"]
        assert found["status"] == "ok", found
        text = found["data"]["text/plain"]
        assert isinstance(text, str)
        return text

    def interrupt(self) -> None:
        """The stop button."""
        self.manager.interrupt_kernel()

    def shutdown(self) -> None:
        """Shut down as Jupyter does when a person closes the notebook; until it is over."""
        self.client.stop_channels()
        process = psutil.Process(self.pid)
        self.manager.shutdown_kernel()
        process.wait(PATIENCE)

    def restart(self) -> None:
        """The restart button."""
        self.client.stop_channels()
        self.manager.restart_kernel(env=self._environ, cwd=str(self.folder))
        self.client = self._connect()

    def kill(self) -> None:
        """SIGKILL, as the memory killer does it."""
        os.kill(self.pid, signal.SIGKILL)
        wait_until(lambda: not self.is_alive(), "the kernel to be gone")

    def current_run(self) -> RunView:
        """The kernel's current run, read from outside."""
        return self.open(self.value("nbtrack.run.id").strip("'"))

    def open(self, run_id: str) -> RunView:
        """A run of the store, read anew."""
        return nbtrack.open_run(run_id, dir=self.store)

    def runs(self) -> list[RunView]:
        """Every run of the store that is listed, oldest first."""
        return list(nbtrack.runs(dir=self.store))[::-1]

    def only_run(self) -> RunView:
        """The one run of the store."""
        (run,) = self.runs()
        return run

    def run_directories(self) -> list[str]:
        """Every run that has a directory, listed or not."""
        folder = self.store / "runs"
        return sorted(os.listdir(folder)) if folder.exists() else []
