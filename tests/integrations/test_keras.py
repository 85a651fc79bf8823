"""Keras 3: what is in the history is in the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import UsageError
from tests.integrations.frameworks import framework, is_installed

if is_installed("torch"):
    os.environ.setdefault("KERAS_BACKEND", "torch")
keras = framework("keras")

from nbtrack.integrations.keras import (  # noqa: E402 - without Keras, all is skipped
    NbtrackCallback,
    NbtrackModelCheckpoint,
)

pytestmark = [
    pytest.mark.usefixtures("own_process", "logging"),
    # Keras's variables are older than numpy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation.* copy keyword:DeprecationWarning"),
]


def made_data() -> tuple[Any, Any]:
    random = numpy.random.default_rng(0)
    inputs = random.normal(size=(32, 4)).astype("float32")
    return inputs, inputs.sum(axis=1, keepdims=True)


def new_model(rate: Any = 0.05) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="line")])
    model.compile(keras.optimizers.SGD(rate), loss="mse", metrics=["mae"])
    return model


def fit(model: Any, callbacks: list[Any], **more: Any) -> dict[str, list[float]]:
    """Train with a validation, and return the history."""
    inputs, targets = made_data()
    found: dict[str, list[float]] = model.fit(
        *(inputs, targets),
        **{"epochs": 3, "batch_size": 8, "verbose": 0, **more},
        validation_data=(inputs[:8], targets[:8]),
        callbacks=callbacks,
    ).history
    return found


def ended() -> nbtrack.RunView:
    """The current run, ended and read back."""
    assert nbtrack.run is not None
    run_id = nbtrack.run.id
    nbtrack.finish()
    return nbtrack.open_run(run_id)


def recorded(view: nbtrack.RunView, name: str) -> list[tuple[int, float]]:
    return [(row["step"], row["value"]) for row in view.history(name).to_pylist()]


def test_the_history_is_in_the_run() -> None:
    history = fit(new_model(), [NbtrackCallback()])
    view = ended()
    assert set(history) == {"loss", "mae", "val_loss", "val_mae"}
    for name, values in history.items():
        assert recorded(view, name) == list(enumerate(values))
    assert set(view.summary) == {*history, "learning_rate"}
    assert view.rows == 3


def test_config_and_layers() -> None:
    model = new_model()
    fit(model, [NbtrackCallback()])
    view = ended()
    assert view.config == {
        "backend": keras.backend.backend(),
        "epochs": 3,
        "steps": 4,
        "loss": "mse",
        "optimizer": model.optimizer.get_config(),
    }
    (info,) = view.models
    assert (info.type, info.parameters) == ("Sequential", model.count_params())


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (lambda: keras.losses.Huber(), "huber_loss"),
        (lambda: keras.losses.mean_squared_error, "mean_squared_error"),
    ],
    ids=["object", "function"],
)
def test_a_loss_has_its_name(loss: Any, name: str) -> None:
    model = new_model()
    model.compile("sgd", loss=loss())
    fit(model, [NbtrackCallback()], epochs=1)
    assert ended().config["loss"] == name


def test_learning_rates_are_those_of_the_schedule() -> None:
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.1 / (1 + epoch))
    history = fit(new_model(), [NbtrackCallback(), scheduler])
    view = ended()
    assert [value for _, value in recorded(view, "learning_rate")] == pytest.approx(
        [0.1, 0.05, 0.1 / 3]
    )
    assert [value for _, value in recorded(view, "learning_rate")] == history["learning_rate"]


def test_a_schedule_of_the_optimizer() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=4, decay_rate=0.5)
    fit(new_model(schedule), [NbtrackCallback()])
    view = ended()
    assert [value for _, value in recorded(view, "learning_rate")] == pytest.approx(
        [0.05, 0.025, 0.0125]
    )
    assert view.config["optimizer"]["learning_rate"]["config"]["decay_steps"] == 4


def test_batches() -> None:
    losses: list[float] = []
    own = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: losses.append(float(logs["loss"]))
    )
    fit(new_model(), [NbtrackCallback(log_freq=2), own])
    view = ended()
    assert recorded(view, "batch/loss") == list(enumerate(losses))[::2]
    assert [step for step, _ in recorded(view, "loss")] == [0, 1, 2]


def test_a_training_that_goes_on(tmp_path: Path) -> None:
    model = new_model()
    callback = NbtrackCallback(log_freq=1)
    first = fit(model, [callback], epochs=2)
    second = fit(model, [callback], epochs=4, initial_epoch=2)
    view = ended()
    assert recorded(view, "loss") == list(enumerate(first["loss"] + second["loss"]))
    assert [step for step, _ in recorded(view, "batch/loss")] == list(range(16))


def test_nothing_is_asked_of_batches_by_default() -> None:
    assert "on_train_batch_end" not in {*vars(NbtrackCallback), *vars(NbtrackCallback())}
    assert "on_train_batch_end" in vars(NbtrackCallback(log_freq=1))


def test_evaluate_alone() -> None:
    model = new_model()
    inputs, targets = made_data()
    callback = NbtrackCallback()
    fit(model, [callback], epochs=1)
    found = model.evaluate(inputs, targets, verbose=0, callbacks=[callback], return_dict=True)
    view = ended()
    assert {name: view.summary[f"test_{name}"] for name in found} == found
    assert [step for step, _ in recorded(view, "test_loss")] == [1]


def test_autolog() -> None:
    nbtrack.autolog("keras")
    nbtrack.autolog("keras")
    model = new_model()
    inputs, targets = made_data()
    found = model.fit(inputs, targets, 8, 2, 0).history
    again = model.fit(inputs, targets, epochs=2, verbose=0, callbacks=[NbtrackCallback()]).history
    measured = model.evaluate(inputs, targets, verbose=0, return_dict=True)
    view = ended()
    rows = sorted(view.history("loss").to_pylist(), key=lambda row: row["time"])
    assert [row["value"] for row in rows] == found["loss"] + again["loss"]
    assert view.rows == 2 + 2 + 1
    assert view.summary["test_loss"] == measured["loss"]
    nbtrack.autolog("keras", disable=True)
    model.fit(inputs, targets, verbose=0)
    assert len(nbtrack.runs()) == 1


@pytest.mark.parametrize("save_best_only", [False, True])
def test_checkpoints_are_versions_of_an_artifact(tmp_path: Path, save_best_only: bool) -> None:
    (tmp_path / "0.keras").write_text("of another training")
    checkpoint = NbtrackModelCheckpoint(
        tmp_path / "{epoch}.keras", monitor="loss", save_best_only=save_best_only
    )
    model = new_model()
    history = fit(model, [NbtrackCallback(), checkpoint])
    view = ended()
    name = f"model-{view.id}"
    assert [(use.name, use.version) for use in view.artifacts] == [(name, at) for at in range(3)]
    versions = [nbtrack.open_artifact(f"{name}:v{at}") for at in range(3)]
    backs = [Path(one.file(str(tmp_path / f"back-{one.version}"))) for one in versions]
    for at, (artifact, back) in enumerate(zip(versions, backs, strict=True)):
        assert back.read_bytes() == (tmp_path / f"{at + 1}.keras").read_bytes()
        assert (artifact.metadata["epoch"], artifact.metadata["loss"]) == (at, history["loss"][at])
    assert ("best" in versions[2].aliases) == save_best_only
    loaded = keras.models.load_model(backs[2])
    assert numpy.allclose(loaded.get_weights()[0], model.get_weights()[0])


def test_checkpoints_of_batches(tmp_path: Path) -> None:
    checkpoint = NbtrackModelCheckpoint(
        str(tmp_path / "{epoch}-{batch}.weights.h5"), save_weights_only=True, save_freq=6
    )
    fit(new_model(), [checkpoint])
    view = ended()
    files = [
        nbtrack.open_artifact(f"{use.name}:v{use.version}").metadata["file"]
        for use in view.artifacts
    ]
    assert files == [path.name for path in sorted(tmp_path.glob("*.h5"))]
    assert len(files) == 2


def test_a_fault_is_a_warning_and_the_training_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtrack._api.log", lambda *args, **kwargs: 1 / 0)
    with pytest.warns(nbtrack.NbtrackWarning, match="what keras did: ZeroDivisionError"):
        history = fit(new_model(), [NbtrackCallback()], epochs=2)
    assert len(history["loss"]) == 2


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "epoch"])
def test_a_wrong_frequency_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="a number of batches"):
        NbtrackCallback(log_freq=wrong)
