"""Memory stays flat, ``finish()`` is quick, and nothing is left open or running."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

import nbtrack
from tests.crash.processes import environment, run_python
from tests.journals import wait_until
from tests.recorder.processes import is_running

MIB = 1 << 20

SOAK = """
import json, sys, warnings
import psutil
import nbtrack
warnings.simplefilter("ignore", nbtrack.NbtrackWarning)
from nbtrack.recorder.spawn import _spawner

rows, values, policy = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
row = {f"value {n}": n / 7 for n in range(values)}
run = nbtrack.init(id="run")
me, recorder = psutil.Process(), psutil.Process(_spawner.handle.pid)
if policy == "drop":
    recorder.suspend()  # nobody makes room
most = [0, 0]
before = None
for i in range(rows):
    row["i"] = i
    run.log(row)
    if i % (rows // 50) == 0:
        if i == rows // 50:
            before = me.memory_info().rss
        most[0] = max(most[0], me.memory_info().rss)
        most[1] = max(most[1], recorder.memory_info().rss)
recorder.suspend()
run.finish()  # waits for nobody
recorder.resume()
print(json.dumps([most[0] - before, most[1], run.dropped_rows]))
"""


def soak(folder: Path, rows: int, values: int, policy: str, quota: int) -> Any:
    out = run_python(
        SOAK,
        str(rows),
        str(values),
        policy,
        NBTRACK_DIR=str(folder / "store"),
        NBTRACK_RECORDER="process",
        NBTRACK_OVERFLOW=policy,
        NBTRACK_JOURNAL_QUOTA=str(quota),
    )
    return json.loads(out)


@pytest.mark.parametrize("policy", ["wait", "drop"])
@pytest.mark.parametrize(
    ("rows", "values"),
    [
        (300_000, 3),
        pytest.param(3_000, 3_000, marks=pytest.mark.full),
        pytest.param(10_000_000, 3, marks=[pytest.mark.full, pytest.mark.timeout(1800)]),
        pytest.param(6_000, 5_000, marks=[pytest.mark.full, pytest.mark.timeout(1800)]),
    ],
)
def test_memory_is_flat(tmp_path: Path, rows: int, values: int, policy: str) -> None:
    """Rows come faster than they can be sealed."""
    grown, recorder, dropped = soak(tmp_path, rows, values, policy, 16 * MIB)
    print(f"kernel +{grown / MIB:.1f} MiB, recorder {recorder / MIB:.1f} MiB")  # noqa: T201
    assert grown < 16 * MIB
    assert recorder < 100 * MIB
    run = nbtrack.open_run("run", dir=tmp_path / "store")
    wait_until(lambda: run.refresh().state == "finished")
    assert run.rows + dropped == rows
    assert run.dropped_rows == dropped
    assert bool(dropped) == (policy == "drop")


CYCLES = """
import gc, os, sys, time
import nbtrack

def files():
    return sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                  if os.path.exists(f"/proc/self/fd/{fd}"))

def cycle(n):
    with nbtrack.init() as run:
        for i in range(n):
            run.log({"i": i, "pad": "x" * 1000})

def settled(wanted):
    # Segments are made and ended beside the loop that logs.
    deadline = time.monotonic() + 60
    while not wanted(found := files()):
        assert time.monotonic() < deadline, found
        gc.collect()
        time.sleep(0.01)
    return found

cycle(10)
before = settled(lambda found: not any("journal" in file for file in found))
for n in (1, 200, 3000, 1):
    cycle(n)
settled(lambda found: found == before)
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="/proc tells what is open")
@pytest.mark.parametrize("recorder", ["off", "process"])
def test_no_file_stays_open(tmp_path: Path, recorder: str) -> None:
    run_python(CYCLES, NBTRACK_DIR=str(tmp_path / "store"), NBTRACK_RECORDER=recorder)


def test_nothing_outlives_a_script_for_long(tmp_path: Path) -> None:
    script = (
        "import nbtrack; nbtrack.init(); nbtrack.log({'a': 1});"
        "from nbtrack.recorder.spawn import _spawner; print(_spawner.handle.pid)"
    )
    out = run_python(script, NBTRACK_DIR=str(tmp_path / "store"), NBTRACK_RECORDER="process")
    recorder = int(out)
    wait_until(lambda: not is_running(recorder))
    ours = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(p.info["cmdline"])]
    assert ours == []


def test_no_terminal_is_held(tmp_path: Path) -> None:
    """Its end is seen when the script ends, though the recorder, which is stopped, goes on."""
    script = (
        "import os, signal, nbtrack\n"
        "from nbtrack.recorder.spawn import _spawner\n"
        "nbtrack.init(); nbtrack.log({'a': 1})\n"
        "os.kill(_spawner.handle.pid, signal.SIGSTOP)\n"
        "print('recorder', _spawner.handle.pid)\n"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(NBTRACK_DIR=str(tmp_path / "store"), NBTRACK_RECORDER="process"),
    )
    os.close(theirs)
    text = b""
    with contextlib.suppress(OSError):  # nobody has it open any more
        while piece := os.read(ours, 1000):
            text += piece
    os.close(ours)
    assert process.wait(120) == 0
    recorder = psutil.Process(int(text.split()[-1]))
    assert recorder.status() == psutil.STATUS_STOPPED
    recorder.resume()
    wait_until(lambda: not is_running(recorder.pid))
