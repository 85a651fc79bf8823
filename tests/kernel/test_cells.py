"""Cells that succeed, fail, are interrupted or exit, and what their run says then."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtrack import AttemptView, RunView
from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel

LOOP = """\
%%track
import time
nbtrack.log({"loss": 1.0})
print("looping")
while True:
    time.sleep(0.01)
"""
ASYNC_LOOP = """\
%%track
import asyncio
nbtrack.log({"loss": 1.0})
print("looping")
while True:
    await asyncio.sleep(0.01)
"""
# Four lines that become one, and a line that fails when it runs for the second time.
FOLDED = "!echo a \\\n  b \\\n  c \\\n  d"
FAILS_NEXT = "x = 1 / y; y = 0"


def attempt(kernel: Kernel) -> AttemptView:
    return kernel.current_run().attempts[-1]


def failure(run: RunView | AttemptView) -> tuple[str, str, str, int | None]:
    assert run.exception is not None
    found = run.exception
    return found["type"], found["message"], found["cell"], found["line"]


def test_rows_belong_to_their_cell(notebook: Kernel) -> None:
    cell = notebook.run(
        "%%track --name first --tag a --config lr=0.1\n"
        "for i in range(100):\n    nbtrack.log({'loss': 1 / (i + 1)})",
        cell="c1",
    )
    run = notebook.current_run()
    assert run.state == "running"
    assert run.rows == 100
    assert run.config == {"lr": 0.1}
    (only,) = run.attempts
    assert (only.n, only.cell_try, only.cell_id, only.state) == (1, 1, "c1", "finished")
    assert (only.name, only.tags, only.rows) == ("first", ["a"], 100)
    assert only.summary["loss"] == 0.01
    assert only.source.startswith("%%track --name first")
    table = run.history("loss").to_pandas()
    assert list(table["step"]) == list(range(100))
    assert list(table["value"]) == [1 / (i + 1) for i in range(100)]
    assert cell.number == int(notebook.value("len(In)")) - 1


def test_an_attempt_is_running_while_its_cell_runs(notebook: Kernel) -> None:
    cell = notebook.start(LOOP, cell="c1").wait_for_text("looping")
    # Nothing can be asked of a busy kernel; everything is read from the files.
    run = notebook.runs()[-1]
    assert run.state == "running"
    assert f"[{cell.number}]" in run.reason
    assert [a.state for a in run.attempts] == ["running"]
    assert run.rows == 1
    notebook.interrupt()
    cell.wait()


def test_a_failure_shows_at_once(notebook: Kernel) -> None:
    cell = notebook.run(
        "%%track\n\ndef train():\n    raise ValueError('no data')\n\ntrain()", cell="c1"
    )
    run = notebook.current_run()
    assert run.state == "failed"
    assert failure(run) == ("ValueError", "no data", f"[{cell.number}]", 4)
    assert run.exception is not None
    assert run.exception["traceback"] == (
        "Traceback (most recent call last):\n"
        f'  File "Cell [{cell.number}]", line 6, in <module>\n'
        "    train()\n"
        f'  File "Cell [{cell.number}]", line 4, in train\n'
        "    raise ValueError('no data')\n"
        "ValueError: no data\n"
    )


def test_running_it_again_makes_it_good(notebook: Kernel) -> None:
    notebook.run("%%track\nraise ValueError", cell="c1")
    assert notebook.current_run().state == "failed"
    notebook.run("%%track\nnbtrack.log({'loss': 1})", cell="c1")
    run = notebook.current_run()
    assert run.state == "running"
    assert [(a.cell_try, a.state) for a in run.attempts] == [(1, "failed"), (2, "finished")]
    notebook.run("%unload_ext nbtrack")
    assert notebook.open(run.id).state == "finished"


def test_another_cell_does_not(notebook: Kernel) -> None:
    notebook.run("%%track\nraise ValueError", cell="a")
    notebook.run("%%track\nnbtrack.log({'loss': 1})", cell="b")
    run = notebook.current_run()
    assert run.state == "failed"
    notebook.run("%unload_ext nbtrack")
    assert notebook.open(run.id).state == "failed"


def test_an_error_in_an_untracked_cell_is_no_failure(notebook: Kernel) -> None:
    notebook.run("%%track\nnbtrack.log({'loss': 1})", cell="a")
    notebook.run("1 / 0", cell="b")
    run = notebook.current_run()
    assert run.state == "running"
    assert len(run.attempts) == 1


@pytest.mark.parametrize("function", ["log({'loss': 1})", "init()"])
def test_a_cell_that_calls_nbtrack_is_tracked(notebook: Kernel, function: str) -> None:
    notebook.run(f"x = 1\nnbtrack.{function}\n1 / 0", cell="a")
    run = notebook.current_run()
    assert run.state == "failed"
    assert [(a.cell_id, a.state) for a in run.attempts] == [("a", "failed")]
    assert failure(run)[3] == 3


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("%%track\n%%capture\n\nx = 1\n1 / 0", "ZeroDivisionError", 5),
        ("%%capture\n%%track\nx = 1\n1 / 0", "ZeroDivisionError", 4),
        ("%%track\n\n%%time\n\nx = 1\n1 / 0", "ZeroDivisionError", 6),
        ("%%time\n%%track\nx = 1\n1 / 0", "ZeroDivisionError", 4),
        ("%%track\n%run failing.py", "RuntimeError", None),
        ("%%track\nx = 1\n\nfor", "SyntaxError", 4),
        ("%%track\n  x = 1\n    y = 2", "IndentationError", 2),
        ("%%track\n\nreturn 1", "SyntaxError", 3),
        ("%%track\n\n%nosuchmagic", "UsageError", 3),
        ("%%track\nimport sys\nsys.exit(2)", "SystemExit", 3),
        ("%%track\nimport sys\nsys.exit('no data')", "SystemExit", 3),
        ("%%track\nimport asyncio\nawait asyncio.sleep(0)\n1 / 0", "ZeroDivisionError", 4),
        ("\n\n%%track\n1 / 0", "ZeroDivisionError", 4),
        ("%%track\n!echo a \\\n  b\n1 / 0\n1 / 0", "ZeroDivisionError", 4),
        (f"%%track\ny = 1\n{FOLDED}\n{FAILS_NEXT}\n{FAILS_NEXT}", "ZeroDivisionError", 8),
        (f"%%track\ny = 1\n{FAILS_NEXT}\n{FAILS_NEXT}\n{FOLDED}\n{FAILS_NEXT}",
         "ZeroDivisionError", 4),
        ("%%track\ntry:\n    1 / 0\nexcept Exception:\n    get_ipython().showtraceback()",
         "ZeroDivisionError", 3),
    ],
)  # fmt: skip
def test_failures(notebook: Kernel, source: str, kind: str, line: int | None) -> None:
    Path(notebook.folder, "failing.py").write_text("x = 1\nraise RuntimeError\n")
    cell = notebook.run(source)
    run = notebook.current_run()
    assert run.state == "failed"
    assert [a.state for a in run.attempts] == ["failed"]
    assert run.exception is not None
    assert (run.exception["type"], run.exception["line"]) == (kind, line)
    assert run.exception["cell"] == f"[{cell.number}]"
    for machinery in ("IPython/", "ipykernel", "nbtrack"):
        assert machinery not in run.exception["traceback"]
    # A cell that is well says nothing of errors before it.
    notebook.run("%%track\npass")
    assert attempt(notebook).state == "finished"


def test_a_line_magic_that_swallows_the_error(notebook: Kernel) -> None:
    notebook.run("%%track\n%time 1 / 0")
    (only,) = notebook.current_run().attempts
    assert only.state == "failed"
    assert only.exception is not None
    assert only.exception["type"] == "ZeroDivisionError"
    # IPython 8 shows the error inside the magic: then no frame of the cell is in its traceback.
    assert only.exception["line"] in (2, None)


@pytest.mark.parametrize(
    "source",
    [
        "%%track",
        "%%track\npass",
        "%%track\nimport sys\nsys.exit()",
        "%%track\nimport sys\nsys.exit(0)",
        "%%track\n%%capture\nimport sys\nsys.exit(0)",
        "%%track\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    pass",
        "%%track\nimport asyncio\nawait asyncio.sleep(0)",
        "%%track\nasync def f():\n    return 3\nawait f()",
        "%%track\n%time 1 + 1",
        "%%track\n!false",
        "%%track\nprint('%%time')",
    ],
)
def test_cells_without_a_failure(notebook: Kernel, source: str) -> None:
    notebook.run("1 / 0")
    notebook.run(source)
    run = notebook.current_run()
    assert run.state == "running"
    assert [a.state for a in run.attempts] == ["finished"]


@pytest.mark.parametrize("source", [LOOP, ASYNC_LOOP, LOOP.replace("%%track", "%%track\n%%time")])
def test_an_interrupt_ends_the_attempt_and_no_more(notebook: Kernel, source: str) -> None:
    cell = notebook.start(source, cell="c1").wait_for_text("looping")
    notebook.interrupt()
    cell.wait()
    run = notebook.current_run()
    assert run.state == "running"
    assert [a.state for a in run.attempts] == ["interrupted"]
    notebook.run("%%track\nnbtrack.log({'loss': 0.5})", cell="c2")
    run = notebook.current_run()
    assert [(a.state, a.rows) for a in run.attempts] == [("interrupted", 1), ("finished", 1)]


def test_an_interrupt_below_capture(notebook: Kernel) -> None:
    ready = Path(notebook.folder, "ready")
    cell = notebook.start(
        "%%track\n%%capture\nimport pathlib, time\n"
        f"pathlib.Path({str(ready)!r}).touch()\nwhile True:\n    time.sleep(0.01)"
    )
    wait_until(ready.exists, "the cell to run")
    notebook.interrupt()
    cell.wait()
    assert attempt(notebook).state == "interrupted"


def test_the_history_is_as_typed(notebook: Kernel) -> None:
    first = notebook.run("%%track\n\n40 + 2")
    second = notebook.run("%%track --name x\nimport asyncio\nawait asyncio.sleep(0, result='y')")
    third = notebook.run("%%track\n%%time\n6 * 7")
    assert (first.result, second.result, third.result) == ("42", "'y'", "42")
    assert first.number is not None
    assert [second.number, third.number] == [first.number + 1, first.number + 2]
    assert notebook.value(f"Out[{first.number}]") == "42"
    assert notebook.value(f"Out[{second.number}]") == "'y'"
    assert notebook.value(f"In[{first.number}]") == repr("# %%track\n\n40 + 2")
    raw = notebook.value("get_ipython().history_manager.input_hist_raw[-3]")
    assert raw == repr("%%track\n\n40 + 2")


def test_silent_cells_leave_no_trace(notebook: Kernel) -> None:
    notebook.run("%%track\npass")
    notebook.run("1 / 0", silent=True)
    notebook.run("%%track\nx = 5", silent=True)
    run = notebook.current_run()
    assert run.state == "running"
    assert len(run.attempts) == 1
    assert notebook.value("x") == "5"


def test_cells_outside_the_history_count(notebook: Kernel) -> None:
    notebook.run("%%track\nnbtrack.log({'loss': 1})\n1 / 0", history=False)
    run = notebook.current_run()
    assert [(a.state, a.rows) for a in run.attempts] == [("failed", 1)]
    assert run.exception is not None
    assert run.exception["line"] == 3


def test_a_cell_that_runs_cells_is_one_attempt(notebook: Kernel) -> None:
    notebook.run(
        "%%track\n"
        "get_ipython().run_cell('nbtrack.log({\"loss\": 1})')\n"
        "get_ipython().run_cell('%%track\\nnbtrack.log({\"loss\": 2})')\n"
        "nbtrack.log({'loss': 3})",
        cell="outer",
    )
    run = notebook.current_run()
    assert [(a.cell_id, a.state, a.rows) for a in run.attempts] == [("outer", "finished", 3)]


def test_a_cell_without_an_id_is_known_by_its_text(notebook: Kernel) -> None:
    for source in ("%%track\npass", "%%track\nx = 1", "%%track\npass"):
        notebook.run(source)
    attempts = notebook.current_run().attempts
    assert [a.cell_try for a in attempts] == [1, 1, 2]
    assert attempts[0].cell_id == attempts[2].cell_id != attempts[1].cell_id
