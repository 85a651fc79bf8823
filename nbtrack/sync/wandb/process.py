"""The process that writes for W&B, as the one that reads the run knows it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from ..._environment import environment
from ..._errors import SyncError, UsageError

_ROOT = str(Path(__file__).parents[3])
# Appended, not put first: a checkout or a copied folder must not hide a module of the library.
_BOOTSTRAP = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from nbtrack.sync.wandb.writer import main; main()"
)
_THEIRS = "WANDB_"


def check_installed() -> str:
    """The version of wandb.

    Raises:
        UsageError: It is not installed.
    """
    try:
        return metadata.version("wandb")
    except metadata.PackageNotFoundError:
        raise UsageError(
            "wandb is not installed",
            operation="export to W&B",
            hint="`pip install 'nbtrack[wandb]'` installs it.",
        ) from None


class WriterProcess:
    """Takes what is to be written, and says in the end what could not be."""

    def __init__(self, process: subprocess.Popen[bytes], messages: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._messages = messages

    def tell(self, action: str, *arguments: Any) -> None:
        """One action of the writer.

        Raises:
            SyncError: It has ended.
        """
        try:
            # The standard library's JSON keeps NaN, the infinities and integers of any size.
            self._stdin.write(json.dumps([action, *arguments]).encode() + b"\n")
        except BrokenPipeError:
            raise self._failed() from None

    def end(self) -> dict[str, int]:
        """Everything was told: wait for it. What could not be written, and how often.

        Raises:
            SyncError: It failed.
        """
        self.tell("end")
        try:
            self._stdin.close()
        except BrokenPipeError:
            raise self._failed() from None
        answer = self._stdout.read()
        if self._process.wait() or not answer:
            raise self._failed()
        problems: dict[str, int] = json.loads(answer)
        return problems

    def warnings(self) -> list[str]:
        """What wandb itself warned of."""
        said = self._messages.read_text(encoding="utf-8", errors="replace").splitlines()
        marked = (line.partition(mark)[2] for line in said for mark in ("WARNING ", "ERROR "))
        return list(dict.fromkeys(filter(None, marked)))

    def _failed(self) -> SyncError:
        status = self._process.wait()
        said = self._messages.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return SyncError(
            f"wandb could not write it: {said[-1] if said else f'it ended with {status}'}",
            operation="export to W&B",
            hint="Nothing of it was kept.",
        )


@contextlib.contextmanager
def writing(artifacts: Path, lock: int) -> Iterator[WriterProcess]:
    """A writer, which is gone afterwards with all that it started, however this ends.

    Args:
        artifacts: Where W&B keeps copies of tables, which its records name with their full path.
        lock: A locked file, which the writer holds too: it may outlive this process for a moment.

    Raises:
        SyncError: It cannot be started.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nbtrack-wandb-")))
        # None of the person's settings of W&B, and no folder of theirs.
        variables = {name: v for name, v in environment({}).items() if not name.startswith(_THEIRS)}
        variables |= {
            "WANDB_ERROR_REPORTING": "false",
            # Parts of the SDK ask this, not the run, whether they may reach a server.
            "WANDB_MODE": "offline",
            "WANDB_DATA_DIR": str(artifacts),
            **{f"WANDB_{kind}_DIR": str(folder / kind.lower()) for kind in ("CACHE", "CONFIG")},
        }
        messages = folder / "messages"
        file = stack.enter_context(messages.open("wb"))
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-c", _BOOTSTRAP, _ROOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                cwd=folder,
                env=variables,
                start_new_session=True,
                pass_fds=(lock,),
            )
        except OSError as error:
            raise SyncError(
                f"no process can be started: {error}", operation="export to W&B"
            ) from error
        stack.callback(_end, process)
        yield WriterProcess(process, messages)


def _end(process: subprocess.Popen[bytes]) -> None:
    # Once it has ended its number may be another's; what it started ends with it.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):
            pipe.close()
