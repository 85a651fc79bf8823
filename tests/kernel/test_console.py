"""What is shown below cells is in the run, whoever wrote it and however the kernel ended."""

from __future__ import annotations

from collections.abc import Callable

import psutil
import pytest

from tests.consoles import console_of, console_records
from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel


def seen(kernel: Kernel, source: str, stream: str, expected: str) -> None:
    """Wait until a stream of the cell ``source`` is as expected."""
    path = kernel.current_run().path
    wait_until(
        lambda: console_of(path).get((source, stream), "") == expected,
        f"{expected!r} in {console_of(path)}",
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("print('printed')", "printed\n"),
        ("!echo shell", "shell\n"),
        ("%%bash\necho from bash", "from bash\n"),
        ("print('no newline', end='')", "no newline"),
        ("print('\\x1b[31mred\\x1b[0m')", "\x1b[31mred\x1b[0m\n"),
        ("for n in range(101): print(f'\\r{n}%', end='', flush=True)", "100%"),
        ("await __import__('asyncio').sleep(0); print('after await')", "after await\n"),
    ],
)
def test_standard_output(notebook: Kernel, source: str, expected: str) -> None:
    cell = notebook.run(source)
    assert cell.error is None
    seen(notebook, source, "stdout", expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os; n = os.write(1, b'low level\\n')", "low level\n"),
        ("import subprocess; done = subprocess.run(['echo', 'child'])", "child\n"),
        (
            "import ctypes; c = ctypes.CDLL(None); n = c.puts(b'from C'); n = c.fflush(None)",
            "from C\n",
        ),
    ],
)
def test_what_is_written_past_the_streams_of_python(
    notebook: Kernel, source: str, expected: str
) -> None:
    # It comes by a thread of ipykernel, and belongs to what the kernel does when that has read it:
    # the cell goes on until its text was seen.
    told = notebook.folder / "told"
    told.unlink(missing_ok=True)
    source += "\nimport os, time\nwhile not os.path.exists('told'): time.sleep(0.01)"
    cell = notebook.start(source).wait_for_text(expected)
    told.touch()
    assert cell.wait().error is None
    seen(notebook, source, "stdout", expected)


def test_standard_error_and_logging(notebook: Kernel) -> None:
    source = "import logging, sys\nprint('an error', file=sys.stderr)\nlogging.warning('careful')"
    notebook.run(source)
    seen(notebook, source, "stderr", "an error\nWARNING:root:careful\n")


def test_results_and_displays_as_text_in_their_order(notebook: Kernel) -> None:
    source = "print('one')\ndisplay(2)\nprint('three')\n'four'"
    notebook.run(source)
    seen(notebook, source, "result", "'four'\n")
    seen(notebook, source, "stdout", "one\nthree\n")
    records = console_records(notebook.current_run().path)
    streams = [row["stream"] for row in records if row["text"].strip()]
    assert streams == ["stdout", "display", "stdout", "result"]


def test_what_a_person_does_not_see_is_not_recorded(notebook: Kernel) -> None:
    notebook.run("%%capture\nprint('captured')\ndisplay('hidden')\n'gone'")
    notebook.run("quiet = 'suppressed';")
    source = "print('seen')"
    notebook.run(source)
    seen(notebook, source, "stdout", "seen\n")
    assert list(console_of(notebook.current_run().path)) == [(source, "stdout")]


def test_text_of_a_thread_that_outlives_its_cell(notebook: Kernel) -> None:
    source = (
        "import threading\ngo = threading.Event()\n"
        "def late():\n    go.wait()\n    print('late')\n"
        "thread = threading.Thread(target=late); thread.start()"
    )
    notebook.run(source)
    notebook.run("go.set(); thread.join()")
    path = notebook.current_run().path
    wait_until(lambda: "late\n" in console_of(path).values(), "the text of the thread")


