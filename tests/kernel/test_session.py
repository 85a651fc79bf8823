"""Cells, log and session of a run, read back from its files however the kernel ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from nbtrack import CellView, RunView
from nbtrack.store.layout import RunDir
from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel

SESSION = [
    ("c0", "x = 1"),
    ("c1", "%load_ext nbtrack\nimport nbtrack"),
    ("c2", "x = x * 2\nprint('x is', x)"),
    ("c3", "%%track --name fit\nfor n in range(4): nbtrack.log({'x': x, 'n': n})\nx"),
    ("c2", "x = x * 2\nprint('x is', x)"),
    ("c4", "print('first'); 1 / 0"),
    ("c3", "%%track --name fit\nfor n in range(4): nbtrack.log({'x': x, 'n': n})\nx"),
    ("c2", "x = x * 2\nprint('x is', x)"),
]
STUCK = "%%track\nimport time\nprint('never ends')\nwhile True: time.sleep(0.01)"


def nbtrack(kernel: Kernel, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments, "--store", str(kernel.store)],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def facts(cells: list[CellView]) -> list[tuple[Any, ...]]:
    return [(c.execution_count, c.cell_id, c.state, c.attempt) for c in cells]


def play(kernel: Kernel) -> None:
    for cell, source in SESSION:
        kernel.run(source, cell=cell)


def derived(run: RunView) -> tuple[str, nbformat.NotebookNode]:
    """The log and the session as they lie in the run's directory, once they do."""
    run_dir = RunDir(run.path)
    wait_until(run_dir.output_log.exists, "the log of the run")
    notebook = nbformat.read(run_dir.session, as_version=4)
    nbformat.validate(notebook)
    return run_dir.output_log.read_text(encoding="utf-8"), notebook


def run_again(notebook: nbformat.NotebookNode, folder: Path) -> list[list[str]]:
    """What the cells of a session print and give in a fresh kernel."""
    folder.mkdir()
    again = nbformat.from_dict(notebook)
    client = NotebookClient(again, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "NBTRACK_DIR": str(folder / "store")})
    return [shown(cell) for cell in again.cells if cell.cell_type == "code"]


