"""When a kernel's run begins, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

import nbtrack
from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel

BUSY = """\
%%track
import time
print("busy")
while True:
    time.sleep(0.01)
"""


def command(kernel: Kernel, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "nbtrack", *arguments, "--json", "--store", str(kernel.store)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_run_from_load_ext_to_the_command_line(kernel: Kernel) -> None:
    loading = kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert (
        loading.text == f"nbtrack {nbtrack.__version__}: recording this kernel to {kernel.store}\n"
    )
    assert kernel.run_directories() == []
    kernel.run(
        "%%track --config lr=0.1\nfor i in range(100):\n    nbtrack.log({'loss': 1 / (i + 1)})",
        cell="abc",
    )
    (listed,) = command(kernel, "ls")
    assert listed["state"] == "running"
    heavy = (
        "{'arro3', 'duckdb', 'pandas', 'numpy', 'ipywidgets', 'jupyter_server', 'rich', 'click'}"
    )
    assert kernel.value(f"{heavy} & set(__import__('sys').modules)") == "set()"
    kernel.shutdown()

    (listed,) = command(kernel, "ls")
    assert listed["state"] == "finished"
    shown = command(kernel, "show", listed["id"])
    assert set(shown) >= set(
        "id name project state reason exception started_at ended_at attempts config summary rows"
        " dropped_rows notebook host".split()
    )
    assert (shown["state"], shown["reason"]) == ("finished", "kernel shut down")
    assert (shown["rows"], shown["dropped_rows"], shown["exception"]) == (100, 0, None)
    assert shown["config"] == {"lr": 0.1}
    assert shown["summary"]["loss"] == 0.01
    (only,) = shown["attempts"]
    assert set(only) >= set("n cell_try cell_id state started_at ended_at".split())
    assert (only["n"], only["cell_try"], only["cell_id"]) == (1, 1, "abc")
    assert only["state"] == "finished"
    history = kernel.open(listed["id"]).history("loss").to_pandas()
    assert list(history["value"]) == [1 / (i + 1) for i in range(100)]


def test_nothing_is_printed_when_quiet(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(NBTRACK_QUIET="1")
    assert kernel.run("%load_ext nbtrack").outputs == []


def test_disabled(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(NBTRACK_MODE="disabled")
    assert kernel.run("%load_ext nbtrack\nimport nbtrack").error is None
    assert kernel.run("%%track --new\nnbtrack.log({'a': 1})\n42").result == "42"
    assert kernel.run("%%track\n1 / 0").error == "ZeroDivisionError"
    kernel.shutdown()
    assert not kernel.store.exists()


def test_a_setting_that_cannot_be_used(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(NBTRACK_FAIL_ON="sometimes")
    assert kernel.run("%load_ext nbtrack").error == "InvalidSettingError"
    assert kernel.run("6 * 7").result == "42"


def test_the_notebook_is_named(start_kernel: Callable[..., Kernel]) -> None:
    jupyter = start_kernel(JPY_SESSION_NAME="/home/ada/digits.ipynb")
    jupyter.run("import nbtrack\nnbtrack.log({'a': 1})")
    assert jupyter.only_run().notebook == "/home/ada/digits.ipynb"
    code = start_kernel()
    code.run("__vsc_ipynb_file__ = '/home/ada/code.ipynb'\nimport nbtrack\nnbtrack.log({'a': 1})")
    assert code.only_run().notebook == "/home/ada/code.ipynb"


@pytest.mark.parametrize(("fail_on", "state"), [("any", "failed"), ("never", "finished")])
def test_fail_on(start_kernel: Callable[..., Kernel], fail_on: str, state: str) -> None:
    kernel = start_kernel(NBTRACK_FAIL_ON=fail_on)
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("%%track\nnbtrack.log({'a': 1})")
    kernel.run("1 / 0" if fail_on == "any" else "%%track\n1 / 0")
    kernel.shutdown()
    assert kernel.only_run().state == state


def test_an_empty_run_leaves_nothing(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack")
    kernel.run("x = 1")
    assert len(kernel.run_directories()) == 1
    assert kernel.runs() == []
    kernel.run("1 / 0")
    kernel.shutdown()
    assert kernel.run_directories() == []


def test_a_restart_begins_another_run(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("%%track\nnbtrack.log({'a': 1})")
    kernel.restart()
    assert (kernel.only_run().state, kernel.only_run().reason) == ("finished", "kernel restarted")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("%%track\nnbtrack.log({'a': 2})")
    kernel.shutdown()
    first, second = kernel.runs()
    assert (first.rows, second.rows) == (1, 1)
    assert second.reason == "kernel shut down"


def test_a_failure_stays_one_after_the_shutdown(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    cell = kernel.run("%%track\nraise ValueError('no data')")
    before = kernel.only_run().exception
    kernel.shutdown()
    run = kernel.only_run()
    assert run.state == "failed"
    assert f"[{cell.number}]" in run.reason
    assert run.exception == before is not None


@pytest.mark.parametrize("restart", [False, True])
def test_shut_down_while_a_tracked_cell_runs(kernel: Kernel, restart: bool) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    cell = kernel.start(BUSY).wait_for_text("busy")
    if restart:
        kernel.restart()
    else:
        kernel.shutdown()
    run = kernel.only_run()
    assert run.state == "failed"
    event = "restarted" if restart else "shut down"
    assert run.reason == f"kernel {event} while cell [{cell.number}] was running"
    assert [a.state for a in run.attempts] == ["interrupted"]


def test_shut_down_while_a_cell_awaits(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.start(
        "%%track\nimport asyncio\nprint('busy')\nawait asyncio.Event().wait()"
    ).wait_for_text("busy")
    kernel.shutdown()
    run = kernel.only_run()
    assert run.state == "failed"
    assert "kernel shut down while cell" in run.reason


def test_shut_down_long_after_an_interrupt(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    cell = kernel.start(BUSY).wait_for_text("busy")
    kernel.interrupt()
    cell.wait()
    interrupted = time.monotonic()
    wait_until(lambda: time.monotonic() > interrupted + 2, "the interrupt to be long ago")
    kernel.shutdown()
    run = kernel.only_run()
    assert (run.state, run.reason) == ("finished", "kernel shut down")
    assert [a.state for a in run.attempts] == ["interrupted"]


def test_exit_in_a_cell(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.start("%%track\nnbtrack.log({'a': 1})\nexit()")
    wait_until(lambda: not kernel.manager.is_alive(), "the kernel to exit")
    run = kernel.only_run()
    assert (run.state, run.reason, run.rows) == ("finished", "kernel shut down", 1)


def test_a_kernel_killed_while_idle(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("%%track\nnbtrack.log({'a': 1})")
    kernel.kill()
    run = wait_until(
        lambda: (run := kernel.only_run()).state != "running" and run, "the death to be seen"
    )
    assert run.state == "finished"
    assert run.reason.startswith("died while idle: ")


class TestUnload:
    WATCHED = (
        "len(get_ipython().events.callbacks['pre_run_cell']),"
        "len(get_ipython().events.callbacks['post_run_cell']),"
        "len(get_ipython().input_transformers_cleanup),"
        "'track' in get_ipython().magics_manager.magics['cell'],"
        "'do_shutdown' in vars(get_ipython().kernel)"
    )

    def test_leaves_the_notebook_as_it_was(self, kernel: Kernel) -> None:
        before = kernel.value(self.WATCHED)
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        assert kernel.value(self.WATCHED) != before
        kernel.run("%%track\nnbtrack.log({'a': 1})")
        kernel.run("%unload_ext nbtrack")
        assert kernel.value(self.WATCHED) == before
        run = kernel.only_run()
        assert (run.state, run.reason) == ("finished", "the extension was unloaded")
        assert "UsageError" in kernel.run("%%track\npass").text
        assert kernel.value("nbtrack.run") == "None"
        kernel.run("%load_ext nbtrack")
        kernel.run("%%track\nnbtrack.log({'a': 1})")
        kernel.shutdown()
        assert [run.rows for run in kernel.runs()] == [1, 1]

    def test_the_cell_that_unloads_ends_its_attempt(self, kernel: Kernel) -> None:
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        kernel.run("%%track\n%unload_ext nbtrack\nnbtrack.log({'a': 1})\n1 / 0")
        run = kernel.only_run()
        assert run.state == "failed"
        assert [(a.state, a.rows) for a in run.attempts] == [("failed", 1)]

    def test_reloading_keeps_the_run(self, kernel: Kernel) -> None:
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        watched = kernel.value(self.WATCHED)
        kernel.run("%%track\nnbtrack.log({'a': 1})", cell="c")
        run_id = kernel.current_run().id
        assert kernel.run("%reload_ext nbtrack").outputs == []
        assert kernel.value(self.WATCHED) == watched
        kernel.run("%%track\nnbtrack.log({'a': 2})", cell="c")
        run = kernel.only_run()
        assert (run.id, run.state, run.rows) == (run_id, "running", 2)
        assert [(a.cell_try, a.state) for a in run.attempts] == [(1, "finished"), (2, "finished")]
        kernel.shutdown()
        assert kernel.only_run().reason == "kernel shut down"
