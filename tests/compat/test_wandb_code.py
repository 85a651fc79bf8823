"""A script written for wandb runs with another import, and what it logged reads back equal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import nbtrack
from nbtrack.recorder.recover import recover
from nbtrack.store.layout import Store
from tests import large

HERE = Path(__file__).parent
SCRIPT = HERE / "wandb_script.py"
NAMES = HERE / "names.json"


class Logged(NamedTuple):
    """What the script says that it logged, and the store that it was logged to."""

    store: Path
    values: dict[str, Any]
    arrays: dict[str, Any]
    said: str


def stage(folder: Path, name: str, *python: str | Path, **environ: str) -> str:
    """Run a stage of the script there; what it printed. By default a warning is an error."""
    done = subprocess.run(
        [*(python or (sys.executable, "-W", "error")), "script.py", name],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    folder = tmp_path_factory.mktemp("script")
    source = SCRIPT.read_text(encoding="utf-8")
    assert source.count("\nimport wandb\n") == 1
    source = source.replace("\nimport wandb\n", "\nimport nbtrack as wandb\n")
    (folder / "script.py").write_text(source, encoding="utf-8")
    store = folder / "store"
    said = "".join(
        stage(folder, name, NBTRACK_DIR=str(store)) for name in ("train", "resume", "use")
    )
    values = json.loads((folder / "logged.json").read_text(encoding="utf-8"))
    with np.load(folder / "logged.npz") as arrays:
        return Logged(store, values, dict(arrays), said)


@pytest.fixture(params=["as it was left", "recovered"])
def run(request: pytest.FixtureRequest, logged: Logged) -> nbtrack.RunView:
    if request.param == "recovered":
        recover(Store(logged.store))
    return nbtrack.open_run("digits-baseline", dir=logged.store)


def test_what_it_is_called(run: nbtrack.RunView) -> None:
    assert (run.name, run.project, run.state) == ("baseline", "digits", "finished")
    assert (run.group, run.job_type) == ("linear models", "train")
    assert run.tags == ["baseline", "linear", "done"]
    assert run.notes == "what the others are compared with"
    assert run.config == {
        "alpha": 0.0001,
        "layers": [64, 10],
        "schedule": "cosine",
        "epochs": 4,
        "batch": 128,
        "rates": {"rate": 0.01, "decay": 0.5},
    }


def test_metrics(run: nbtrack.RunView, logged: Logged) -> None:
    losses = run.history("train/loss").to_pylist()
    assert [row["value"] for row in losses] == logged.values["loss"]
    rows = run.history("epoch", "val/accuracy", "val/loss").to_pylist()
    found = [[row["epoch"], row["val/accuracy"], row["val/loss"]] for row in rows]
    assert found[:4] == logged.values["val"]
    # Those that share a row by commit=False are a step apart from those of training.
    assert [row["step"] for row in rows] == [3, 7, 11, 15, *[row["step"] for row in rows[4:]]]


def test_definitions_make_the_summary(run: nbtrack.RunView, logged: Logged) -> None:
    accuracies, losses = ([row[at] for row in logged.values["val"]] for at in (1, 2))
    assert run.summary["val/accuracy"] == {"max": max(accuracies)}
    assert run.summary["val/loss"] == {"min": min(losses)}
    assert logged.values["summary"].items() <= run.summary.items()
    assert run.metrics["val/*"].step_metric == "epoch"
    epochs = [row["epoch"] for row in run.history("val/loss").to_pylist()]
    assert epochs == [0, 1, 2, 3]


def test_images(run: nbtrack.RunView, logged: Logged) -> None:
    samples = run.media("sample")
    assert [item.step for item in samples] == [3, 7, 11, 15]
    for epoch, item in enumerate(samples):
        assert np.array_equal(item.read(), logged.arrays[f"sample-{epoch}"])
    assert all(" for " in item.info["caption"] for item in samples)
    gallery = run.media("gallery")
    assert [item.index for item in gallery] == [0, 1, 2]
    assert np.array_equal(np.stack([item.read() for item in gallery]), logged.arrays["gallery"])


def test_histograms(run: nbtrack.RunView, logged: Logged) -> None:
    for epoch, item in enumerate(run.media("weights")):
        counts, edges = item.read()
        assert np.array_equal(counts, logged.arrays[f"counts-{epoch}"])
        assert np.array_equal(edges, logged.arrays[f"edges-{epoch}"])
    assert len(run.media("weights")) == 4


def test_tables(run: nbtrack.RunView, logged: Logged) -> None:
    (table,) = run.media("guesses")
    frame = table.read().to_pandas()
    assert list(frame.columns) == ["number", "digit", "guess", "sure"]
    assert frame.to_numpy().tolist() == logged.values["rows"]
    (per_digit,) = run.media("per digit")
    frame = per_digit.read().to_pandas()
    assert frame["digit"].tolist() == list(range(10))
    assert np.array_equal(frame["images"], logged.arrays["images"])
    (confusion,) = run.media("confusion")
    frame = confusion.read().to_pandas()
    assert frame["nPredictions"].sum() == logged.arrays["images"].sum()
    (report,) = run.media("report")
    assert report.read() == "<p>a <b>report</b></p>"


def test_alerts(run: nbtrack.RunView, logged: Logged) -> None:
    (alert,) = run.alerts
    assert (alert.title, alert.text, alert.level) == ("accuracy", logged.values["alert"], "WARN")


def test_files_and_artifacts(run: nbtrack.RunView, logged: Logged, tmp_path: Path) -> None:
    assert (run.path / "files" / "notes.txt").read_text() == "kept with the run"
    (made,) = run.artifacts
    assert (made.name, made.version, made.role) == ("digits-model", 0, "made")
    artifact = nbtrack.open_artifact("digits-model:best", dir=logged.store)
    assert (artifact.description, artifact.metadata) == ("coefficients", {"alpha": 0.0001})
    folder = Path(artifact.download(tmp_path / "down"))
    coefficients = np.load(folder / "coefficients.npy")
    assert np.array_equal(coefficients, logged.arrays["coefficients"])
    used = nbtrack.runs(dir=logged.store)[0]
    assert [(one.name, one.role) for one in used.artifacts] == [("digits-model", "used")]
    assert used.summary == {"checksum": float(coefficients.sum()), "classes": 10}
    assert used.job_type == "evaluate"
    assert "used digits-model:v0 v0 model {'alpha': 0.0001} trained on 1,200 images" in logged.said


def test_it_was_resumed(run: nbtrack.RunView, logged: Logged) -> None:
    assert "resumed digits-baseline baseline" in logged.said
    assert [part.differences for part in run.parts] == [[], []]
    first, second = run.attempts
    assert (first.state, second.state) == ("finished", "finished")
    epochs = run.history("epoch").to_pylist()
    assert [row["value"] for row in epochs] == [0, 1, 2, 3, 4, 5]
    steps = [row["step"] for row in epochs]
    assert steps == sorted(set(steps))
    assert [row["attempt"] for row in epochs] == [1, 1, 1, 1, 2, 2]


def test_a_network_that_was_watched(run: nbtrack.RunView, logged: Logged) -> None:
    large.library("torch")
    (model,) = run.models
    assert model.parameters == 64 * 16 + 16 + 16 * 10 + 10
    names = logged.values["watched"]
    for name in names:
        assert len(run.media(f"gradients/{name}")) == len(run.media(f"parameters/{name}")) == 3


@pytest.fixture(scope="module")
def wandb_python(
    tmp_path_factory: pytest.TempPathFactory, outside_environ: Mapping[str, str]
) -> Path:
    """An environment with the real one, of the version that the names are of."""
    path = tmp_path_factory.mktemp("real") / "environment"
    subprocess.run([sys.executable, "-m", "venv", path], env=outside_environ, check=True)
    python = path / "bin" / "python"
    version = json.loads(NAMES.read_text(encoding="utf-8"))["version"]
    packages = [f"wandb=={version}", "numpy", "pandas", "pillow", "scikit-learn"]
    command = [str(python), "-m", "pip", "install", "--quiet", *packages]
    subprocess.run(command, env=outside_environ, check=True, timeout=900)
    return python


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_the_same_script_runs_with_wandb(wandb_python: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("train", "resume"):
        stage(tmp_path, name, wandb_python, WANDB_MODE="offline")
    assert json.loads((tmp_path / "logged.json").read_text())["summary"]["classes"] == 10
    assert list(tmp_path.glob("wandb/offline-run-*-digits-baseline/*.wandb"))


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_the_names_are_those_of_wandb(wandb_python: Path, tmp_path: Path) -> None:
    found = tmp_path / "names.json"
    subprocess.run([wandb_python, HERE / "record_names.py", found], check=True, timeout=300)
    assert json.loads(found.read_text()) == json.loads(NAMES.read_text())
