"""Many kernels log into one store and are killed at random moments."""

from __future__ import annotations

import os
import random
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

import nbtrack
from nbtrack.store.layout import Store
from tests.crash.processes import SharedCounter
from tests.kernel.kernels import Kernel, wait_until
from tests.kernel.victims import ENDLESS, LOAD, Victim

pytestmark = pytest.mark.kernel


@pytest.mark.full
@pytest.mark.parametrize("seed", range(30))
def test_one_kernel_killed_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    enough = random.Random(seed).randrange(1, 300_000)
    with Kernel(tmp_path) as kernel:
        victim = Victim(kernel)
        kernel.run(LOAD)
        kernel.start(victim.cell(ENDLESS))
        wait_until(lambda: victim.counter.get() > enough, "rows")
        kernel.kill()
        values = [int(value) for value in kernel.only_run().history("i")["value"]]
        assert values == list(range(len(values)))
        assert len(values) - victim.counter.get() in (0, 1)
        assert kernel.only_run().state == "crashed"


@pytest.mark.parametrize("count", [4, pytest.param(20, marks=pytest.mark.full)])
def test_all_states_are_right_and_no_row_is_lost(tmp_path: Path, count: int) -> None:
    source = random.Random(count)
    store = tmp_path / "store"
    with ExitStack() as stack:
        victims: list[Victim] = []
        for number in range(count):
            folder = tmp_path / str(number)
            folder.mkdir()
            environ = {"NBTRACK_DIR": str(store), "NBTRACK_PROJECT": f"of {number}"}
            victims.append(Victim(stack.enter_context(Kernel(folder, **environ))))
        for victim in victims:
            victim.kernel.run(LOAD)
            victim.kernel.start(victim.cell(ENDLESS))
        counters: list[SharedCounter] = [victim.counter for victim in victims]
        for number in source.sample(range(count), count):
            enough = counters[number].get() + source.randrange(1, 20_000)
            wait_until(lambda: counters[number].get() > enough, "rows")  # noqa: B023
            os.kill(victims[number].kernel.pid, signal.SIGKILL)
        for victim in victims:
            wait_until(lambda: not victim.kernel.manager.is_alive(), "the kernel to be gone")  # noqa: B023
        runs = {run.project: run for run in nbtrack.runs(dir=store)}
        assert len(runs) == count
        for number, counter in enumerate(counters):
            run = runs[f"of {number}"]
            assert run.state == "crashed"
            values = [int(value) for value in run.history("i")["value"]]
            assert values == list(range(len(values)))
            assert len(values) - counter.get() in (0, 1)
        run_dirs = list(Store(store).run_dirs())
        wait_until(lambda: all(r.manifest.exists() and not r.segments() for r in run_dirs), "order")
        for number, counter in enumerate(counters):
            assert runs[f"of {number}"].refresh().rows - counter.get() in (0, 1)
