"""Workers and ranks that were started fresh add their rows to one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import nbtrack
from nbtrack import RunView
from tests import large
from tests.crash.processes import environment

HEAD = """\
import multiprocessing, os, subprocess, sys, time
import nbtrack

def work(i):
    nbtrack.log({"i": i, "pid": os.getpid()})
    return i

def main():
"""
TAIL = """
if __name__ == "__main__":
    main()
"""


def script(folder: Path, body: str, name: str = "train.py") -> Path:
    file = folder / name
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    file.write_text(f"{HEAD}{lines}{TAIL}")
    return file


def run(file: Path, **variables: str) -> None:
    environ = environment(NBTRACK_DIR=str(file.parent / "store"), **variables)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)],
        cwd=file.parent,
        env=environ,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr


def runs(folder: Path) -> list[RunView]:
    return list(nbtrack.runs(dir=folder / "store"))


def logged(run: RunView) -> list[int]:
    return sorted(int(value) for value in run.history("i")["value"])


def check_one_run(folder: Path, rows: int) -> RunView:
    (only,) = runs(folder)
    assert (only.state, only.damage) == ("finished", [])
    assert logged(only) == list(range(rows))
    assert [(a.state, a.rows) for a in only.attempts] == [("finished", only.rows)]
    assert only.rows == rows
    return only


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_workers_of_multiprocessing(tmp_path: Path, method: str) -> None:
    body = f"""\
nbtrack.init(id="run")
nbtrack.log({{"i": 0, "pid": os.getpid()}})
context = multiprocessing.get_context("{method}")
with context.Pool(3) as pool:
    pool.map(work, range(1, 40), chunksize=1)
    pool.close()
    pool.join()
"""
    run(script(tmp_path, body), PYTHONWARNINGS="ignore")
    check_one_run(tmp_path, 40)


def test_a_pool_of_executors_that_was_killed_in_the_middle(tmp_path: Path) -> None:
    body = """\
nbtrack.init(id="run")
process = multiprocessing.get_context("spawn").Process(target=forever)
process.start()
while not os.path.exists("many"):
    time.sleep(0.01)
process.kill()
process.join()
nbtrack.log({"i": -1})
"""
    file = script(tmp_path, body)
    more = """\
def forever():
    i = 0
    while True:
        nbtrack.log({"i": i})
        i += 1
        if i == 3000:
            open("many", "w").close()

def main():
"""
    file.write_text(file.read_text().replace("def main():\n", more))
    run(file)
    (only,) = runs(tmp_path)
    assert only.state == "finished"
    values = logged(only)
    assert values == list(range(-1, len(values) - 1))
    assert len(values) > 3000


def test_workers_of_joblib(tmp_path: Path) -> None:
    body = """\
import joblib
nbtrack.init(id="run")
joblib.Parallel(n_jobs=2)(joblib.delayed(work)(i) for i in range(30))
"""
    run(script(tmp_path, body), PYTHONWARNINGS="ignore", JOBLIB_TEMP_FOLDER=str(tmp_path))
    check_one_run(tmp_path, 30)


@pytest.mark.full
def test_workers_of_a_data_loader(tmp_path: Path) -> None:
    large.library("torch")
    body = """\
import torch
class Numbers(torch.utils.data.Dataset):
    def __len__(self): return 40
    def __getitem__(self, i): return work(i)
nbtrack.init(id="run")
for batch in torch.utils.data.DataLoader(Numbers(), batch_size=4, num_workers=2): pass
"""
    run(script(tmp_path, body), PYTHONWARNINGS="ignore")
    check_one_run(tmp_path, 40)


def test_a_script_that_a_script_starts_has_a_run_of_its_own(tmp_path: Path) -> None:
    script(tmp_path, "nbtrack.init(id='inner')\nwork(0)", "inner.py")
    body = """\
nbtrack.init(id="outer")
work(0)
subprocess.run([sys.executable, "inner.py"], check=True)
"""
    run(script(tmp_path, body))
    assert {run.id: (run.state, run.rows) for run in runs(tmp_path)} == {
        "inner": ("finished", 1),
        "outer": ("finished", 1),
    }


def test_a_worker_that_begins_after_the_run_has_ended(tmp_path: Path) -> None:
    body = """\
nbtrack.init(id="run")
work(0)
nbtrack.finish()
process = multiprocessing.get_context("spawn").Process(target=work, args=(1,))
process.start()
process.join()
"""
    run(script(tmp_path, body))
    assert sorted(run.rows for run in runs(tmp_path)) == [1, 1]


def test_ranks_of_one_launch(tmp_path: Path) -> None:
    rank = """\
nbtrack.init(config={"lr": 0.1})
for i in range(10):
    work(i + 10 * int(os.environ["RANK"]))
"""
    script(tmp_path, rank, "rank.py")
    launcher = """\
processes = [
    subprocess.Popen(
        [sys.executable, "rank.py"],
        env={**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "3"},
    )
    for rank in (2, 1, 0)
]
assert [process.wait() for process in processes] == [0, 0, 0]
"""
    file = script(tmp_path, launcher, "launcher.py")
    for _ in range(2):
        run(file)
    both = runs(tmp_path)
    assert len(both) == 2, "one for each launch"
    for one in both:
        assert (one.state, one.rows, one.config) == ("finished", 30, {"lr": 0.1})
        assert logged(one) == list(range(30))
        assert Counter(one.history("pid")["value"].tolist()).most_common()[0][1] == 10
        assert [a.rows for a in one.attempts] == [30]


def test_the_outer_run_goes_on_when_a_nested_one_has_ended(tmp_path: Path) -> None:
    body = """\
nbtrack.init(id="outer")
work(0)
with nbtrack.init(id="inner"):
    work(0)
process = multiprocessing.get_context("spawn").Process(target=work, args=(1,))
process.start()
process.join()
"""
    run(script(tmp_path, body))
    assert {run.id: logged(run) for run in runs(tmp_path)} == {"outer": [0, 1], "inner": [0]}


def test_a_launch_does_not_go_on_with_an_older_one_of_its_name(tmp_path: Path) -> None:
    """Its first rank has a run of its own; the others do not take the old one for it."""
    launch = {"RANK": "0", "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "mine"}
    first = script(tmp_path, "work(0)")
    run(first, **launch)
    (old,) = runs(tmp_path)
    run(first, **launch)
    assert [run.rows for run in runs(tmp_path)] == [1, 1]
    info = json.loads((old.path / "run.json").read_bytes())
    info["created"] -= 10**12
    (old.path / "run.json").write_text(json.dumps(info))
    later = script(tmp_path, "nbtrack._family._RANK_PATIENCE = 0.2\nwork(0)", "later.py")
    later.write_text(f"import nbtrack._family\n{later.read_text()}")
    run(later, **{**launch, "RANK": "1"})
    assert [run.rows for run in runs(tmp_path)] == [1, 1, 1]
    assert old.refresh().rows == 1


def test_one_rank_alone_is_a_script(tmp_path: Path) -> None:
    run(script(tmp_path, "work(0)"), RANK="0", WORLD_SIZE="1")
    (only,) = runs(tmp_path)
    assert not only.id.startswith("ranks-")


def test_what_the_environment_says_may_be_anything(tmp_path: Path) -> None:
    body = "multiprocessing.current_process().name = 'Worker-1'\nwork(0)"
    for text in ("", "nonsense", "{}", '{"path": "/none", "attempt": 1}'):
        run(script(tmp_path, body), NBTRACK_RUN=text)
    assert [run.rows for run in runs(tmp_path)] == [1] * 4
    assert os.environ.get("NBTRACK_RUN") is None
