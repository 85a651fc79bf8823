"""Optuna: what is read back is what the study itself says."""

from __future__ import annotations

import functools
import math
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import NbtrackWarning, RunView, _current
from nbtrack.integrations import _patching
from tests.integrations.frameworks import framework
from tests.kernel.kernels import Kernel

optuna = framework("optuna")

from optuna.storages import JournalStorage  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

from nbtrack.integrations import optuna as ours  # noqa: E402
from nbtrack.integrations.optuna import NbtrackCallback  # noqa: E402

STATES = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "finished", TrialState.FAIL: "failed"}
Frozen = Any
Study = Any


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)


@pytest.fixture
def optimizes(monkeypatch: pytest.MonkeyPatch, logging: set[str]) -> None:
    """``Study.optimize`` records by itself, until the test ends."""
    monkeypatch.setattr(optuna.Study, "optimize", optuna.Study.optimize)
    logging.add("optuna")
    ours.autolog()


def make_study(**options: Any) -> Study:
    options.setdefault("study_name", "parabola")
    options.setdefault("sampler", optuna.samplers.RandomSampler(seed=1))
    options.setdefault("pruner", optuna.pruners.ThresholdPruner(upper=60))
    return optuna.create_study(**options)


def objective(trial: Any, *, log: bool = True) -> float:
    """Some trials are complete, some pruned, number 3 raises and number 4 gives no number."""
    x = trial.suggest_float("x", -10, 10)
    kind = trial.suggest_categorical("kind", ["round", "flat", None])
    sides = trial.suggest_int("sides", 3, 12, step=3)
    trial.set_user_attr("area", x * sides)
    value = math.inf
    for step in range(0, 6, 2):
        value = x**2 + sides + (kind == "flat") + 10 / (step + 1)
        if log:
            nbtrack.log({"loss": value, "who": trial.number})
        trial.report(value, step)
        if trial.number == 3:
            raise KeyError("three")
        if trial.number != 4 and trial.should_prune():
            raise optuna.TrialPruned
    return math.nan if trial.number == 4 else value


reported = functools.partial(objective, log=False)


def runs_of(study: Study) -> dict[int, RunView]:
    """The runs of the trials of a study, by the trials' numbers."""
    found = [run for run in nbtrack.runs() if run.job_type == "trial"]
    assert {run.group for run in found} <= {study.study_name}
    by_number = {run.config["optuna"]["trial"]: run for run in found}
    assert len(by_number) == len(found)
    return by_number


def rows_of(run: RunView, key: str) -> list[tuple[int, float]]:
    table = run.history(key)
    return sorted(zip(table["step"], table["value"], strict=True))


def expect_as(run: RunView, trial: Frozen, *, also: frozenset[str] = frozenset()) -> None:
    """The run says of its trial what Optuna does."""
    config = run.config
    assert config.pop("optuna") == {"study": run.group, "trial": trial.number}
    assert config == trial.params
    assert (run.state, run.name) == (STATES[trial.state], f"{run.group}-{trial.number}")
    reported = trial.intermediate_values
    assert ("intermediate_value" in run.summary) == bool(reported)
    if reported:
        assert rows_of(run, "intermediate_value") == sorted(reported.items())
    expected = {f"user_attrs/{key}": value for key, value in trial.user_attrs.items()}
    if trial.value is not None:
        expected["value"] = trial.value
    said = {key: run.summary[key] for key in run.summary if key not in also}
    said.pop("intermediate_value", None)
    assert said == expected
    if trial.state == TrialState.PRUNED:
        assert run.reason == f"pruned at step {trial.last_step}"
    if trial.state == TrialState.COMPLETE:
        assert run.reason == "the trial is complete"


def media_of(run: RunView, key: str) -> Any:
    return [item for item in run.media() if item.key == key][-1].read()


def expect_study(run: RunView, study: Study) -> None:
    """The run of the study says what the study does."""
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    assert rows_of(run, "value") == [(trial.number, trial.value) for trial in complete]
    best, bests = math.inf, []
    for trial in complete:
        best = min(best, trial.value)
        bests.append((trial.number, best))
    assert rows_of(run, "best_value") == bests
    states = [trial.state for trial in study.trials]
    for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL):
        assert run.summary[f"trials/{state.name.lower()}"] == states.count(state)
    assert run.summary["best_trial"] == study.best_trial.number
    assert run.summary["best_value"] == study.best_value
    for name, value in study.best_params.items():
        assert run.summary[f"best_params/{name}"] == value
    about = run.config["optuna"]
    assert about["study"] == study.study_name
    assert about["directions"] == ["minimize"]
    assert (about["sampler"], about["pruner"]) == ("RandomSampler", "ThresholdPruner")
    kinds = {k: str(v) for trial in study.trials for k, v in trial.distributions.items()}
    assert about["distributions"] == kinds
    expect_table(run, study)
    importances = optuna.importance.get_param_importances(study)
    bars = media_of(run, "param_importances")
    names = list(bars.get_column("parameter"))
    if importances == optuna.importance.get_param_importances(study):
        assert names == list(importances)
        assert list(bars.get_column("importance")) == list(importances.values())
    else:  # before 5.0 they come from trees, which are others each time
        assert sorted(names) == sorted(importances)


