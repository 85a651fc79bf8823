"""Notebooks without a person (nbclient), IPython in a terminal, and scripts that only import it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pexpect
import pytest
from nbclient.client import NotebookClient
from nbclient.exceptions import CellExecutionError

import nbtrack
from nbtrack import RunView

pytestmark = pytest.mark.kernel


def only_run(store: Path) -> RunView:
    (run,) = nbtrack.runs(dir=store)
    return run


def execute(folder: Path, *sources: str) -> Any:
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell{at}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for at, source in enumerate(sources)
        ],
    }
    notebook: Any = nbformat.from_dict(document)
    NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def test_nbclient(store_dir: Path, tmp_path: Path) -> None:
    notebook = execute(
        tmp_path,
        "%load_ext nbtrack\nimport nbtrack",
        "%%track --config lr=0.1\nfor i in range(100):\n    nbtrack.log({'loss': i})\ni",
        "%%track\nnbtrack.log({'accuracy': 0.9})",
    )
    assert notebook.cells[1].outputs[0].data["text/plain"] == "99"
    run = only_run(store_dir)
    assert (run.state, run.reason, run.rows) == ("finished", "kernel shut down", 101)
    assert [a.state for a in run.attempts] == ["finished", "finished"]
    assert len({a.cell_id for a in run.attempts}) == 2


def test_nbclient_stops_at_an_error(store_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="no data"):
        execute(
            tmp_path,
            "%load_ext nbtrack\nimport nbtrack",
            "%%track\nnbtrack.log({'loss': 1})\nraise ValueError('no data')",
            "%%track\nnbtrack.log({'loss': 2})",
        )
    run = only_run(store_dir)
    assert (run.state, run.rows) == ("failed", 1)
    assert run.exception is not None
    assert (run.exception["type"], run.exception["line"]) == ("ValueError", 3)


def run_ipython(store: Path, tmp_path: Path, text: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "IPython",
            "--simple-prompt",
            "--no-banner",
            "--colors=NoColor",
            "--HistoryManager.enabled=False",
        ],
        input=text,
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_terminal(store_dir: Path, tmp_path: Path) -> None:
    shown = run_ipython(
        store_dir,
        tmp_path,
        "%load_ext nbtrack\n"
        "import nbtrack\n"
        "%%track --name one\n"
        "nbtrack.log({'a': 1})\n"
        "6 * 7\n"
        "\n\n"
        "%%track --name two\n"
        "nbtrack.log({'a': 2})\n"
        "1 / 0\n"
        "\n\n"
        "exit\n",
    )
    assert f"recording this kernel to {store_dir}" in shown
    assert "Out[3]: 42" in shown
    run = only_run(store_dir)
    assert run.state == "failed"
    assert [(a.name, a.state, a.rows) for a in run.attempts] == [
        ("one", "finished", 1),
        ("two", "failed", 1),
    ]
    assert run.exception is not None
    assert (run.exception["cell"], run.exception["line"]) == ("[4]", 3)


def test_a_terminal_that_is_closed(store_dir: Path, tmp_path: Path) -> None:
    run_ipython(store_dir, tmp_path, "import nbtrack; nbtrack.log({'a': 1})\n")
    run = only_run(store_dir)
    assert (run.state, run.reason) == ("finished", "IPython was closed")
    assert [(a.state, a.rows) for a in run.attempts] == [("finished", 1)]


# Other tests may have left threads here, which a pseudo-terminal's fork does without.
@pytest.mark.filterwarnings("ignore:.*use of forkpty:DeprecationWarning")
def test_a_terminal_in_which_somebody_types(store_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import nbtrack\nnbtrack.log({'a': 1})\nraise ValueError(1)\n")
    options = ["--simple-prompt", "--no-banner", "--colors=NoColor"]
    environ = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "NBTRACK_VIEW": "live"}
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", *options],
        cwd=str(tmp_path),
        env=environ,
        timeout=120,
        encoding="utf-8",
    )
    lines = ["%load_ext nbtrack", "import nbtrack, time"]
    for number, line in enumerate(lines, start=1):
        terminal.expect_exact(f"In [{number}]: ")
        terminal.sendline(line)
    terminal.expect_exact("In [3]: ")
    loop = "for i in nbtrack.progress(range(9999), label='epoch'): "
    terminal.sendline(f"{loop}nbtrack.log({{'a': i}}); time.sleep(0.01)\n")
    # One line that is written over and over, since there is nothing else to show it in.
    for _ in range(3):
        terminal.expect(r"\repoch +\d+%.*left")
    terminal.sendintr()
    terminal.expect_exact("KeyboardInterrupt")
    terminal.expect_exact("In [4]: ")
    terminal.sendline("%run bad.py")
    terminal.expect_exact("In [5]: ")
    terminal.sendline("%track status")
    terminal.expect("2: 1 interrupted, 1 failed")
    terminal.expect_exact("In [6]: ")
    terminal.sendline("exit")
    terminal.expect_exact(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    run = only_run(store_dir)
    assert (run.state, run.reason) == ("failed", "cell [4] raised ValueError")
    assert [a.state for a in run.attempts] == ["interrupted", "failed"]


def test_a_script_that_imports_ipython_is_a_script(store_dir: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import IPython, nbtrack\nnbtrack.log({'a': 1})\n")
    subprocess.run([sys.executable, str(script)], check=True, timeout=120)
    run = only_run(store_dir)
    assert (run.state, run.reason) == ("finished", "the script ended")


def test_a_script_imports_no_ipython_because_of_us(store_dir: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import nbtrack, sys\nnbtrack.log({'a': 1})\nassert 'IPython' not in sys.modules\n"
    )
    subprocess.run([sys.executable, str(script)], check=True, timeout=120)
    assert only_run(store_dir).rows == 1
