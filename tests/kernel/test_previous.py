"""The next kernel of a notebook tells how the one before it died, and the card tells all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psutil
import pytest

import nbtrack
from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel

LOAD = "%load_ext nbtrack\nimport nbtrack"
BEGIN = """\
import time
def wait_until_kept(text):
    journal = nbtrack.run.path / 'journal'
    while text.encode() not in b''.join(file.read_bytes() for file in journal.glob('*.seg')):
        time.sleep(0.01)
"""
# The kernel hands on what was printed a moment later: what dies with it was never said.
DYING = """\
%%track
import ctypes
for epoch in range(100):
    nbtrack.log({'epoch': epoch})
    print(f'epoch {epoch}')
wait_until_kept(f'epoch {epoch}')
ctypes.string_at(0)
"""


def died(kernel: Kernel) -> None:
    kernel.run(LOAD)
    kernel.run(BEGIN)
    wait_until(lambda: list(kernel.store.glob("runs/*/journal/r*.seg")), "the recorder")
    kernel.start(DYING)
    wait_until(lambda: not kernel.manager.is_alive(), "the kernel to die")


def show(kernel: Kernel, *options: str) -> str:
    name = kernel.runs()[0].name
    command = [sys.executable, "-m", "nbtrack", "show", name, *options]
    done = subprocess.run(
        [*command, "--store", str(kernel.store)], capture_output=True, text=True, check=True
    )
    return done.stdout


def next_kernel(start_kernel: Callable[..., Kernel], before: Kernel, notebook: str) -> Kernel:
    return start_kernel(JPY_SESSION_NAME=notebook, NBTRACK_DIR=str(before.store))


def test_one_line_in_the_next_kernel_of_the_notebook(start_kernel: Callable[..., Kernel]) -> None:
    first = start_kernel(JPY_SESSION_NAME="/home/ada/digits.ipynb")
    died(first)
    run_dir = next((first.store / "runs").iterdir())
    wait_until((run_dir / "status.json").exists, "the recorder to have summed up")
    second = next_kernel(start_kernel, first, "/home/ada/digits.ipynb")
    loading = second.run(LOAD)
    (run,) = nbtrack.runs(dir=first.store)
    assert loading.text == (
        f"Previous kernel {run.reason}; 100 rows kept; nbtrack show {run.name}\n"
    )
    assert run.reason.startswith("died in cell [3], line 7: segmentation fault (SIGSEGV)")
    # It took no more than a kernel may load.
    assert second.value("{'duckdb', 'arro3'} & set(__import__('sys').modules)") == "set()"
    assert loading.text.strip() in second.run("%track status").text
    second.run("%%track\nnbtrack.log({'a': 1})")
    assert loading.text.strip() in second.run("%track").text
    second.shutdown()
    third = next_kernel(start_kernel, first, "/home/ada/digits.ipynb")
    assert third.run(LOAD).text.startswith(f"nbtrack {nbtrack.__version__}: recording")


def test_other_notebooks_do_not_hear_of_it(start_kernel: Callable[..., Kernel]) -> None:
    first = start_kernel(JPY_SESSION_NAME="/home/ada/digits.ipynb")
    died(first)
    other = next_kernel(start_kernel, first, "/home/ada/letters.ipynb")
    assert "Previous" not in other.run(LOAD).text


def test_with_nobody_left_to_sum_it_up(start_kernel: Callable[..., Kernel]) -> None:
    first = start_kernel(JPY_SESSION_NAME="/home/ada/digits.ipynb")
    first.run(LOAD)
    first.run("%%track\nnbtrack.log({'a': 1})")
    first.start("%%track\nimport time\nnbtrack.log({'a': 2})\nprint('now')\ntime.sleep(600)")
    position = next((first.store / "runs").iterdir()) / "position.json"
    wait_until(
        lambda: position.exists() and b'"line":5' in position.read_bytes(), "the line to be seen"
    )
    recorders = [
        process
        for process in psutil.Process(first.pid).children()
        if "nbtrack.recorder" in " ".join(process.cmdline())
    ]
    for process in recorders:
        process.suspend()
    os.kill(first.pid, signal.SIGKILL)
    for process in recorders:
        process.kill()
    wait_until(lambda: not first.manager.is_alive(), "the kernel to be gone")
    second = next_kernel(start_kernel, first, "/home/ada/digits.ipynb")
    line = second.run(LOAD).text
    assert line.startswith("Previous kernel died in cell [3], line 5: cause unknown; 2 rows kept;")


def test_a_kernel_that_lives_is_not_dead(start_kernel: Callable[..., Kernel]) -> None:
    first = start_kernel(JPY_SESSION_NAME="/home/ada/digits.ipynb")
    first.run(LOAD)
    first.start("%%track\nimport time\nnbtrack.log({'a': 1})\ntime.sleep(600)")
    wait_until(first.runs, "the run")
    second = next_kernel(start_kernel, first, "/home/ada/digits.ipynb")
    assert "Previous" not in second.run(LOAD).text


def test_the_card(kernel: Kernel) -> None:
    died(kernel)
    run_dir = next((kernel.store / "runs").iterdir())
    wait_until((run_dir / "status.json").exists, "the recorder to have summed up")
    card: dict[str, Any] = json.loads(show(kernel, "--json"))["post_mortem"]
    assert (card["certainty"], card["signal"], card["exit_code"]) == ("proven", 11, None)
    assert (card["cell"], card["line"], card["source"]) == ("[3]", 7, "ctypes.string_at(0)")
    assert card["output"].splitlines()[-1] == "epoch 99"
    assert card["stack"].startswith("Fatal Python error: Segmentation fault\nCurrent thread")
    assert 0 < card["memory_bytes"] < card["memory_limit_bytes"]
    assert card["memory"]
    assert all(0 < value < card["memory_limit_bytes"] for value in card["memory"])
    text = show(kernel)
    for words in ("post-mortem", "segmentation fault", "proven", "epoch 99", "in string_at"):
        assert words in text
    found = kernel.only_run().post_mortem
    assert found is not None
    assert found.to_dict() == card


def test_no_card_for_the_living_and_the_ended(kernel: Kernel) -> None:
    kernel.run(LOAD)
    kernel.run("%%track\nnbtrack.log({'a': 1})")
    assert kernel.only_run().post_mortem is None
    kernel.shutdown()
    assert kernel.only_run().post_mortem is None
    assert "post-mortem" not in show(kernel)