def expect_table(run: RunView, study: Study) -> None:
    table, frame = media_of(run, "trials"), study.trials_dataframe()
    for name in frame.columns:
        if name.startswith(("params_", "user_attrs_", "value")) or name in ("number", "state"):
            told = [None if value != value else value for value in frame[name].tolist()]
            assert list(table.get_column(name)) == told
    seconds = [duration.total_seconds() for duration in frame["duration"]]
    assert list(table.get_column("duration_seconds")) == seconds


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_trial_is_a_run_with_what_optuna_knows_of_it(own_process: None, jobs: int) -> None:
    study, callback = make_study(), NbtrackCallback(tags=["sweep"])
    around = nbtrack.init(project="shapes", allow_val_change=False)
    study.optimize(
        callback.track(objective), n_trials=16, n_jobs=jobs, catch=KeyError, callbacks=[callback]
    )
    assert nbtrack.run is around
    assert not _current._own
    around.finish()
    runs = runs_of(study)
    assert set(runs) == set(range(16))
    assert len({trial.state for trial in study.trials}) == 3
    for trial in study.trials:
        run = runs[trial.number]
        expect_as(run, trial, also=frozenset({"loss", "who"}))
        assert run.project == "shapes"
        assert run.tags == ["sweep"]
        assert {value for _, value in rows_of(run, "who")} == {trial.number}
        assert rows_of(run, "loss") == [
            (at, value) for at, (_, value) in enumerate(rows_of(run, "intermediate_value"))
        ]
    assert runs[3].state == "failed"
    assert runs[3].exception is not None
    assert runs[3].exception["type"] == "KeyError"
    assert runs[4].reason == "the objective returned nan, which is no value"
    view = nbtrack.open_run(around.id)
    assert "loss" not in view.summary
    if jobs == 1:
        expect_study(view, study)
    else:
        expect_table(view, study)


def test_the_callback_alone_makes_a_run_of_what_optuna_kept(own_process: None) -> None:
    study = make_study()
    study.optimize(reported, n_trials=12, catch=KeyError, callbacks=[NbtrackCallback()])
    around = nbtrack.run
    assert around is not None
    assert (around.name, around.group, around.job_type) == ("parabola", "parabola", "study")
    around.finish()
    runs = runs_of(study)
    assert set(runs) == set(range(12))
    for trial in study.trials:
        expect_as(runs[trial.number], trial)
    assert runs[4].reason == "the trial failed"
    view = nbtrack.open_run(around.id)
    expect_study(view, study)


def test_only_the_study_if_no_runs_of_trials_are_wanted(own_process: None) -> None:
    study = make_study()
    callback = NbtrackCallback(trials=False, figures=False, group="shapes")
    study.optimize(reported, n_trials=3, callbacks=[callback])
    nbtrack.finish()
    (run,) = nbtrack.runs()
    assert run.group == "shapes"
    assert {item.key for item in run.media()} == {"trials", "param_importances"}


@pytest.mark.parametrize(
    "returned",
    [None, math.nan, "nothing", [1.0], (2.0, 3.0), [], math.inf, True, {"value": 1.0}],
    ids=repr,
)
def test_what_optuna_takes_for_failed_is_failed(own_process: None, returned: Any) -> None:
    study, callback = make_study(), NbtrackCallback()
    study.optimize(callback.track(lambda trial: returned), n_trials=1, callbacks=[callback])
    nbtrack.finish()
    (run,), (trial,) = runs_of(study).values(), study.trials
    assert run.state == STATES[trial.state]
    assert run.summary.get("value") == trial.value


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # names of metrics
def test_several_objectives_have_a_value_each_and_a_front(own_process: None) -> None:
    study = make_study(directions=["minimize", "maximize"], pruner=None)
    study.set_metric_names(["loss", "speed"])
    callback = NbtrackCallback()

    def several(trial: Any) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return x + y, x * y + x

    study.optimize(callback.track(several), n_trials=12, callbacks=[callback])
    around = nbtrack.run
    nbtrack.finish()
    for number, run in runs_of(study).items():
        loss, speed = study.trials[number].values
        assert run.summary == {"values/loss": loss, "values/speed": speed}
    assert around is not None
    view = nbtrack.open_run(around.id)
    for at, name in enumerate(["loss", "speed"]):
        told = [(trial.number, trial.values[at]) for trial in study.trials]
        assert rows_of(view, f"values/{name}") == told
    best = {trial.number: trial.values for trial in study.best_trials}
    assert sorted(view.summary["pareto_trials"]) == sorted(best)
    front = media_of(view, "pareto_front")
    assert {row[2]: row[:2] for row in front.data} == best
    expect_table(view, study)
    assert {"param_importances/loss", "param_importances/speed"} <= {m.key for m in view.media()}


