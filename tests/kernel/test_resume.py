"""Runs of notebooks go on in another kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel.kernels import Kernel

pytestmark = pytest.mark.kernel

INIT = 'import nbtrack\nrun = nbtrack.init(resume="auto")\nprint(run.id)'


def logs(*values: int) -> str:
    return f"for value in {values}:\n    nbtrack.log({{'loss': value}})"


def test_auto_goes_on_with_the_run_of_this_notebook(
    start_kernel: Callable[..., Kernel], tmp_path: Path
) -> None:
    notebook = {"JPY_SESSION_NAME": str(tmp_path / "train.ipynb")}
    first = start_kernel(**notebook)
    id = first.run(INIT, cell="a").text.strip()
    first.run(logs(0, 1, 2), cell="b")
    first.start(
        f"{logs(3)}\nprint('logged')\nimport time; time.sleep(600)", cell="c"
    ).wait_for_text("logged")
    first.kill()
    assert first.open(id).state == "crashed"

    store = {"NBTRACK_DIR": str(first.store)}
    other = start_kernel(**store, JPY_SESSION_NAME=str(tmp_path / "other.ipynb"))
    assert other.run(INIT).text.strip() != id
    nameless = start_kernel(**store)
    assert nameless.run(INIT).text.strip() != id

    second = start_kernel(**store, **notebook)
    assert second.run(INIT, cell="a").text.strip() == id
    # The cell that logs first goes on with the steps, though another one called init().
    second.run(logs(4, 5), cell="b")
    second.run(logs(6), cell="c")
    second.run("run.finish()")
    found = first.open(id)
    rows = [
        (row["attempt"], row["step"], row["value"]) for row in found.history("loss").to_pylist()
    ]
    assert [(step, value) for _, step, value in rows] == [
        (0, 0),
        (1, 1),
        (2, 2),
        (0, 3),
        (1, 4),
        (2, 5),
        (0, 6),
    ]
    assert [attempt for attempt, _, _ in rows] == [2, 2, 2, 3, 5, 5, 6]
    assert [part.state for part in found.parts] == ["crashed", "finished"]
    assert second.run(INIT, cell="a").text.strip() != id


def test_auto_goes_on_with_this_kernel_s_run_if_its_cell_failed(kernel: Kernel) -> None:
    failing = f"{INIT}\n{logs(0, 1)}\nraise ValueError"
    id = kernel.run(failing, cell="a").text.split()[0]
    assert kernel.open(id).state == "failed"
    assert kernel.run(f"{INIT}\n{logs(2)}", cell="a").text.split()[0] == id
    rows = kernel.open(id).history("loss").to_pylist()
    assert [(row["step"], row["value"]) for row in rows] == [(0, 0), (1, 1), (2, 2)]
    assert kernel.open(id).state == "running"
    assert kernel.run(INIT, cell="a").text.split()[0] != id
