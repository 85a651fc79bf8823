"""The code of the pages runs: cells in a real kernel, scripts as scripts, commands in a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import nbtrack
from nbtrack._attempts import CellInfo
from tests.docs import markdown

# Pages whose Python blocks are the cells of one notebook, from top to bottom.
NOTEBOOKS = ("README.md", "docs/getting-started.md", "docs/settings.md")
PAGES = [str(page.relative_to(markdown.ROOT)) for page in markdown.PAGES]
SCRIPTS = [block for page in PAGES for block in markdown.blocks(page, "python", "script")]
# Those of docs/sync.md, lake.md and mlflow.md, which ask a server, and of to-wandb.md
# are run in tests/sync, of docs/jupyterhub.md in tests/hub, and those of quickstart.md and
# troubleshooting.md beside this file.
COMMANDS = (
    *("docs/getting-started.md", "docs/cli.md", "docs/sessions.md", "docs/sync.md"),
    *("docs/lake.md", "docs/mlflow.md", "docs/to-wandb.md", "docs/jupyterhub.md"),
    *("docs/quickstart.md", "docs/troubleshooting.md"),
)


def run_as_notebook(page: str, folder: Path) -> nbformat.NotebookNode:
    """Execute the page's cells in a real kernel; a cell that raises fails the test."""
    v4: Any = nbformat.v4  # its functions have no types
    cells = [v4.new_code_cell(block.text.strip()) for block in markdown.blocks(page, "python")]
    notebook = v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    return client.execute(env={**os.environ, "NBTRACK_DIR": str(folder / "store")})


def shell_commands(page: str) -> list[str]:
    """The lines of the page's shell blocks that call nbtrack."""
    lines = [line for block in markdown.blocks(page, "sh") for line in block.text.splitlines()]
    return [line for line in lines if line.startswith("nbtrack ")]


@pytest.mark.kernel
@pytest.mark.parametrize("page", NOTEBOOKS)
def test_the_cells_of_a_page_run_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    notebook = run_as_notebook(page, tmp_path)
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert "recording this kernel" in "".join(output.get("text", "") for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    runs = nbtrack.runs(dir=tmp_path / "store")
    assert all(run.state == "finished" for run in runs)
    if page == "README.md":
        (run,) = runs
        (attempt,) = run.attempts
        assert (attempt.name, attempt.rows, attempt.config) == ("bold", 40, {"rate": 0.05})
        table = outputs[-1]["data"]["text/plain"].splitlines()
        assert table[0].split() == ["attempt", "step", "loss", "accuracy"]
        assert [line.split()[0] for line in table[1:]] == [str(row) for row in range(40)]
    if page == "docs/getting-started.md":
        first = runs[-1]
        assert [a.name for a in first.attempts[:2]] == ["slow", "fast"]
        assert [a.rows for a in first.attempts[:2]] == [20, 20]
        assert first.config["optimizer"] == "sgd"
        assert first.summary["best"] == pytest.approx(1 - 0.7**20)
        assert {run.name for run in runs[:-1]} == {"first-steps", "rate 0.1", "rate 0.2"}
        check_commands(page, tmp_path)


def check_commands(page: str, folder: Path) -> None:
    commands = shell_commands(page)
    assert commands
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)],
            cwd=folder,
            env={**os.environ, "NBTRACK_DIR": str(folder / "store")},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout


@pytest.mark.parametrize("page", ["docs/cli.md", "docs/sessions.md"])
def test_the_commands_of_a_page_run(page: str, tmp_path: Path) -> None:
    run = nbtrack.init(name="first-steps", dir=tmp_path / "store", config={"rate": 0.1})
    cell = CellInfo(cell_id="c", execution_count=7, source="print('text')")
    run.begin_cell(cell)
    run.console.write(cell, "stdout", "text\n")
    run.log({"loss": 0.5, "accuracy": 0.75})
    run.end_cell(cell, "finished", None)
    run.finish()
    check_commands(page, tmp_path)
    found = nbtrack.open_run("first-steps", dir=tmp_path / "store")
    assert found.state == "finished"
    made = [path.name for path in tmp_path.iterdir() if path.is_file()]
    assert "loss.parquet" in made if page == "docs/cli.md" else f"{found.id}.ipynb" in made


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_a_script_of_the_pages_runs(
    script: markdown.Block, tmp_path: Path, store_dir: Path
) -> None:
    file = tmp_path / "script.py"
    file.write_text(script.text)
    subprocess.run(
        [sys.executable, "-W", "error", str(file)], cwd=tmp_path, timeout=180, check=True
    )
    (run,) = nbtrack.runs()
    assert run.state == "finished"
    assert run.rows >= 10 or run.artifacts or run.saved_files


def test_every_python_block_is_run_somewhere() -> None:
    elsewhere = {"docs/format.md", "docs/lake.md", "docs/sync.md", "docs/quickstart.md"}
    elsewhere |= {"docs/jupyterhub.md", "docs/troubleshooting.md", "CONTRIBUTING.md"}
    for page in set(PAGES) - {*NOTEBOOKS, *elsewhere}:
        assert not markdown.blocks(page, "python"), page
    assert len(SCRIPTS) >= 2


@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_of_a_program_is_python(page: str) -> None:
    for block in markdown.blocks(page, "py"):
        compile(block.text, str(block), "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_page_with_commands_has_them_run() -> None:
    assert {page for page in PAGES if shell_commands(page)} == set(COMMANDS)