def test_a_trial_that_is_asked_for_by_hand(own_process: None) -> None:
    study, callback = make_study(), NbtrackCallback()
    for how in ("value", "pruned", "failed", "untold", "raised"):
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        with pytest.MonkeyPatch.context(), _suppressed():
            with callback.trial(trial) as run:
                assert nbtrack.run is run
                nbtrack.log({"loss": 0.5})
                trial.report(0.5, 7)
                if how == "value":
                    callback(study, study.tell(trial, 0.25))
                elif how == "pruned":
                    callback(study, study.tell(trial, state=TrialState.PRUNED))
                elif how == "failed":
                    callback(study, study.tell(trial, state=TrialState.FAIL))
                elif how == "raised":
                    raise optuna.TrialPruned
            assert type(trial) is optuna.Trial
    nbtrack.finish()
    runs = runs_of(study)
    told = {number: (run.state, run.reason) for number, run in runs.items()}
    assert told == {
        0: ("finished", "the trial is complete"),
        1: ("finished", "pruned at step 7"),
        2: ("failed", "the trial failed"),
        3: ("finished", "the trial was not told its value in the body of its with statement"),
        4: ("finished", "pruned at step 7"),
    }
    for number in range(3):
        expect_as(runs[number], study.trials[number], also=frozenset({"loss"}))


class _suppressed:
    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        return isinstance(error, optuna.TrialPruned)


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


def journal(path: Path) -> Any:
    try:
        from optuna.storages.journal import JournalFileBackend
    except ImportError:  # before 4.0
        from optuna.storages import JournalFileStorage as JournalFileBackend
    return JournalStorage(JournalFileBackend(str(path)))


WORKER = """
import sys, warnings
from pathlib import Path
sys.path.insert(0, {root!r})
import nbtrack, optuna
from tests.integrations.test_optuna import journal, objective
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


def test_without_a_line_more(own_process: None, optimizes: None) -> None:
    study = make_study()
    study.optimize(objective, 8, 100.0, catch=(KeyError,))
    around = nbtrack.run
    assert around is not None
    with pytest.raises(ZeroDivisionError):
        study.optimize(lambda trial: 1 / 0, n_trials=1)
    nbtrack.finish()
    runs = runs_of(study)
    assert set(runs) == set(range(9))
    for trial in study.trials:
        expect_as(runs[trial.number], trial, also=frozenset({"loss", "who"}))
    assert runs[8].reason.endswith("ZeroDivisionError was raised")
    expect_study(nbtrack.open_run(around.id), study)


def test_without_a_line_more_nothing_is_recorded_twice(own_process: None, optimizes: None) -> None:
    study, callback = make_study(), NbtrackCallback()
    study.optimize(callback.track(objective), n_trials=2, callbacks=[callback])
    study.optimize(objective, n_trials=1, callbacks=[callback])
    study.optimize(callback.track(lambda trial: 1.0), n_trials=1)
    nbtrack.finish()
    assert len(runs_of(study)) == 4
    _patching.logging.clear()
    study.optimize(lambda trial: 1.0, n_trials=1)
    assert nbtrack.run is None


def test_what_cannot_be_recorded_is_a_warning_and_the_study_goes_on(
    own_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NBTRACK_DIR", str(tmp_path / "file" / "store"))
    study, callback = make_study(), NbtrackCallback()
    with pytest.warns(NbtrackWarning, match="could not log what optuna did"):
        study.optimize(callback.track(lambda trial: 2.0), n_trials=2, callbacks=[callback])
    assert [trial.value for trial in study.trials] == [2.0, 2.0]


def test_disabled_records_nothing(
    own_process: None, store_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBTRACK_MODE", "disabled")
    study, callback = make_study(), NbtrackCallback()
    study.optimize(
        callback.track(objective), n_trials=8, n_jobs=2, callbacks=[callback], catch=KeyError
    )
    nbtrack.finish()
    assert len(study.trials) == 8
    assert not store_dir.exists()


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
