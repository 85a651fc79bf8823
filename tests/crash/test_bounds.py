"""Memory stays flat, ``finish()`` is quick, and nothing is left open or running."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

import nbtrack
from tests.crash.processes import environment, run_python
from tests.journals import wait_until

MIB = 1 << 20

SOAK = """
import json, os, signal, sys, time, warnings
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
began = time.perf_counter()
run.finish()
took = time.perf_counter() - began
recorder.resume()
print(json.dumps([most[0] - before, most[1], run.dropped_rows, took]))
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
        (3_000, 3_000),
        pytest.param(10_000_000, 3, marks=[pytest.mark.full, pytest.mark.timeout(1800)]),
        pytest.param(6_000, 5_000, marks=[pytest.mark.full, pytest.mark.timeout(1800)]),
    ],
)
def test_memory_is_flat(tmp_path: Path, rows: int, values: int, policy: str) -> None:
    """Rows come faster than they can be sealed."""
    grown, recorder, dropped, took = soak(tmp_path, rows, values, policy, 16 * MIB)
    assert grown < 16 * MIB
    assert recorder < 100 * MIB
    assert took < 5, "the budget is half a second; a machine may be slow"
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
    wait_until(lambda: not psutil.pid_exists(recorder))
    ours = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(p.info["cmdline"])]
    assert ours == []


def test_no_terminal_is_held(tmp_path: Path) -> None:
    """Its end is seen as soon as the script ends, though the recorder goes on for a moment."""
    script = "import nbtrack; nbtrack.init(); nbtrack.log({'a': 1}); print('done')"
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
    while True:
        try:
            piece = os.read(ours, 1000)
        except OSError:  # nobody has it open any more
            break
        if not piece:
            break
        text += piece
    closed = time.monotonic()
    os.close(ours)
    assert process.wait(120) == 0
    assert b"done" in text
    assert time.monotonic() - closed < 60
