"""Plain scripts, as processes of their own: how they end, and what they go on doing as before."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import nbtrack

HEAD = """\
import atexit, os, signal, sys, threading
import nbtrack
nbtrack.init(id="run")
nbtrack.log({"loss": 1})
"""
FIRST_LINE = HEAD.count("\n") + 1


class Done(NamedTuple):
    """A script that has ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def no_recorder(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_RECORDER", "off")


def run_script(tmp_path: Path, body: str, *arguments: str, head: str = HEAD) -> Done:
    file = tmp_path / "train.py"
    file.write_text(head + body)
    done = subprocess.run(
        [sys.executable, str(file), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def ended(tmp_path: Path, body: str, head: str = HEAD) -> tuple[nbtrack.RunView, Done]:
    done = run_script(tmp_path, body, head=head)
    return nbtrack.open_run("run"), done


def losses(run: nbtrack.RunView) -> list[float]:
    return sorted(row["value"] for row in run.history("loss").to_pylist())


def test_a_script_is_one_attempt_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    run, done = ended(tmp_path, 'nbtrack.log({"loss": 2})\nprint(nbtrack.run.attempt)\n')
    assert (done.code, done.out, done.err) == (0, "1\n", "")
    assert (run.state, run.reason, run.exception) == ("finished", "the script ended", None)
    (attempt,) = run.attempts
    assert (attempt.n, attempt.cell_try, attempt.state) == (1, 1, "finished")
    assert (attempt.name, attempt.rows) == ("train.py", 2)
    assert attempt.started_at is not None
    assert attempt.ended_at is not None
    assert attempt.started_at <= attempt.ended_at
    assert attempt.wall_seconds is not None
    assert attempt.wall_seconds > 0
    assert run.ended_at is not None


def test_a_script_is_named_with_its_arguments(tmp_path: Path) -> None:
    run_script(tmp_path, "", "--lr", "0.1", "ü x")
    assert nbtrack.open_run("run").notebook == "train.py --lr 0.1 ü x"


def test_an_exception_that_nobody_catches(tmp_path: Path) -> None:
    body = "def inner():\n    raise ValueError('löss is nan')\n\ninner()\n"
    run, done = ended(tmp_path, body)
    assert done.code == 1
    assert done.err.startswith("Traceback (most recent call last):\n")
    assert done.err.count("Traceback") == 1
    assert run.state == "failed"
    assert run.reason == "train.py raised ValueError"
    assert run.exception is not None
    assert run.exception["type"] == "ValueError"
    assert run.exception["message"] == "löss is nan"
    assert run.exception["line"] == FIRST_LINE + 1, "where it was raised, in the script"
    assert run.exception["traceback"] == done.err
    (attempt,) = run.attempts
    assert (attempt.state, attempt.exception) == ("failed", run.exception)
    assert losses(run) == [1.0]


def test_an_exception_in_a_library_is_where_the_script_called_it(tmp_path: Path) -> None:
    run, _ = ended(tmp_path, "import json\n\njson.loads('{')\n")
    assert run.exception is not None
    assert (run.exception["type"], run.exception["line"]) == ("JSONDecodeError", FIRST_LINE + 2)


def test_an_exception_of_nbtrack_itself_fails_the_script(tmp_path: Path) -> None:
    run, done = ended(tmp_path, 'nbtrack.log({"loss": 1}, step="x")\n')
    assert done.code == 1
    assert run.exception is not None
    assert (run.exception["type"], run.exception["line"]) == ("InvalidStepError", FIRST_LINE)


def test_an_exception_that_cannot_be_shown(tmp_path: Path) -> None:
    body = "class Mute(Exception):\n    def __str__(self): raise RuntimeError\nraise Mute()\n"
    run, done = ended(tmp_path, body)
    assert done.code == 1
    assert run.state == "failed"
    assert run.exception is not None
    assert run.exception["type"] == "Mute"
    assert run.exception["message"] == "(its text cannot be shown)"


def test_an_exception_that_is_caught_fails_nothing(tmp_path: Path) -> None:
    body = "try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass\nnbtrack.log({'loss': 2})\n"
    run, _ = ended(tmp_path, body)
    assert run.state == "finished"
    assert losses(run) == [1.0, 2.0]


EXITS = {
    "sys.exit()": (0, "finished", "the script ended"),
    "sys.exit(0)": (0, "finished", "the script ended"),
    "sys.exit(None)": (0, "finished", "the script ended"),
    "sys.exit(False)": (0, "finished", "the script ended"),
    "sys.exit(3)": (3, "failed", "the script exited with code 3"),
    "sys.exit(True)": (1, "failed", "the script exited with code 1"),
    "sys.exit('out of data')": (1, "failed", "the script exited with code 1"),
    "sys.exit(-1)": (255, "failed", "the script exited with code -1"),
    # Not seen, as the page says.
    "raise SystemExit(3)": (3, "finished", "the script ended"),
}


@pytest.mark.parametrize("end", EXITS)
def test_how_a_script_exits(end: str, tmp_path: Path) -> None:
    run, done = ended(tmp_path, end)
    assert (done.code, run.state, run.reason) == EXITS[end]
    assert done.err == ("out of data\n" if "out of data" in end else "")
    assert run.exception is None
    assert run.attempts[0].state == "finished"
    assert losses(run) == [1.0]


def test_an_exit_that_is_caught_does_not_fail_the_script(tmp_path: Path) -> None:
    body = "try:\n    sys.exit(3)\nexcept SystemExit:\n    pass\nsys.exit(0)\n"
    run, done = ended(tmp_path, body)
    assert (done.code, run.state) == (0, "finished")


def test_an_exit_of_another_thread_is_none_of_the_script(tmp_path: Path) -> None:
    body = "t = threading.Thread(target=sys.exit, args=(3,))\nt.start()\nt.join()\n"
    run, done = ended(tmp_path, body)
    assert (done.code, run.state) == (0, "finished")


@pytest.mark.parametrize("code", [0, 3])
def test_os_exit_leaves_no_time_to_say_anything(code: int, tmp_path: Path) -> None:
    run, done = ended(tmp_path, f"os._exit({code})")
    assert done.code == code
    assert (run.state, run.reason) == ("crashed", "died in train.py: cause unknown")
    assert run.attempts[0].state == "crashed"
    assert losses(run) == [1.0]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV"])
def test_a_script_that_is_killed(name: str, tmp_path: Path) -> None:
    number = getattr(signal, name)
    body = (
        "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        f"os.kill(os.getpid(), {int(number)})\n"
    )
    run, done = ended(tmp_path, body)
    assert done.code == -number
    assert run.state == "crashed"
    assert losses(run) == [1.0]


def test_an_interrupt_from_outside(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(HEAD + 'print("ready", flush=True)\nwhile True:\n    nbtrack.log({"i": 1})\n')
    with subprocess.Popen(
        [sys.executable, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert nbtrack.open_run("run").state == "running"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=180)
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    run = nbtrack.open_run("run")
    assert (run.state, run.reason) == ("finished", "interrupted: KeyboardInterrupt")
    assert run.attempts[0].state == "interrupted"
    assert run.attempts[0].exception is not None
    assert run.attempts[0].exception["type"] == "KeyboardInterrupt"
    assert run.damage == []


def test_an_interrupt_that_is_caught_is_none(tmp_path: Path) -> None:
    body = "try:\n    signal.raise_signal(signal.SIGINT)\nexcept KeyboardInterrupt:\n    pass\n"
    run, done = ended(tmp_path, body)
    assert (done.code, run.state, run.attempts[0].state) == (0, "finished", "finished")


HOOK = """
def hook(kind, error, traceback):
    print("hook:", kind.__name__, error, traceback.tb_lineno)
sys.excepthook = hook
"""


def test_the_scripts_own_excepthook_from_before_is_still_called(tmp_path: Path) -> None:
    head = "import sys" + HOOK + HEAD
    run, done = ended(tmp_path, "raise ValueError('x')", head=head)
    line = head.count("\n") + 1
    assert (done.code, done.out, done.err) == (1, f"hook: ValueError x {line}\n", "")
    assert run.state == "failed"


def test_an_excepthook_from_later_that_calls_the_one_before(tmp_path: Path) -> None:
    body = (
        "before = sys.excepthook\n"
        "def hook(*error):\n    print('mine')\n    before(*error)\n"
        "sys.excepthook = hook\nraise ValueError('x')\n"
    )
    run, done = ended(tmp_path, body)
    assert (done.code, done.out) == (1, "mine\n")
    assert done.err.endswith("ValueError: x\n")
    assert run.state == "failed"


def test_a_sys_exit_from_before_is_still_called(tmp_path: Path) -> None:
    head = (
        "import sys\nplain = sys.exit\n"
        "def leave(status=None):\n    print('leaving', status)\n    plain(status)\n"
        "sys.exit = leave\n"
    ) + HEAD
    run, done = ended(tmp_path, "sys.exit(4)", head=head)
    assert (done.code, done.out, run.state) == (4, "leaving 4\n", "failed")


def test_rows_logged_at_exit_by_the_script_are_kept(tmp_path: Path) -> None:
    body = 'atexit.register(lambda: nbtrack.log({"loss": 2}))\n'
    run, done = ended(tmp_path, body)
    assert (done.code, done.err) == (0, "")
    assert (losses(run), run.state) == ([1.0, 2.0], "finished")


def test_a_script_that_finishes_its_run_is_not_closed_twice(tmp_path: Path) -> None:
    run, _ = ended(tmp_path, "nbtrack.finish(exit_code=2)\nraise ValueError\n")
    assert (run.state, run.reason) == ("failed", "finish(exit_code=2) was called")
    assert run.attempts[0].state == "finished"


def test_every_run_that_is_open_ends_with_the_script(tmp_path: Path) -> None:
    body = (
        'second = nbtrack.init(id="second", reinit="create_new")\nsecond.log({"loss": 2})\n'
        "raise ValueError('x')\n"
    )
    run_script(tmp_path, body)
    assert {run.id: run.state for run in nbtrack.runs()} == {"run": "failed", "second": "failed"}


def test_a_second_run_in_a_script_is_an_attempt_of_its_own(tmp_path: Path) -> None:
    run_script(tmp_path, 'nbtrack.init(id="second")\nnbtrack.log({"loss": 2})\n')
    found = {run.id: [(a.n, a.state, a.rows) for a in run.attempts] for run in nbtrack.runs()}
    assert found == {"run": [(1, "finished", 1)], "second": [(1, "finished", 1)]}
    assert nbtrack.open_run("run").reason == "the next run began"


def test_a_script_that_only_imports_leaves_nothing(tmp_path: Path, store_dir: Path) -> None:
    head = "import sys, nbtrack\nhooks = (sys.excepthook, sys.exit)\n"
    body = "assert hooks == (sys.excepthook, sys.exit)\nassert nbtrack.run is None\n"
    assert run_script(tmp_path, body, head=head) == Done(0, "", "")
    assert not store_dir.exists()


def test_log_alone_starts_a_run(tmp_path: Path) -> None:
    run_script(tmp_path, 'nbtrack.log({"loss": 1})\n', head="import nbtrack\n")
    (run,) = nbtrack.runs()
    assert (run.state, run.rows, len(run.attempts)) == ("finished", 1, 1)


FORK = """
child = os.fork()
if child == 0:
    nbtrack.log({"loss": 10})
    {end}
nbtrack.log({"loss": 2})
assert os.waitpid(child, 0)[1] == {status}
nbtrack.log({"loss": 3})
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("os._exit(0)", 0),
        ("sys.exit(0)", 0),
        ("sys.exit(5)", 5 << 8),
        ("raise ValueError('in the child')", 1 << 8),
        ("os.kill(os.getpid(), signal.SIGKILL)", int(signal.SIGKILL)),
        ("nbtrack.finish(); os._exit(0)", 0),
    ],
)
def test_a_fork_in_a_script(end: str, status: int, tmp_path: Path) -> None:
    body = FORK.replace("{end}", end).replace("{status}", str(status))
    run, done = ended(tmp_path, body)
    assert done.code == 0, done.err
    assert ("in the child" in done.err) == ("ValueError" in end)
    # The child logs to the run, and ends nothing of it.
    assert losses(run) == [1.0, 2.0, 3.0, 10.0]
    assert (run.state, run.reason) == ("finished", "the script ended")
    assert [(a.state, a.rows) for a in run.attempts] == [("finished", 4)]
    assert run.damage == []


def test_a_child_that_outlives_its_parent(tmp_path: Path) -> None:
    body = """
reading, writing = os.pipe()
if os.fork() == 0:
    os.close(writing)
    os.read(reading, 1)  # until the parent is gone
    while os.getppid() == PARENT: pass
    nbtrack.log({"loss": 10})
    os._exit(0)
""".replace("PARENT", "parent")
    run, done = ended(tmp_path, body, head=HEAD + "parent = os.getpid()\n")
    # capture_output waits for the child too: it holds the same pipes.
    assert done.code == 0
    assert run.state == "finished"
    assert losses(run) == [1.0, 10.0]


def test_multiprocessing_workers_log_to_the_run(tmp_path: Path) -> None:
    body = """
import multiprocessing
def work(i):
    nbtrack.log({"loss": i})
    return i
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(work, range(10, 14)) == [10, 11, 12, 13]
"""
    run, done = ended(tmp_path, body)
    assert done.code == 0, done.err
    assert losses(run) == [1.0, 10.0, 11.0, 12.0, 13.0]
    assert run.state == "finished"


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_a_run_that_a_process_of_multiprocessing_starts(method: str, tmp_path: Path) -> None:
    """Such a process ends without a look at what is registered to be called at exit."""
    head = "import multiprocessing, sys\n"
    body = f"""
def work(n):
    import nbtrack
    nbtrack.init(id=f"run-{{n}}")
    nbtrack.log({{"loss": n}})
    if n == 1: raise ValueError(n)
    if n == 2: sys.exit(3)
if __name__ == "__main__":
    for n in range(3):
        process = multiprocessing.get_context({method!r}).Process(target=work, args=(n,))
        process.start()
        process.join()
"""
    run_script(tmp_path, body, head=head)
    first, second, third = (nbtrack.open_run(f"run-{n}") for n in range(3))
    assert (first.state, first.reason) == ("finished", "the script ended")
    assert second.exception is not None
    assert (second.exception["type"], second.exception["line"]) == ("ValueError", 7)
    assert third.reason == "the script exited with code 3"


def test_a_program_without_a_file_is_a_script_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + "raise ValueError('x')"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 1
    run = nbtrack.open_run("run")
    assert run.state == "failed"
    assert run.exception is not None
    assert (run.exception["type"], run.exception["line"]) == ("ValueError", FIRST_LINE)