def shown(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell shows, whatever pieces a stream came in."""
    kinds = {"stream": "text", "error": "ename", "execute_result": "data", "display_data": "data"}
    found: list[str] = []
    stream = None
    for output in cell.outputs:
        text = str(output[kinds[output.output_type]])
        if stream is not None and output.get("name") == stream:
            found[-1] += text
        else:
            found.append(text)
        stream = output.get("name") if output.output_type == "stream" else None
    return found


def test_every_cell_is_kept_in_the_order_in_which_it_ran(kernel: Kernel) -> None:
    play(kernel)
    running = kernel.start(STUCK, cell="c5").wait_for_text("never ends")
    run = kernel.open(kernel.run_directories()[0])
    assert facts(run.cells) == [
        (1, run.cells[0].cell_id, "unseen", None),
        (2, run.cells[1].cell_id, "unseen", None),
        (3, "c2", "finished", None),
        (4, "c3", "finished", 1),
        (5, "c2", "finished", None),
        (6, "c4", "failed", None),
        (7, "c3", "finished", 2),
        (8, "c2", "finished", None),
        (9, "c5", "running", 3),
    ]
    kernel.interrupt()
    running.wait()
    cells = run.refresh().cells
    assert (cells[-1].state, cells[-1].attempt) == ("interrupted", 3)
    assert [cell.output for cell in cells[2:6]] == ["x is 2\n", "2\n", "x is 4\n", "first\n"]
    failed = cells[5]
    assert failed.exception is not None
    assert (failed.exception["type"], failed.exception["line"]) == ("ZeroDivisionError", 1)
    assert all(c.wall_seconds is not None and c.peak_memory_bytes for c in cells[2:])
    assert all(c.cpu_seconds is not None and c.cpu_seconds >= 0 for c in cells[2:])
    table = nbtrack(kernel, "show", run.id, "--cells")
    assert [line.split()[0] for line in table.splitlines() if "[" in line] == [
        f"[{n}]" for n in range(1, 10)
    ]
    as_json = json.loads(nbtrack(kernel, "show", run.id, "--cells", "--json"))
    assert [cell["state"] for cell in as_json["cells"]] == [cell.state for cell in cells]


def test_peak_memory_is_that_of_the_cell(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("block = bytearray(300 << 20)\nfor at in range(0, len(block), 4096): block[at] = 1")
    kernel.run("del block")
    kernel.run("'small'")
    sizes = [c.peak_memory_bytes or 0 for c in kernel.open(kernel.run_directories()[0]).cells[1:]]
    assert sizes[0] > 300 << 20
    assert sizes[2] < sizes[0] - (200 << 20)


def test_a_session_that_was_killed_is_repeated_up_to_the_cell_that_was_cut(
    kernel: Kernel, tmp_path: Path
) -> None:
    play(kernel)
    kernel.start(STUCK, cell="c5").wait_for_text("never ends")
    kernel.kill()
    run = kernel.only_run()
    assert run.state == "crashed"
    assert facts(run.cells)[-1] == (9, "c5", "crashed", 3)
    text, notebook = derived(run)
    assert text.endswith("never ends\n── cut off when the kernel died\n")
    *code, note, cut = notebook.cells
    assert [cell.source for cell in code] == [source for _, source in SESSION]
    assert [cell.execution_count for cell in code] == list(range(1, 9))
    assert (note.cell_type, cut.cell_type, cut.source) == ("markdown", "raw", STUCK)
    before = [shown(cell) for cell in code]
    assert before[2:] == [
        ["x is 2\n"],
        ["{'text/plain': '2'}"],
        ["x is 4\n"],
        ["first\n", "ZeroDivisionError"],
        ["{'text/plain': '4'}"],
        ["x is 8\n"],
    ]
    assert run_again(notebook, tmp_path / "again")[2:] == before[2:]


def test_a_session_is_made_from_disk_when_kernel_and_recorder_were_killed(
    kernel: Kernel, tmp_path: Path
) -> None:
    play(kernel)
    recorders = [
        child
        for child in psutil.Process(kernel.pid).children()
        if "nbtrack" in " ".join(child.cmdline())
    ]
    assert len(recorders) == 1
    recorders[0].kill()
    kernel.kill()
    run = kernel.only_run()
    assert not RunDir(run.path).session.exists()
    target = tmp_path / "session.ipynb"
    nbtrack(kernel, "export", run.id, "--format", "ipynb", "-o", str(target))
    notebook = nbformat.read(target, as_version=4)
    assert [cell.source for cell in notebook.cells] == [source for _, source in SESSION]
    wait_until(lambda: "recorder" not in _recover(kernel), "the run to be recovered")
    assert len(derived(run)[1].cells) == len(SESSION)


def _recover(kernel: Kernel) -> str:
    return nbtrack(kernel, "recover")


def test_the_log_as_a_person_saw_it(kernel: Kernel) -> None:
    play(kernel)
    kernel.run("for n in range(101): print(f'\\r{n} %', end='')")
    kernel.shutdown()
    run = kernel.only_run()
    text, _ = derived(run)
    lines = [line.split(" · ")[0] for line in text.splitlines()]
    assert lines[:6] == ["── In [3]", "x is 2", "── In [4]", "Out[4]: 2", "── In [5]", "x is 4"]
    assert "ZeroDivisionError: division by zero" in lines
    assert lines[-1] == "100 %"
    assert nbtrack(kernel, "logs", run.id) == text == run.log()
    assert nbtrack(kernel, "logs", run.id, "--tail", "2").splitlines()[-1] == "100 %"
    assert nbtrack(kernel, "logs", run.id, "--cell", "5").splitlines()[1:] == ["x is 4"]
    pieces = json.loads(nbtrack(kernel, "logs", run.id, "--json"))
    assert {"stdout", "result"} == {piece["stream"] for piece in pieces}


def test_following_a_log_until_the_kernel_dies(kernel: Kernel) -> None:
    play(kernel)
    (run_id,) = kernel.run_directories()
    command = [sys.executable, "-m", "nbtrack", "logs", run_id, "--follow"]
    with subprocess.Popen(
        [*command, "--store", str(kernel.store)], stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        while "x is 8" not in following.stdout.readline():
            pass
        kernel.start("print('while it is followed')\nimport time\ntime.sleep(1000)", cell="c9")
        assert following.stdout.readline().startswith("── In [9]")
        assert following.stdout.readline() == "while it is followed\n"
        kernel.kill()
        assert following.wait(60) == 0


def test_a_later_run_of_the_kernel_repeats_what_was_before(kernel: Kernel) -> None:
    play(kernel)
    kernel.run("nbtrack.finish()", cell="end")
    kernel.run("nbtrack.log({'second': x})", cell="more")
    second = kernel.current_run()
    assert [cell.source for cell in second.cells][: len(SESSION)] == [s for _, s in SESSION]
    assert [cell.state for cell in second.cells] == ["unseen"] * 9 + ["finished"]