def test_a_forked_child(notebook: Kernel) -> None:
    source = (
        "import os\npid = os.fork()\n"
        "if pid == 0:\n    print('from the child', flush=True)\n    os._exit(0)\n"
        "status = os.waitpid(pid, 0)"
    )
    notebook.run(source)
    seen(notebook, source, "stdout", "from the child\n")


def test_a_progress_bar_is_recorded_while_it_stands_still(notebook: Kernel) -> None:
    source = (
        "import time\n"
        "for n in range(4): print(f'\\r{n} of 9', end='', flush=True); time.sleep(0.01)\n"
        "print('', end='', flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.01)"
    )
    notebook.run("import os")
    cell = notebook.start(source)
    seen_now = notebook.store / "runs"
    (run_id,) = [n for n in notebook.run_directories() if notebook.open(n).state == "running"]
    wait_until(
        lambda: console_of(seen_now / run_id).get((source, "stdout")) == "3 of 9",
        "the last state of the bar, in the middle of its cell",
    )
    (notebook.folder / "go").touch()
    cell.wait()


def test_a_flood_is_bounded_and_the_loss_is_counted(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(NBTRACK_CONSOLE_LIMIT=str(1 << 20))
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    source = "for n in range(200_000): print('line', n)"
    kernel.run(source)
    path = kernel.current_run().path
    wait_until(
        lambda: console_of(path)[source, "stdout"].endswith("line 199999\n"), "the end of it all"
    )
    text = console_of(path)[source, "stdout"]
    lost = sum(row["lost"] for row in console_records(path))
    kept = sum(len(row["text"]) for row in console_records(path))
    assert text.startswith("line 0\nline 1\n")
    assert kept < 1 << 18
    assert kept + lost == sum(len(f"line {n}\n") for n in range(200_000))


def test_what_was_shown_survives_a_kill(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport nbtrack, time")
    source = "%%track\nprint('shown before')\nwhile True: time.sleep(0.01)"
    cell = kernel.start(source).wait_for_text("shown before")
    assert cell.error is None
    kernel.kill()
    (name,) = kernel.run_directories()
    assert console_of(kernel.open(name).path)[source, "stdout"] == "shown before\n"
    assert kernel.only_run().state == "crashed"


def test_unloading_leaves_nothing_behind(kernel: Kernel) -> None:
    state = (
        "[sys.stdout.write.__qualname__, get_ipython().display_pub.publish.__qualname__,"
        " get_ipython().displayhook.finish_displayhook.__qualname__]"
    )
    kernel.run("import sys")
    before = kernel.value(state)
    kernel.run("%load_ext nbtrack")
    assert kernel.value(state) != before
    kernel.run("%unload_ext nbtrack")
    assert kernel.value(state) == before
    hooks = (
        "import concurrent.futures as f\nhooks = f.Future()\n"
        "sys.stdout.pub_thread.schedule(lambda: hooks.set_result(len(sys.stdout._hooks)))\n"
        "hooks.result(10)"
    )
    assert kernel.run(hooks).result == "0"


def test_reloading_hears_everything_once(notebook: Kernel) -> None:
    notebook.run("%reload_ext nbtrack")
    source = "print('once')\n7"
    notebook.run(source)
    seen(notebook, source, "result", "7\n")
    seen(notebook, source, "stdout", "once\n")


def test_it_can_be_switched_off(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(NBTRACK_CONSOLE="0")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.run("print('private')\n5")
    kernel.run("nbtrack.log({'a': 1})")
    kernel.shutdown()
    assert console_records(kernel.only_run().path) == []


def test_a_broken_journal_costs_nobody_his_output(notebook: Kernel) -> None:
    notebook.run("nbtrack.log({'a': 1})")
    notebook.run("nbtrack.run.console.write = None")
    cell = notebook.run("print('still here')\n3")
    assert cell.text == "still here\n"
    assert cell.result == "3"
    assert psutil.pid_exists(notebook.pid)
