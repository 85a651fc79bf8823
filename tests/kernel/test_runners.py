"""Programs that run notebooks and scripts: one run each, and it ended as it really did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

import nbtrack
from nbtrack import RunView

pytestmark = pytest.mark.kernel

LOAD = "%load_ext nbtrack\nimport nbtrack"
TRAIN = "%%track\nfor n in range(3): nbtrack.log({'loss': 1 / (n + 1)})"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(*sources: str, name: str = "notebook.ipynb") -> nbformat.NotebookNode:
    """A notebook of these cells; one that begins with ``#!`` may raise."""
    cells = [nbformat.v4.new_code_cell(source.removeprefix("#!")) for source in sources]
    for cell, source in zip(cells, sources, strict=True):
        if source.startswith("#!"):
            cell.metadata["tags"] = ["raises-exception"]
        if source.startswith("rate = 1"):
            cell.metadata["tags"] = ["parameters"]
    notebook: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, name)
    return notebook


def run(*command: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    done = subprocess.run(
        [sys.executable, *command], env=environ, capture_output=True, text=True, timeout=180
    )
    assert (done.returncode != 0) == (status != 0), done.stderr
    return done


def only_run() -> RunView:
    (found,) = nbtrack.runs(include_empty=True)
    return found


def ended() -> tuple[str, str]:
    found = only_run()
    return found.state, found.reason


class TestPapermill:
    def test_parameters_become_the_config(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NBTRACK_VIEW", "live")
        write(LOAD, "rate = 1\nepochs: int = 10\nimport os\nhere = os.getcwd()", TRAIN)
        run("-m", "papermill", "notebook.ipynb", "out.ipynb", "-p", "rate", "0.25", "-y", "n: [1]")
        found = only_run()
        assert (found.state, found.reason) == ("finished", "kernel shut down")
        given = {"rate": 0.25, "epochs": 10, "n": [1]}
        assert found.config == given
        assert found.attempts[0].config == given
        (shown,) = nbformat.read("out.ipynb", as_version=4).cells[-1].outputs
        assert "finished" in shown.data["text/plain"], "a picture, and no live view"
        assert "data:image/svg+xml" in shown.data["text/html"]

    def test_parameters_that_came_before_the_extension(self) -> None:
        write("rate = 1", LOAD, TRAIN)
        run("-m", "papermill", "notebook.ipynb", "out.ipynb", "-p", "rate", "0.5")
        assert only_run().config == {"rate": 0.5}

    def test_a_failing_notebook(self) -> None:
        write(LOAD, "rate = 1", TRAIN, "1 / 0")
        run("-m", "papermill", "notebook.ipynb", "out.ipynb", "-p", "rate", "2", status=1)
        assert ended() == ("failed", "cell [5] raised ZeroDivisionError and nothing ran after it")


class TestNbconvert:
    def test_a_passing_notebook(self) -> None:
        write(LOAD, TRAIN, "'the end'")
        run("-m", "nbconvert", "--to", "notebook", "--execute", "notebook.ipynb")
        assert ended() == ("finished", "kernel shut down")
        assert only_run().rows == 3

    def test_a_failing_notebook(self) -> None:
        write(LOAD, TRAIN, "%%track\nraise ValueError('no')")
        run("-m", "nbconvert", "--to", "notebook", "--execute", "notebook.ipynb", status=1)
        assert ended() == ("failed", "cell [3] raised ValueError")

    def test_errors_that_are_allowed(self) -> None:
        write(LOAD, TRAIN, "1 / 0")
        run("-m", "nbconvert", "--to=notebook", "--execute", "--allow-errors", "notebook.ipynb")
        assert ended() == ("finished", "kernel shut down")


class TestJupyter:
    def test_execute(self) -> None:
        write(LOAD, TRAIN)
        run("-c", "from nbclient.cli import main; main()", "notebook.ipynb")
        assert ended() == ("finished", "kernel shut down")
        assert only_run().rows == 3

    def test_run(self) -> None:
        Path("script.py").write_text("import nbtrack\nnbtrack.log({'a': 1})\n")
        run("-m", "jupyter_client.runapp", "script.py")
        assert ended() == ("finished", "kernel shut down")
        assert [(a.state, a.rows) for a in only_run().attempts] == [("finished", 1)]


class TestNbclient:
    def test_a_cell_that_is_not_tracked_fails_the_notebook(self) -> None:
        with pytest.raises(CellExecutionError):
            NotebookClient(write(LOAD, TRAIN, "undefined", "'never'")).execute()
        found = only_run()
        assert found.state == "failed"
        assert found.reason == "cell [3] raised NameError and nothing ran after it"
        assert found.exception is not None
        assert (found.exception["cell"], found.exception["line"]) == ("[3]", 1)

    def test_a_cell_that_may_raise(self) -> None:
        NotebookClient(write(LOAD, TRAIN, "#!1 / 0")).execute()
        assert ended() == ("finished", "kernel shut down")

    def test_an_error_that_was_gone_past(self) -> None:
        NotebookClient(write(LOAD, TRAIN, "#!1 / 0", "'later'")).execute()
        assert ended() == ("finished", "kernel shut down")

    def test_a_cell_that_takes_too_long(self) -> None:
        notebook = write(LOAD, "%%track\nnbtrack.log({'a': 1})\nwhile True: pass")
        with pytest.raises(CellTimeoutError):
            NotebookClient(notebook, timeout=3).execute()
        found = only_run()
        assert found.state == "failed"
        assert [attempt.state for attempt in found.attempts] == ["interrupted"]

    def test_a_kernel_that_dies(self) -> None:
        notebook = write(LOAD, "%%track\nnbtrack.log({'a': 1})\nimport os; os.kill(os.getpid(), 9)")
        with pytest.raises(RuntimeError):
            NotebookClient(notebook).execute()
        assert only_run().state == "crashed"
        assert only_run().rows == 1


class TestIPythonRunsAFile:
    @pytest.mark.parametrize("ending", ["ipy", "py"])
    @pytest.mark.parametrize(
        ("last", "state", "reason"),
        [
            ("print('done')", "finished", "the script ended"),
            ("1 / 0", "failed", "raised ZeroDivisionError"),
        ],
    )
    def test_a_script(self, ending: str, last: str, state: str, reason: str) -> None:
        first = "%load_ext nbtrack\n!echo shell" if ending == "ipy" else "print('plain')"
        script = Path(f"script.{ending}")
        script.write_text(f"{first}\nimport nbtrack\nnbtrack.log({{'a': 1}})\n{last}\n")
        run("-m", "IPython", str(script), status=state == "failed")
        found = only_run()
        assert found.state == state
        assert reason in found.reason
        assert [(a.name, a.rows) for a in found.attempts] == [(script.name, 1)]

    def test_code_on_the_command_line(self) -> None:
        run("-m", "IPython", "-c", "%%track\nimport nbtrack; nbtrack.log({'a': 1})", status=1)
        code = "%load_ext nbtrack\nimport nbtrack\nnbtrack.log({'a': 1})"
        run("-m", "IPython", "-c", code)
        assert only_run().state == "finished"
        assert only_run().rows == 1


class TestPython:
    @pytest.mark.parametrize(
        ("last", "state"),
        [
            ("print('done')", "finished"),
            ("raise ValueError('no')", "failed"),
            ("import sys; sys.exit(3)", "failed"),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crashed"),
        ],
    )
    def test_train_py(self, last: str, state: str) -> None:
        Path("train.py").write_text(
            "import nbtrack\nnbtrack.init()\nprint('epoch 1')\n"
            f"for n in range(5): nbtrack.log({{'n': n}})\n{last}\n"
        )
        done = run("train.py", status=state != "finished")
        assert (done.returncode == -signal.SIGKILL) == (state == "crashed")
        assert only_run().state == state
        assert only_run().rows == 5
        assert "epoch 1\n" in only_run().log()
