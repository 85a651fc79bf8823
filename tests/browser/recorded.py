"""Real runs of every kind in one store, recorded by kernels and scripts, for pages to show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shlex import quote

import nbtrack
from nbtrack import RunView
from tests.kernel.kernels import Kernel, wait_until

BAD = "\"><img src=x onerror='document.title=1'><script>document.title=1</script>&lt;b&gt;"

LOAD = "%load_ext nbtrack\nimport math, os, random, sys, time\nimport nbtrack"
TRAIN = """%%track --name {name} --config lr={lr}
random.seed({lr})
print("\\x1b[32mtraining\\x1b[0m with \\x1b[1mlr = {lr}\\x1b[0m")
for epoch in nbtrack.progress(range({epochs}), label="epoch"):
    loss = math.exp(-epoch * {lr}) + 0.02 * random.random()
    nbtrack.log({{
        "train/loss": loss, "val/loss": loss + 0.05 * (1 + random.random()),
        "train/accuracy": 1 - 0.8 * loss, "val/accuracy": 0.97 - 0.8 * loss,
        "lr": {lr} * 0.99**epoch, "gradients/norm": 3 * loss,
    }})
    if epoch % 10 == 0:
        print(f"epoch {{epoch}}: loss {{loss:.4f}}")
    {wait}
print("a warning", file=sys.stderr)
"""
ENDLESS = """%%track --name endless --config lr=0.01
n = 0
while not os.path.exists({until!r}):
    nbtrack.log({{"train/loss": math.exp(-n / 500), "val/loss": 0.1 + math.exp(-n / 500)}})
    n += 1
    time.sleep(0.02)
"""
FORTY = """
import math, nbtrack
nbtrack.init(name="forty metrics", project="vision", tags=["wide"], config={{"layers": 38}})
for step in range(300):
    nbtrack.log({{f"layers/{{n:02}}/weight": math.sin(step / (n + 5)) for n in range(38)}}, step)
    nbtrack.log({{"train/loss": 1 / (step + 1), "val/loss": 2 / (step + 1)}}, step)
"""
FAILED = """
import nbtrack
nbtrack.init(name="failed script", project="vision", config={{"lr": 10.0, "model": "resnet"}})
for step in range(50):
    nbtrack.log({{"train/loss": 1.1**step, "val/loss": 1.2**step}})
raise FloatingPointError("the loss is not finite")
"""
EVIL = """
import sys, nbtrack
bad = sys.argv[1]
nbtrack.init(name=bad, project=bad, tags=[bad], notes=bad, group=bad, config={{bad: bad, "a": 1}})
for step in range(20):
    nbtrack.log({{bad: step, "train/" + bad: step, "val/" + bad: -step}})
print(bad)
nbtrack.summary[bad] = bad
raise type(bad, (Exception,), {{}})(bad)
"""


class Recorded:
    """A store with runs in it, one of which goes on until :meth:`stop`.

    Attributes:
        store: Where it is.
        running: The id of the run that goes on.
    """

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self._until = folder / "enough"
        self._folder = folder
        self._script("forty", FORTY)
        self._script("failed", FAILED, fails=True)
        self._script("evil", EVIL, BAD, fails=True)
        self.finished = self._finished()
        self.crashed = self._crashed()
        self._kernel = Kernel(folder)
        self._kernel.run(LOAD)
        self.running = self._begin_endless()

    def stop(self) -> None:
        """End everything."""
        self._until.touch()
        self._kernel.__exit__(None, None, None)

    def kill(self) -> None:
        """Kill the kernel of the run that goes on."""
        self._kernel.kill()

    def named(self, name: str) -> RunView:
        """A run by its name."""
        return nbtrack.open_run(name, dir=self.store)

    def _finished(self) -> str:
        with Kernel(self._folder) as kernel:
            kernel.run(LOAD)
            kernel.run("data = list(range(10_000))\nsum(data)", cell="data")
            for lr in (0.02, 0.05, 0.1):
                cell = TRAIN.format(name=f"lr-{lr}", lr=lr, epochs=100, wait="time.sleep(0.002)")
                kernel.run(cell, cell="train")
            kernel.run("nbtrack.run.name = 'finished notebook'\nnbtrack.run.tags += ('good',)")
            run_id = kernel.current_run().id
            kernel.shutdown()
        return run_id

    def _crashed(self) -> str:
        with Kernel(self._folder) as kernel:
            kernel.run(LOAD)
            kernel.run("nbtrack.init(name='crashed notebook', project='vision')")
            # Later than the recorder needs to be there.
            wait = "time.sleep(0.03)\n    if epoch == 90: os.kill(os.getpid(), 9)"
            kernel.start(TRAIN.format(name="doomed", lr=0.05, epochs=100, wait=wait), cell="train")
            wait_until(lambda: not kernel.manager.is_alive(), "the kernel to be gone")
        found = self.named("crashed notebook")
        wait_until(lambda: "SIGKILL" in found.refresh().reason, "how it died to be recorded")
        return found.id

    def _begin_endless(self) -> str:
        self._kernel.start(ENDLESS.format(until=str(self._until)), cell="endless")
        (run_id,) = wait_until(
            lambda: [run.id for run in nbtrack.runs(dir=self.store, state="running") if run.rows],
            "the run that goes on",
        )
        return str(run_id)

    def _script(self, name: str, source: str, *arguments: str, fails: bool = False) -> None:
        path = self._folder / f"{name}.py"
        path.write_text(source.format())
        done = subprocess.run(
            [sys.executable, str(path), *arguments],
            cwd=self._folder,
            env={**os.environ, "NBTRACK_DIR": str(self.store)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert (done.returncode != 0) is fails, f"{quote(str(path))}: {done.stderr}"
