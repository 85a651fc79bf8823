"""No row is lost or given to the wrong cell: killed, stopped, forked, in threads and subshells."""

from __future__ import annotations

import mmap
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel

# Counts the rows that log() has returned from, in memory that outlives the kernel.
COUNTING = """\
%%track
import mmap, struct
with open({path!r}, "r+b") as file:
    counter = mmap.mmap(file.fileno(), 8)
step = 0
while True:
    nbtrack.log({{"loss": 1 / (step + 1), "epoch": step // 100, "note": "x" * (step % 50)}})
    step += 1
    counter[:] = struct.pack("<q", step)
"""


class SharedCounter:
    """A number that another process counts up."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8)

    @property
    def value(self) -> int:
        number: int = struct.unpack("<q", self._memory[:])[0]
        return number


def steps(kernel: Kernel) -> list[int]:
    return [int(step) for step in kernel.only_run().history("loss").to_pandas()["step"]]


@pytest.mark.parametrize("rows", [1, 5_000, 100_000])
def test_killed_while_logging(kernel: Kernel, rows: int) -> None:
    counter = SharedCounter(kernel.folder / "counter")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    kernel.start(COUNTING.format(path=str(counter.path)))
    wait_until(lambda: counter.value >= rows, f"{rows} rows")
    kernel.kill()
    acknowledged = counter.value
    run = wait_until(
        lambda: (run := kernel.only_run()).state != "running" and run, "the death to be seen"
    )
    assert run.state == "crashed"
    assert [a.state for a in run.attempts] == ["crashed"]
    # The row that log() was about to return from may be there as well.
    assert run.rows in (acknowledged, acknowledged + 1)
    assert steps(kernel) == list(range(run.rows))
    assert run.damage == []


def stop_and_seal(kernel: Kernel, counter: SharedCounter) -> None:
    process = psutil.Process(kernel.pid)
    process.suspend()
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "the kernel to stop")
    before = counter.value
    recover = [sys.executable, "-m", "nbtrack", "recover", "--store", str(kernel.store)]
    subprocess.run(recover, check=True, capture_output=True)
    assert kernel.only_run().rows in (before, before + 1)
    process.resume()
    wait_until(lambda: counter.value > before + 50_000, "more rows")


def test_stopped_and_continued_with_its_segments_sealed_meanwhile(kernel: Kernel) -> None:
    counter = SharedCounter(kernel.folder / "counter")
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    cell = kernel.start(COUNTING.format(path=str(counter.path)))
    wait_until(lambda: counter.value > 2_000, "some rows")
    for _ in range(3):
        stop_and_seal(kernel, counter)
    kernel.interrupt()
    cell.wait()
    run = kernel.only_run()
    assert run.state == "running"
    assert run.rows in (counter.value, counter.value + 1)
    assert steps(kernel) == list(range(run.rows))


def test_fork_in_a_cell(notebook: Kernel) -> None:
    notebook.run(
        "%%track\n"
        "import os\n"
        "nbtrack.log({'who': 0})\n"
        "child = os.fork()\n"
        "for i in range(1000):\n"
        "    nbtrack.log({'who': 1 if child else 2})\n"
        "if not child:\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)",
        cell="c",
    )
    run = notebook.current_run()
    assert run.rows == 2001
    assert [(a.state, a.rows) for a in run.attempts] == [("finished", 2001)]
    assert Counter(run.history("who").to_pandas()["value"]) == {0: 1, 1: 1000, 2: 1000}


def test_workers_of_joblib_in_a_cell(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport joblib, nbtrack")
    kernel.run(
        "%%track\n"
        "def work(i):\n"
        "    import nbtrack\n"
        "    nbtrack.log({'i': i})\n"
        "_ = joblib.Parallel(n_jobs=2)(joblib.delayed(work)(i) for i in range(40))",
        cell="c",
    )
    run = kernel.only_run()
    assert [(a.state, a.rows) for a in run.attempts] == [("finished", 40)]
    assert sorted(run.history("i").to_pandas()["value"]) == list(range(40))
    kernel.shutdown()
    assert (kernel.only_run().state, kernel.only_run().rows) == ("finished", 40)


def test_a_child_that_ends_by_itself_ends_nothing_of_its_parent(kernel: Kernel) -> None:
    kernel.run("%load_ext nbtrack\nimport multiprocessing, nbtrack, os")
    kernel.run(
        "%%track\n"
        "def work():\n"
        "    nbtrack.log({'who': 2})\n"
        "    raise SystemExit(3)\n"
        "worker = multiprocessing.get_context('fork').Process(target=work)\n"
        "worker.start()\nworker.join()\n"
        # Running all of a kernel's exit functions in a child hangs in some of its own.
        "from nbtrack.notebook.session import _session\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    _session._hooks._at_exit()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "nbtrack.log({'who': 1})"
    )
    run = kernel.only_run()
    assert run.state == "running"
    assert [(a.state, a.rows) for a in run.attempts] == [("finished", 2)]
    kernel.shutdown()
    assert kernel.only_run().state == "finished"


def test_threads(notebook: Kernel) -> None:
    notebook.run(
        "%%track\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def work(who):\n"
        "    for i in range(1000):\n"
        "        nbtrack.log({f'thread{who}': i})\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    list(pool.map(work, range(8)))"
    )
    run = notebook.current_run()
    assert [(a.state, a.rows) for a in run.attempts] == [("finished", 8000)]
    for who in range(8):
        table = run.history(f"thread{who}").to_pandas()
        assert sorted(table["value"]) == list(range(1000))


def test_a_thread_goes_on_between_cells(notebook: Kernel) -> None:
    notebook.run(
        "%%track\n"
        "import threading\n"
        "nbtrack.log({'a': 1})\n"
        "go = threading.Event()\n"
        "thread = threading.Thread(target=lambda: (go.wait(), nbtrack.log({'late': 1})))\n"
        "thread.start()",
        cell="a",
    )
    notebook.run("go.set()\nthread.join()", cell="b")
    run = notebook.current_run()
    assert run.rows == 2
    assert [(a.cell_id, a.rows) for a in run.attempts] == [("a", 1)]
    assert list(run.history("late").to_pandas()["attempt"]) == [0]


def test_a_cell_in_a_subshell(notebook: Kernel) -> None:
    if notebook.value("__import__('ipykernel').version_info[0] < 7") == "True":
        pytest.skip("this kernel has no subshells")
    notebook.run("import threading, time\ngo = threading.Event()")
    main = notebook.start(
        "%%track\nnbtrack.log({'main': 1})\nprint('busy')\ngo.wait()\n1 / 0", cell="main"
    ).wait_for_text("busy")
    beside = notebook.start(
        "%%track\nnbtrack.log({'beside': 1})\ngo.set()", cell="beside", subshell=notebook.subshell()
    )
    beside.wait(main)
    main.wait(beside)
    run = notebook.current_run()
    assert run.rows == 2
    assert [(a.cell_id, a.state) for a in run.attempts] == [("main", "failed")]
    notebook.run("%%track\npass", cell="main")
    assert notebook.current_run().state == "running"


def test_a_cell_that_logs_after_one_in_a_subshell(notebook: Kernel) -> None:
    if notebook.value("__import__('ipykernel').version_info[0] < 7") == "True":
        pytest.skip("this kernel has no subshells")
    notebook.run("import threading\ngo = threading.Event()")
    main = notebook.start(
        "print('busy')\ngo.wait()\nnbtrack.log({'main': 1})", cell="main"
    ).wait_for_text("busy")
    beside = notebook.start("go.set()", cell="beside", subshell=notebook.subshell())
    beside.wait(main)
    main.wait(beside)
    run = notebook.current_run()
    assert [(a.cell_id, a.state, a.rows) for a in run.attempts] == [("main", "finished", 1)]


def test_a_cell_that_outlives_one_in_a_subshell(notebook: Kernel) -> None:
    if notebook.value("__import__('ipykernel').version_info[0] < 7") == "True":
        pytest.skip("this kernel has no subshells")
    notebook.run(
        "import threading, time\ngo = threading.Event()\n"
        "from nbtrack.notebook.session import _session"
    )
    beside = notebook.start(
        "print('busy')\ngo.wait()\n1 / 0", cell="beside", subshell=notebook.subshell()
    ).wait_for_text("busy")
    main = notebook.start(
        "%%track\nnbtrack.log({'a': 1})\ngo.set()\n"
        "while len(_session._running) > 1:\n    time.sleep(0.01)",
        cell="main",
    )
    main.wait(beside)
    beside.wait(main)
    run = notebook.current_run()
    assert [(a.cell_id, a.state, a.rows) for a in run.attempts] == [("main", "finished", 1)]


def test_an_error_in_a_widgets_callback_is_not_the_cells(notebook: Kernel) -> None:
    if notebook.value("__import__('ipykernel').version_info[0] < 7") == "True":
        pytest.skip("this kernel runs callbacks between cells")
    notebook.run(
        "import threading\n"
        "called = threading.Event()\n"
        "def callback(message):\n"
        "    try:\n"
        "        1 / 0\n"
        "    except ZeroDivisionError:\n"
        "        get_ipython().showtraceback()\n"
        "    called.set()\n"
        "def opened(comm, message):\n"
        "    comm.on_msg(callback)\n"
        "get_ipython().kernel.comm_manager.register_target('it', opened)"
    )
    client, subshell = notebook.client, notebook.subshell()
    cell = notebook.start("%%track\nprint('busy')\ncalled.wait()").wait_for_text("busy")
    for kind in ("comm_open", "comm_msg"):
        message = client.session.msg(kind, {"comm_id": "1", "target_name": "it", "data": {}})
        message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)
    cell.wait()
    assert [a.state for a in notebook.current_run().attempts] == ["finished"]
