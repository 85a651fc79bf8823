"""Studies that go on, in several processes and threads, and in a notebook."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import _current
from tests.integrations.frameworks import framework
from tests.integrations.reading import rows_of
from tests.kernel.kernels import Kernel

optuna = framework("optuna")

from optuna.trial import TrialState  # noqa: E402

from nbtrack.integrations.optuna import NbtrackCallback  # noqa: E402
from tests.integrations.studies import (  # noqa: E402
    expect_as,
    expect_study,
    expect_table,
    journal,
    make_study,
    objective,
    runs_of,
)
from tests.integrations.studies import quiet as quiet  # noqa: E402

pytestmark = pytest.mark.usefixtures("quiet")


def test_a_study_that_goes_on_has_the_trials_of_before(own_process: None, tmp_path: Path) -> None:
    where = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "load_if_exists": True}
    for at in range(2):
        study, callback = make_study(**where), NbtrackCallback()
        study.optimize(callback.track(objective), 6, callbacks=[callback], catch=KeyError)
        around = nbtrack.run
        assert around is not None
        nbtrack.finish()
        assert len(runs_of(study)) == 6 * (at + 1)
        expect_study(nbtrack.open_run(around.id), study)


WORKER = """
import sys, warnings
from pathlib import Path
sys.path.insert(0, {root!r})
import nbtrack, optuna
from tests.integrations.studies import journal, objective
from nbtrack.integrations.optuna import NbtrackCallback

def work(at):
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    study = optuna.load_study(study_name="parabola", storage=journal(Path({path!r})),
        pruner=optuna.pruners.ThresholdPruner(upper=60))
    callback = NbtrackCallback(figures=False)
    study.optimize(callback.track(objective), 6, callbacks=[callback], catch=KeyError)

if __name__ == "__main__":
    {main}
"""
OWN = "work(0)"
WORKERS = """import multiprocessing
    run = nbtrack.init(job_type="study", name="all of them")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(work, range(2), chunksize=1)
        pool.close()
        pool.join()
    study = optuna.load_study(study_name="parabola", storage=journal(Path({path!r})))
    NbtrackCallback().log_study(study)
"""


@pytest.mark.full
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # before 4.0
@pytest.mark.parametrize("kind", ["processes", "workers"])
def test_several_processes_have_one_group(kind: str, tmp_path: Path, store_dir: Path) -> None:
    path = tmp_path / "journal.log"
    study = make_study(storage=journal(path))
    root = str(Path(__file__).parents[2])
    main = OWN if kind == "processes" else WORKERS.format(path=str(path))
    script = tmp_path / "work.py"
    script.write_text(WORKER.format(root=root, path=str(path), main=main), encoding="utf-8")
    started = [
        subprocess.Popen([sys.executable, script], cwd=tmp_path)
        for _ in range(2 if kind == "processes" else 1)
    ]
    assert [process.wait(timeout=240) for process in started] == [0] * len(started)
    runs = runs_of(study)
    assert set(runs) == set(range(12))
    for trial in study.trials:
        expect_as(runs[trial.number], trial, also=frozenset({"loss", "who"}))
    around = [run for run in nbtrack.runs() if run.job_type == "study"]
    assert len(around) == len(started)
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    values = [(trial.number, trial.value) for trial in complete]
    rows = [rows_of(run, "value") for run in around]
    if kind == "workers":
        assert rows == [values]
        expect_table(around[0], study)
    else:
        assert max(rows, key=len) == values


def test_a_trial_that_is_killed_is_crashed_and_says_what_it_tried(
    tmp_path: Path, store_dir: Path
) -> None:
    script = tmp_path / "killed.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, signal, optuna
            from nbtrack.integrations.optuna import NbtrackCallback

            callback = NbtrackCallback()

            @callback.track
            def objective(trial):
                x = trial.suggest_float("x", 0, 1)
                trial.report(x, 5)
                if trial.number == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                return x

            study = optuna.create_study(study_name="deadly")
            study.optimize(objective, n_trials=2, callbacks=[callback])
            """
        ),
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    runs = {run.name: run for run in nbtrack.runs()}
    assert runs["deadly-0"].state == "finished"
    assert runs["deadly-1"].state == runs["deadly"].state == "crashed"
    assert 0 <= runs["deadly-1"].config["x"] <= 1
    assert rows_of(runs["deadly-1"], "intermediate_value") == [(5, runs["deadly-1"].config["x"])]


def test_a_thread_with_a_run_of_its_own_leaves_the_others_theirs(own_process: None) -> None:
    around = nbtrack.init()
    entered, leave = threading.Barrier(3), threading.Barrier(3)
    seen: dict[str, Any] = {}

    def work(name: str) -> None:
        with _current.own_run(), nbtrack.init(name=name) as run:
            entered.wait(60)
            nbtrack.log({"who": ord(name)})
            seen[name] = nbtrack.run is run
            leave.wait(60)
        seen[f"after {name}"] = nbtrack.run

    threads = [threading.Thread(target=work, args=[name]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    entered.wait(60)
    nbtrack.log({"who": 0})
    assert nbtrack.run is around
    leave.wait(60)
    for thread in threads:
        thread.join()
    assert _current._run is around
    assert seen == {"a": True, "b": True, "after a": around, "after b": around}
    around.finish()
    told = {run.name: [value for _, value in rows_of(run, "who")] for run in nbtrack.runs()}
    assert told == {"a": [ord("a")], "b": [ord("b")], around.name: [0]}


NOTEBOOK = """%load_ext nbtrack
import nbtrack, optuna
from nbtrack.integrations.optuna import NbtrackCallback
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
callback = NbtrackCallback(figures=False)

@callback.track
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    nbtrack.log({"who": trial.number})
    print("trial", trial.number)
    return x

study = optuna.create_study(study_name="cells")"""
OPTIMIZE = "study.optimize(objective, n_trials=3, n_jobs={jobs}, callbacks=[callback])"


@pytest.mark.kernel
def test_in_a_notebook_the_cell_is_the_attempt_of_the_study_and_of_its_trials(
    tmp_path: Path,
) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.run(NOTEBOOK)
        cells = ["%%track --name one\n" + OPTIMIZE.format(jobs=1), OPTIMIZE.format(jobs=2)]
        for cell in cells:
            assert kernel.run(cell).error is None
        assert kernel.run("nbtrack.log({'after': 1})").error is None
        kernel.shutdown()
    runs = nbtrack.runs(dir=kernel.store)
    (around,) = [run for run in runs if run.job_type is None]
    first, second, third = around.attempts
    assert [first.name, first.source, second.source] == ["one", cells[0], cells[1]]
    assert "after" in third.summary
    table = around.history("value")
    steps = sorted(zip(table["attempt"], table["step"], strict=True))
    assert steps == [(1, at) for at in range(3)] + [(2, at) for at in range(6)]
    tables = [item for item in around.media() if item.key == "trials"]
    assert [max(len(one.read()) for one in tables if one.attempt == n) for n in (1, 2)] == [3, 6]
    trials = {run.config["optuna"]["trial"]: run for run in runs if run.job_type == "trial"}
    assert set(trials) == set(range(6))
    for number, run in trials.items():
        (attempt,) = run.attempts
        assert (run.state, attempt.state) == ("finished", "finished")
        assert attempt.source == cells[number // 3]
        assert [value for _, value in rows_of(run, "who")] == [number]
