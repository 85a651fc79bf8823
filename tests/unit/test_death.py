"""Why a process died, in words, and how certain that is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from nbtrack.store.death import Death, Job, cause
from nbtrack.store.layout import RunDir
from nbtrack.store.position import PositionFile
from nbtrack.store.remains import add_remains, remove_remains
from nbtrack.store.stack import line_in_stack, shortened

GIB = 1 << 30
POD = Job(system="Kubernetes", id="jupyter-ada")
SLURM = Job(system="SLURM", id="4711")

STACK = """\
Fatal Python error: Segmentation fault

Thread 0x00007f85a96f86c0 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 331 in wait

Current thread 0x00007f85cf1c1b80 (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "/tmp/ipykernel_20031/11.py", line 2 in helper
  File "/tmp/ipykernel_20031/3068577946.py", line 5 in <module>
  File "/site-packages/IPython/core/interactiveshell.py", line 3823 in run_code
  File "/site-packages/ipykernel_launcher.py", line 18 in <module>
  File "<frozen runpy>", line 88 in _run_code

Extension modules: zmq.backend.cython._zmq, tornado.speedups (total: 2)
"""


class Case(NamedTuple):
    death: Death
    expected: tuple[str, str]
    job: Job | None = None


def memory(part: float, **more: int | None) -> Death:
    return Death(memory=int(part * 16 * GIB), memory_limit=16 * GIB, **more)  # type: ignore[arg-type]


CASES = {
    "nothing is known": Case(Death(), ("cause unknown", "unknown")),
    "killed": Case(Death(signal=9), ("killed by SIGKILL, sender unknown", "unknown")),
    "killed with much memory left": Case(
        memory(0.5, signal=9, oom_kills=0), ("killed by SIGKILL, sender unknown", "unknown")
    ),
    "killed, and the system killed for memory in this group": Case(
        memory(0.6, signal=9, oom_kills=1),
        ("killed, out of memory (proven), 9.6 of 16.0 GiB", "proven"),
    ),
    "killed shortly before the limit": Case(
        memory(0.99, signal=9, oom_kills=0),
        ("killed, out of memory likely, 15.8 of 16.0 GiB", "likely"),
    ),
    "killed at 95 %": Case(
        memory(0.951, signal=9), ("killed, out of memory likely, 15.2 of 16.0 GiB", "likely")
    ),
    "killed below 95 %": Case(
        memory(0.949, signal=9), ("killed by SIGKILL, sender unknown", "unknown")
    ),
    "killed, and the system killed for memory somewhere": Case(
        Death(signal=9, machine_oom_kills=2), ("killed, out of memory likely", "likely")
    ),
    "something else was killed for memory": Case(
        memory(0.99, exit=1, oom_kills=3), ("exited with code 1 without a shutdown", "proven")
    ),
    "less than a GiB": Case(
        Death(signal=9, oom_kills=1, memory=500 << 20, memory_limit=512 << 20),
        ("killed, out of memory (proven), 500.0 of 512.0 MiB", "proven"),
    ),
    "terminated": Case(Death(signal=15), ("terminated by SIGTERM, sender unknown", "unknown")),
    "terminated in a batch job": Case(
        Death(signal=15),
        ("terminated by SIGTERM, likely preempted or cancelled by SLURM: sacct -j 4711", "likely"),
        SLURM,
    ),
    "terminated in a pod": Case(
        Death(signal=15),
        (
            "terminated by SIGTERM, likely evicted or deleted by Kubernetes: " + POD.look_up,
            "likely",
        ),
        POD,
    ),
    "killed in a batch job": Case(
        Death(signal=9), ("killed by SIGKILL, sender unknown", "unknown"), SLURM
    ),
    "a fault": Case(Death(signal=11), ("segmentation fault (SIGSEGV)", "proven")),
    "a fault with its stack": Case(
        Death(signal=11, stack=STACK),
        ("segmentation fault (SIGSEGV) in string_at, ctypes/__init__.py:519", "proven"),
    ),
    "a stack and nobody to see the signal": Case(
        Death(stack=STACK),
        ("a fault in C code, as its stack says, in string_at, ctypes/__init__.py:519", "likely"),
    ),
    "another signal": Case(Death(signal=1), ("killed by SIGHUP", "proven")),
    "a signal without a name": Case(Death(signal=40), ("killed by signal 40", "proven")),
    "exited": Case(Death(exit=3), ("exited with code 3 without a shutdown", "proven")),
    "without its server": Case(
        Death(exit=1, server_ended=True), ("its Jupyter server had ended", "likely")
    ),
    "killed together with its server": Case(
        Death(signal=9, server_ended=True), ("killed by SIGKILL, sender unknown", "unknown")
    ),
    "another code than that of a lost server": Case(
        Death(exit=3, server_ended=True), ("exited with code 3 without a shutdown", "proven")
    ),
    "exited well": Case(Death(exit=0), ("exited with code 0 without a shutdown", "proven")),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    death, expected, job = CASES[name]
    assert cause(death, job) == expected


@pytest.mark.parametrize("system", ["SLURM", "PBS", "LSF", "Kubernetes"])
def test_every_system_has_a_command_to_look_it_up(system: str) -> None:
    look_up = Job(system=system, id="4711").look_up
    assert look_up.endswith(" 4711")


def test_the_line_of_the_cell_in_a_stack() -> None:
    assert line_in_stack(STACK) == 5, "not that of what the cell called, nor of the launcher"
    assert line_in_stack(STACK.replace("ipykernel_20031/", "")) == 5, "a script"
    assert line_in_stack(STACK.replace("Current thread", "Thread")) is None
    assert line_in_stack(None) is None
    assert line_in_stack("") is None


def test_a_stack_is_kept_without_other_threads_and_what_called_the_cell() -> None:
    assert shortened(STACK).splitlines() == [
        "Fatal Python error: Segmentation fault",
        "Current thread 0x00007f85cf1c1b80 (most recent call first):",
        '  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at',
        '  File "/tmp/ipykernel_20031/11.py", line 2 in helper',
        '  File "/tmp/ipykernel_20031/3068577946.py", line 5 in <module>',
    ]
    assert line_in_stack(shortened(STACK)) == 5
    assert shortened("Fatal Python error: Aborted\n") == "Fatal Python error: Aborted"


def test_an_earlier_fault_of_a_forked_child_is_not_taken_for_it() -> None:
    both = STACK.replace("string_at", "of_the_child") + STACK
    assert "of_the_child" not in shortened(both)


class TestRemains:
    @pytest.fixture
    def run_dir(self, tmp_path: Path) -> RunDir:
        return RunDir(tmp_path)

    def test_nothing(self, run_dir: RunDir) -> None:
        assert add_remains(Death(signal=9), run_dir, "oaa") == Death(signal=9)

    def test_a_position(self, run_dir: RunDir) -> None:
        position = PositionFile(run_dir, "oaa")
        position.set("[3]", 1000)
        position.set("[12]", 4)
        found = add_remains(Death(signal=9), run_dir, "oaa")
        assert found == Death(signal=9, cell="[12]", line=4)
        assert add_remains(Death(), run_dir, "obb") == Death(), "of another owner"
        position.remove()
        assert list(run_dir.path.iterdir()) == []

    def test_what_is_cut_off_or_strange_counts_for_nothing(self, run_dir: RunDir) -> None:
        position = PositionFile(run_dir, "oaa")
        position.set("[3]", 7)
        whole = run_dir.position.read_bytes()
        for size in range(len(whole.rstrip())):
            run_dir.position.write_bytes(whole[:size])
            assert add_remains(Death(), run_dir, "oaa") == Death()
        run_dir.position.write_bytes(whole)
        position.set("x" * 1000, 8)
        assert add_remains(Death(), run_dir, "oaa").line == 7

    def test_a_stack_knows_the_line_better(self, run_dir: RunDir) -> None:
        PositionFile(run_dir, "oaa").set("[12]", 4)
        run_dir.stack.write_text(STACK)
        found = add_remains(Death(signal=11), run_dir, "oaa")
        assert (found.cell, found.line) == ("[12]", 5)
        assert found.stack == shortened(STACK)
        remove_remains(run_dir)
        assert list(run_dir.path.iterdir()) == []
        remove_remains(run_dir)
