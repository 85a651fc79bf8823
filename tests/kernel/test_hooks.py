"""Cells run as they would without us, whatever becomes of the hooks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.kernel.kernels import Kernel

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("hook", ["_begin", "_end"])
def test_an_interrupt_that_hits_a_hook(notebook: Kernel, hook: str) -> None:
    notebook.run(
        "import os, signal\n"
        "from nbtrack.notebook.session import _session\n"
        f"original = _session._hooks.{hook}\n"
        "def interrupted(*arguments):\n"
        f"    _session._hooks.{hook} = original\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    original(*arguments)\n"
        f"_session._hooks.{hook} = interrupted",
        silent=True,
    )
    cell = notebook.run("%%track\nnbtrack.log({'a': 1})\n1 / 0", cell="a")
    assert [output["kind"] for output in cell.outputs] == ["error"]
    attempts = notebook.current_run().attempts
    assert [(a.cell_id, a.state, a.rows) for a in attempts] == [("a", "failed", 1)]


class TestHooksThatMisbehave:
    """Whatever a hook does, cells give what they would give without it."""

    CELLS = ("x = 6\nx * 7", "%%track\nnbtrack.log({'a': x})\nx", "1 / 0")
    EXPECTED = (("42", None), ("6", None), (None, "ZeroDivisionError"))

    def replace(self, kernel: Kernel, hook: str, body: str) -> str:
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        return kernel.run(
            "import threading\n"
            "from nbtrack.notebook.session import _session\n"
            "goes_on = threading.Event()\n"
            f"original = _session._hooks.{hook}\n"
            f"def replaced(*arguments):\n    {body}\n"
            f"_session._hooks.{hook} = replaced",
            silent=True,
        ).text

    def run_cells(self, kernel: Kernel) -> str:
        """What was printed below the cells, which are as they would be without us."""
        cells = [kernel.run(source) for source in self.CELLS]
        assert tuple((cell.result, cell.error) for cell in cells) == self.EXPECTED
        return "".join(cell.text for cell in cells)

    def check_off(self, kernel: Kernel, told: str, why: str) -> None:
        """The hooks took themselves off, with one line; rows are recorded on."""
        assert told.count(f"nbtrack stopped recording after 3 failures: {why}") == 1
        assert kernel.run("'quiet'").text == ""
        assert kernel.value("len(get_ipython().events.callbacks['pre_run_cell'])") == "0"
        kernel.run("nbtrack.log({'a': 1})")
        kernel.shutdown()
        assert kernel.only_run().rows == 2

    @pytest.mark.parametrize("hook", ["_begin", "_end", "_begin_any", "_end_any"])
    def test_one_that_raises(self, kernel: Kernel, hook: str) -> None:
        told = self.replace(kernel, hook, "raise RuntimeError('broken')")
        told += self.run_cells(kernel)
        assert told.count("nbtrack could not record this cell: RuntimeError: broken") == 1
        self.check_off(kernel, told, "RuntimeError: broken")

    @pytest.mark.parametrize("hook", ["_begin", "_end"])
    def test_one_that_hangs(self, kernel: Kernel, hook: str) -> None:
        self.replace(kernel, hook, "threading.Event().wait()")
        told = self.run_cells(kernel)
        assert "could not record" not in told
        self.check_off(kernel, told, "LateError: it takes longer than 2 s")

    @pytest.mark.parametrize("hook", ["_begin", "_end"])
    def test_one_that_is_slow_loses_nothing(self, kernel: Kernel, hook: str) -> None:
        """It goes on when a cell says so that did not wait for it."""
        self.replace(
            kernel, hook, f"_session._hooks.{hook} = original; goes_on.wait(); original(*arguments)"
        )
        go_on = {"_begin": 0, "_end": 1}[hook]
        first, second = (
            kernel.run(f"%%track\n{'goes_on.set()' * (n == go_on)}\nraise KeyError({n})")
            for n in range(2)
        )
        assert (first.error, second.error) == ("KeyError", "KeyError")
        assert first.text == second.text == "", "it is still being done"
        kernel.run("%%track\n'later'")
        run = kernel.only_run()
        assert [(a.cell_try, a.state) for a in run.attempts] == [
            (1, "failed"),
            (1, "failed"),
            (1, "finished"),
        ]

    def test_the_recorder_hangs_or_dies(self, kernel: Kernel) -> None:
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        kernel.run("%%track\nnbtrack.log({'a': 1})\nfrom nbtrack.recorder.spawn import _spawner")
        recorder = psutil.Process(int(str(kernel.value("_spawner.handle.pid"))))
        recorder.suspend()
        assert self.run_cells(kernel) == ""
        recorder.kill()
        assert self.run_cells(kernel) == ""
        kernel.shutdown()
        assert (kernel.only_run().state, kernel.only_run().rows) == ("finished", 3)


class TestTheStoreIsBroken:
    CELLS = ("x = 6\nx * 7", "%%track\nprint('a')\nx", "1 / 0", "%%track\n1 / 0", "%%track\n'end'")

    def outputs(self, kernel: Kernel) -> tuple[tuple[str | None, str | None], ...]:
        cells = [kernel.run(source) for source in self.CELLS]
        return tuple((cell.result, cell.error) for cell in cells)

    EXPECTED = (
        ("42", None),
        ("6", None),
        (None, "ZeroDivisionError"),
        (None, "ZeroDivisionError"),
        ("'end'", None),
    )

    def test_it_cannot_be_made(self, start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        kernel = start_kernel(NBTRACK_DIR=str(tmp_path / "file" / "store"))
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        first, second, third = (kernel.run("'cell'") for _ in range(3))
        assert [cell.result for cell in (first, second, third)] == ["'cell'"] * 3
        assert first.text.startswith("nbtrack could not record this cell: StoreNotWritableError")
        assert first.text.count("\n") == 1
        assert second.text == ""
        assert third.text.startswith("nbtrack stopped recording after 3 failures")
        assert self.outputs(kernel) == self.EXPECTED
        # A person who asks for it is told.
        assert kernel.run("nbtrack.log({'a': 1})").error == "StoreNotWritableError"
        assert kernel.run("'well'").result == "'well'"
        kernel.shutdown()

    def test_it_is_removed(self, kernel: Kernel) -> None:
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        kernel.run("%%track\nnbtrack.log({'a': 1})")
        shutil.rmtree(kernel.store)
        assert self.outputs(kernel) == self.EXPECTED
        kernel.shutdown()

    def test_our_own_code_fails(self, kernel: Kernel) -> None:
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        kernel.run("%%track\nnbtrack.log({'a': 1})")
        kernel.run(
            "from nbtrack._run import Run\n"
            "def fail(*args): raise RuntimeError('broken')\n"
            "Run.begin_attempt = Run.end_attempt = Run.arm = fail"
        )
        assert self.outputs(kernel) == self.EXPECTED
        assert kernel.value("len(get_ipython().events.callbacks['pre_run_cell'])") == "0"
        assert "callback" not in kernel.run("'quiet'").text
        kernel.shutdown()
        assert kernel.only_run().rows == 1

    def test_once(self, kernel: Kernel) -> None:
        kernel.run("%load_ext nbtrack\nimport nbtrack")
        kernel.run(
            "from nbtrack._run import Run\n"
            "end_attempt = Run.end_attempt\n"
            "def fail(*args):\n"
            "    Run.end_attempt = end_attempt\n"
            "    raise OSError(28, 'No space left on device')\n"
            "Run.end_attempt = fail"
        )
        first = kernel.run("%%track\nnbtrack.log({'a': 1})", cell="a")
        assert "could not record this cell: OSError" in first.text
        assert kernel.run("%%track\nnbtrack.log({'a': 2})", cell="b").outputs == []
        attempts = [(a.cell_id, a.state, a.rows) for a in kernel.only_run().attempts]
        assert attempts == [("a", "interrupted", 1), ("b", "finished", 1)]


def test_outputs_are_the_same_with_and_without(start_kernel: Callable[..., Kernel]) -> None:
    cells = (
        "print('a')\nimport sys\nprint('b', file=sys.stderr)\n6 * 7",
        "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))\ndisplay({'a': 1})",
        "import asyncio\nawait asyncio.sleep(0, result='y')",
        "!echo shell",
        "%%capture out\nprint('captured')",
        "out.stdout",
        "[_ for _ in (1, 2)], _, In[-1], len(Out)",
        "def f():\n    return undefined\nf()",
        "for",
        "%nosuchmagic",
        "%%time\nx = 1",
        "input()",
    )
    without, watched = start_kernel(), start_kernel()
    watched.run("%load_ext nbtrack")
    without.run("pass")
    for source in cells:
        one, other = without.run(source), watched.run(source)
        if source.startswith("%%time"):
            assert [o["kind"] for o in one.outputs] == [o["kind"] for o in other.outputs]
        else:
            assert str(one.outputs).replace(str(without.pid), "PID") == str(other.outputs).replace(
                str(watched.pid), "PID"
            ), source
        assert one.number == other.number
    # And a tracked cell shows what the same cell shows without the line.
    for source in (cells[0], cells[2], cells[3]):
        assert without.run(f"#\n{source}").outputs == watched.run(f"%%track\n{source}").outputs
