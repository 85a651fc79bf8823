"""However a kernel dies, the run tells the truth and no acknowledged row is lost."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import psutil
import pytest

from nbtrack.recorder.recover import recover
from nbtrack.store.layout import Store
from tests.kernel.deaths import WAYS, Way
from tests.kernel.kernels import wait_until
from tests.kernel.victims import Case

pytestmark = pytest.mark.kernel

# `python -m docs.reliability` collects the results here, to write the page's table.
RESULTS = os.environ.get("DEATHS_FILE")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] * way.full) for name, way in WAYS.items()],
)
def test_a_death(name: str, tmp_path: Path) -> None:
    way = WAYS[name]
    with way.die(tmp_path) as case:
        assert case.before in (None, "running")
        seconds = seconds_to_truth(case, way)
        kept = rows_kept(case)
        run = case.run()
        assert run.damage == []
        assert run.dropped_rows == 0
        if RESULTS:
            result = {
                "name": name,
                "state": run.state,
                "reason": run.reason,
                "acknowledged": case.counter.get(),
                "kept": kept,
                "seconds": seconds,
            }
            with open(RESULTS, "a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
        if not case.alive:
            check_order(case, way)
            assert rows_kept(case) == kept, "sealing and merging change nothing"


def seconds_to_truth(case: Case, way: Way) -> float:
    """How long after the death a reader is right about it."""

    def is_right() -> bool:
        run = case.run()
        return run.state == way.state and re.fullmatch(way.reason, run.reason) is not None

    if not way.recorder:
        run = case.run()
        assert is_right(), f"at once, by anybody who looks: {run.state}, {run.reason}"
    else:
        try:
            wait_until(is_right, "the truth", patience=30)
        except AssertionError:
            run = case.run()
            raise AssertionError(f"{run.state}: {run.reason}") from None
    return max(0.0, time.monotonic() - case.died)


def rows_kept(case: Case) -> int:
    """Every acknowledged row is there once, and at most the one that was about to be."""
    acknowledged = case.counter.get()
    values = [int(value) for value in case.run().history("i")["value"]]
    assert values == list(range(len(values)))
    assert len(values) - acknowledged in (0, 1)
    return len(values)


def check_order(case: Case, way: Way) -> None:
    """Everything is sealed, summed up, and nothing of ours is left running."""
    store = Store(case.store)
    (run_dir,) = store.run_dirs()
    if not way.recorder:
        recover(store)
    wait_until(lambda: not run_dir.segments() and run_dir.manifest.exists(), "the sealing")
    wait_until(run_dir.session.exists, "session.ipynb")
    wait_until(run_dir.output_log.exists, "output.log")
    wait_until(lambda: not ours(run_dir.path), "nothing of ours to be left running")
    assert not run_dir.position.exists()
    assert not run_dir.stack.exists()


def ours(path: Path) -> list[psutil.Process]:
    """Processes that have to do with this run and are not the test or a kernel."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if str(path) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
