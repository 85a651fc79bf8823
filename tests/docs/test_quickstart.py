"""``docs/quickstart.md``: somebody does what it says, in a kernel and a terminal."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import nbtrack
from tests.docs import markdown, quoting
from tests.kernel.kernels import Kernel, wait_until

PAGE = "docs/quickstart.md"
PLACE = "file:///tmp/copy-of-runs"


class Person:
    """Somebody with a notebook and a terminal.

    Attributes:
        kernel: The kernel of the notebook.
        said: What the last cell or command printed.
    """

    def __init__(self, folder: Path, kernels: contextlib.ExitStack) -> None:
        self._folder = folder
        self._kernels = kernels
        self.said = ""
        self.open()

    def open(self) -> None:
        notebook = str(self._folder / "first.ipynb")
        self.kernel = self._kernels.enter_context(Kernel(self._folder, JPY_SESSION_NAME=notebook))

    def run(self, cell: str) -> None:
        ran = self.kernel.run(cell.rstrip())
        assert ran.error is None
        self.said = ran.text + (ran.result or "")

    def lose(self, cell: str) -> None:
        """Run a cell that ends the kernel; then there is another one."""
        self.kernel.start(cell.rstrip())
        wait_until(lambda: not self.kernel.manager.is_alive(), "the kernel to die")
        (run,) = nbtrack.runs(dir=self.kernel.store)
        wait_until((run.path / "status.json").exists, "the post-mortem")
        self.open()

    def type(self, line: str) -> None:
        line = line.replace(PLACE, (self._folder / "copy").as_uri())
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            env={**os.environ, "NBTRACK_DIR": str(self.kernel.store), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        self.said = done.stdout


@pytest.mark.kernel
def test_five_minutes(tmp_path: Path) -> None:
    training = ""
    folder = tmp_path / "digits"
    folder.mkdir()
    with contextlib.ExitStack() as kernels:
        person = Person(folder, kernels)
        for block in markdown.all_blocks(PAGE):
            match block.language, block.words:
                case "python", ("dies",):
                    person.lose(block.text)
                case "python", ("again",):
                    # The same cell with another first line.
                    person.run(block.text + training.partition("\n")[2])
                case "python", ():
                    training = block.text if "MLPClassifier" in block.text else training
                    person.run(block.text)
                case "sh", _:
                    for line in block.text.splitlines():
                        if line.startswith("nbtrack "):
                            person.type(line)
                case "text", _:
                    told = block.text.replace("laptop", platform.node())
                    assert quoting.missing(told, person.said) == []
        person.kernel.shutdown()
    (run,) = nbtrack.runs(dir=folder / "store", where="name = 'first-run'")
    assert [attempt.rows for attempt in run.attempts] == [40, 40, 51]
    assert {one.id for one in nbtrack.runs(store=(folder / "copy").as_uri())} == {run.id}


def test_a_quotation_that_is_not_so_is_found() -> None:
    printed = "Sent 12 files, 1 kB, of 1 run to file:///elsewhere."
    assert quoting.missing("Sent 9 files, 38.2 kB, of 1 run to file:///tmp/copy.", printed) == []
    assert quoting.missing("Sent 9 files, of 1 run", printed) != []
    assert re.search("[a-z]", " ".join(quoting.parts("│ cause    killed by 9 │")))
