"""Hugging Face Transformers: what a ``Trainer`` reports is in the run, under the usual names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import UsageError
from tests.integrations.frameworks import framework

transformers = framework("transformers")
import torch  # noqa: E402 - without transformers, all is skipped
from transformers import TrainerCallback  # noqa: E402

from nbtrack.integrations.transformers import NbtrackCallback  # noqa: E402

pytestmark = pytest.mark.usefixtures("own_process", "logging")

IS_PRESENT = int(transformers.__version__.partition(".")[0]) >= 5


def new_model() -> Any:
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
    return transformers.BertForSequenceClassification(config)


def made_data() -> list[dict[str, Any]]:
    """Texts of eight words, and whether the sum of their numbers is odd."""
    generator = torch.Generator().manual_seed(0)
    texts = torch.randint(1, 40, (32, 8), generator=generator)
    return [{"input_ids": text, "labels": int(text.sum() % 2)} for text in texts]


def new_trainer(folder: Path, *, callbacks: list[Any] | None = None, **settings: Any) -> Any:
    arguments: dict[str, Any] = {
        "output_dir": str(folder),
        "report_to": "none",
        "max_steps": 4,
        "logging_steps": 2,
        "eval_strategy": "steps",
        "eval_steps": 2,
        "save_strategy": "no",
        "use_cpu": True,
        "disable_tqdm": True,
        **settings,
    }
    data = made_data()
    return transformers.Trainer(
        model_init=new_model,
        args=transformers.TrainingArguments(**arguments),
        train_dataset=data,
        eval_dataset=data[:8],
        callbacks=callbacks,
    )


def ended() -> nbtrack.RunView:
    """The current run, ended and read back."""
    assert nbtrack.run is not None
    run_id = nbtrack.run.id
    nbtrack.finish()
    return nbtrack.open_run(run_id)


def name_of(key: str) -> str:
    return f"eval/{key[5:]}" if key.startswith("eval_") else f"train/{key}"


def reported(trainer: Any) -> set[tuple[str, int, float]]:
    """What the trainer itself has of its training."""
    return {
        (name_of(key), entry["step"], value)
        for entry in trainer.state.log_history
        for key, value in entry.items()
        if key != "step"
    }


def recorded(view: nbtrack.RunView) -> set[tuple[str, int, float]]:
    return {
        (name, row["step"], row["value"])
        for name in view.summary
        for row in view.history(name).to_pylist()
    }


def test_what_the_trainer_reports_is_in_the_run(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback()])
    trainer.train()
    view = ended()
    assert ("train/loss", 2) in {found[:2] for found in recorded(view)}
    assert ("eval/loss", 4) in {found[:2] for found in recorded(view)}
    assert recorded(view) == reported(trainer)
    assert view.rows == len(trainer.state.log_history)


def test_config_and_layers(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback()], learning_rate=3e-4)
    trainer.train()
    view = ended()
    assert view.config["learning_rate"] == 3e-4
    assert view.config["output_dir"] == str(tmp_path)
    assert (view.config["vocab_size"], view.config["num_hidden_layers"]) == (40, 1)
    arguments = trainer.args.to_dict()
    assert set(arguments) <= set(view.config)
    assert all(view.config[key] == arguments[key] for key in ("seed", "max_steps", "logging_steps"))
    (model,) = view.models
    assert model.type == "BertForSequenceClassification"
    assert model.parameters == sum(p.numel() for p in trainer.model.parameters())


def test_histograms_of_what_the_model_learns(tmp_path: Path) -> None:
    new_trainer(tmp_path, callbacks=[NbtrackCallback(watch="gradients")]).train()
    keys = {item.key for item in ended().media()}
    assert "gradients/classifier.weight" in keys


def test_evaluate_and_predict_alone(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback()])
    found = trainer.evaluate()
    predicted = trainer.predict(made_data()[:4]).metrics
    view = ended()
    assert view.summary["eval/loss"] == found["eval_loss"]
    assert view.summary["test/loss"] == predicted["test_loss"]
    assert set(view.summary) == {name_of(key) for key in found} | {
        f"test/{key.removeprefix('test_')}" for key in predicted
    }
    assert view.config["max_steps"] == 4


def test_report_to(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, report_to="nbtrack")
    trainer.train()
    assert recorded(ended()) == reported(trainer)


def test_report_to_all_has_it_where_it_was_asked_for(tmp_path: Path) -> None:
    arguments = transformers.TrainingArguments(output_dir=str(tmp_path), report_to="all")
    assert ("nbtrack" in arguments.report_to) == IS_PRESENT
    assert arguments.report_to.count("nbtrack") <= 1


def test_autolog(tmp_path: Path) -> None:
    nbtrack.autolog("transformers")
    nbtrack.autolog("transformers")
    trainer = new_trainer(tmp_path)
    trainer.train()
    assert recorded(ended()) == reported(trainer)
    nbtrack.autolog("transformers", disable=True)
    new_trainer(tmp_path).train()
    assert len(nbtrack.runs()) == 1


def test_autolog_beside_a_callback_of_the_persons(tmp_path: Path) -> None:
    nbtrack.autolog("transformers")
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback(log_model="end")])
    trainer.train()
    view = ended()
    assert view.rows == len(trainer.state.log_history)
    assert [(use.name, use.version) for use in view.artifacts] == [(f"model-{view.id}", 0)]


def test_two_callbacks_log_once(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback()], report_to="nbtrack")
    trainer.train()
    assert ended().rows == len(trainer.state.log_history)


def test_tensorboard_is_not_mirrored_beside_it(tmp_path: Path) -> None:
    nbtrack.autolog("transformers", "tensorboard")
    trainer = new_trainer(tmp_path, report_to="tensorboard")
    trainer.train()
    assert recorded(ended()) == reported(trainer)
    assert list(tmp_path.rglob("events.out.*"))


def test_another_process_than_the_first_logs_nothing(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback()])
    trainer.is_world_process_zero = lambda: False
    trainer.train()
    assert nbtrack.run is None
    assert not nbtrack.runs(include_empty=True)


def test_checkpoints_are_versions_of_an_artifact(tmp_path: Path) -> None:
    trainer = new_trainer(
        tmp_path,
        callbacks=[NbtrackCallback(log_model="checkpoint")],
        save_strategy="steps",
        save_steps=2,
        load_best_model_at_end=True,
    )
    trainer.train()
    run = nbtrack.run
    assert run is not None
    name = f"model-{run.id}"
    view = ended()
    assert sorted((use.name, use.version) for use in view.artifacts) == [(name, 0), (name, 1)]
    for step in (2, 4):
        artifact = nbtrack.open_artifact(f"{name}:step-{step}")
        kept = tmp_path / f"checkpoint-{step}"
        folder = Path(artifact.download(str(tmp_path / f"back-{step}")))
        assert {p.name for p in folder.iterdir()} == {p.name for p in kept.iterdir()}
        assert (folder / "config.json").read_bytes() == (kept / "config.json").read_bytes()
        assert artifact.metadata["step"] == step
    best = nbtrack.open_artifact(f"{name}:best")
    assert trainer.state.best_model_checkpoint.endswith(f"-{best.metadata['step']}")


def test_the_model_at_the_end_can_be_loaded(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback(log_model="end")])
    trainer.train()
    view = ended()
    folder = nbtrack.open_artifact(f"model-{view.id}:final").download(str(tmp_path / "back"))
    loaded = transformers.BertForSequenceClassification.from_pretrained(folder)
    for key, value in trainer.model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value.cpu()), key


@pytest.mark.filterwarnings("ignore:Environment variable TORCH_FORCE_NO_WEIGHTS:UserWarning")
def test_a_training_that_is_resumed_goes_on_in_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not IS_PRESENT:  # without it, 4.46 cannot load its own checkpoints with torch of today
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    run = nbtrack.init()
    settings = {"save_strategy": "steps", "save_steps": 2}
    first = new_trainer(tmp_path, callbacks=[NbtrackCallback()], **settings)
    first.train()
    before = {(name, step) for name, step, _ in reported(first)}
    second = new_trainer(tmp_path, callbacks=[NbtrackCallback()], **settings, max_steps=8)
    second.train(resume_from_checkpoint=True)
    run.finish()
    view = nbtrack.open_run(run.id)
    steps = [row["step"] for row in view.history("train/loss").to_pylist()]
    assert steps == [2, 4, 6, 8]
    after = {(name, step) for name, step, _ in reported(second)}
    assert {(name, step) for name, step, _ in recorded(view)} == before | after
    assert [(c.old, c.new) for c in view.config_changes if c.key == "max_steps"] == [
        *((None, 4), (4, 8)),
    ]


@pytest.mark.parametrize("when", ["while", "after"])
def test_each_trial_of_a_search_is_a_run(tmp_path: Path, when: str) -> None:
    pytest.importorskip("optuna", reason="optuna is installed in tests/install")
    outer = nbtrack.init(project="search")
    evaluates = {"while": {}, "after": {"eval_strategy": "no"}}[when]
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback()], **evaluates)
    best = trainer.hyperparameter_search(
        backend="optuna",
        n_trials=2,
        direction="minimize",
        hp_space=lambda trial: {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2)},
        hp_name=lambda trial: f"trial-{trial.number}",
    )
    assert nbtrack.run is outer
    nbtrack.log({"best": best.objective})
    outer.finish()
    runs = {run.name: run for run in nbtrack.runs(sort="name")}
    trials = [runs.pop("trial-0"), runs.pop("trial-1")]
    assert [set(run.summary) for run in runs.values()] == [{"best"}]
    assert {(run.state, run.project, run.group) for run in trials} == {
        ("finished", "search", trainer.args.run_name or str(tmp_path))
    }
    assert min(run.summary["eval/loss"] for run in trials) == best.objective
    chosen = trials[int(best.run_id)]
    assert chosen.config["learning_rate"] == best.hyperparameters["learning_rate"]
    assert all("train/loss" in run.summary for run in trials)


def test_a_trial_that_was_broken_off_has_failed(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="optuna is installed in tests/install")

    class Break(TrainerCallback):
        breaks = True

        def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
            if self.breaks:
                self.breaks = False
                raise ArithmeticError("diverged")

    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback(), Break()])
    outer = nbtrack.init(name="search")
    search: dict[str, Any] = {
        "backend": "optuna",
        "n_trials": 1,
        "direction": "minimize",
        "hp_space": lambda trial: {"seed": trial.suggest_int("seed", 1, 9)},
    }
    with pytest.raises(ArithmeticError):
        trainer.hyperparameter_search(**search, hp_name=lambda trial: "broken")
    trainer.hyperparameter_search(**search, hp_name=lambda trial: "whole")
    assert nbtrack.run is outer
    states = {run.name: run.state for run in nbtrack.runs(include_empty=True)}
    assert {name: states[name] for name in ("broken", "whole")} == {
        "broken": "failed",
        "whole": "finished",
    }


def test_what_is_raised_in_the_training_fails_the_run(tmp_path: Path, store_dir: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "from pathlib import Path\n"
        "from transformers import TrainerCallback\n"
        "from tests.integrations.test_transformers import NbtrackCallback, new_trainer\n"
        "class Break(TrainerCallback):\n"
        "    def on_step_end(self, args, state, control, **others):\n"
        "        if state.global_step == 3:\n"
        "            raise ArithmeticError('diverged')\n"
        f"new_trainer(Path({str(tmp_path)!r}), callbacks=[NbtrackCallback(), Break()]).train()\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "ArithmeticError: diverged" in done.stderr
    (run,) = nbtrack.runs()
    assert run.state == "failed"
    assert run.reason == "train.py raised ArithmeticError"
    assert [row["step"] for row in run.history("train/loss").to_pylist()] == [2]


def test_a_fault_is_a_warning_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = new_trainer(tmp_path, callbacks=[NbtrackCallback()], eval_strategy="no")
    monkeypatch.setattr("nbtrack._api.log", lambda *args, **kwargs: 1 / 0)
    with pytest.warns(nbtrack.NbtrackWarning, match="what transformers did: ZeroDivisionError"):
        trainer.train()
    assert trainer.state.global_step == 4


def test_a_wrong_argument_says_which_there_are() -> None:
    wrong: Any = "all"
    with pytest.raises(UsageError, match="'checkpoint', 'end' or None"):
        NbtrackCallback(log_model=wrong)
