"""PyTorch Lightning: what ``self.log()`` is given is in the run, as ``CSVLogger`` has it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import UsageError
from nbtrack.integrations import FRAMEWORKS
from tests.integrations.frameworks import framework, is_installed

framework("lightning")
import torch  # noqa: E402 - without Lightning, all is skipped

from nbtrack.integrations import lightning  # noqa: E402
from nbtrack.integrations.lightning import NbtrackLogger  # noqa: E402

PACKAGES = [name for name in FRAMEWORKS["lightning"].packages if is_installed(name)]
pytestmark = [
    pytest.mark.usefixtures("own_process", "logging"),
    # What Lightning calls in torch and in setuptools.
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty"),
    # What it thinks of so small a training.
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
]


@pytest.fixture(params=PACKAGES)
def pl(request: pytest.FixtureRequest) -> Any:
    """The package under one of its names."""
    return import_module(request.param)


def new_model(pl: Any, **more: Any) -> Any:
    """A line that is fitted, with metrics of steps and of epochs."""

    class Line(pl.LightningModule):
        def __init__(self, rate: float = 0.1, width: int = 4) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(width, 1)

        def loss(self, batch: Any) -> Any:
            inputs, targets = batch
            return torch.nn.functional.mse_loss(self.layer(inputs), targets)

        def training_step(self, batch: Any, index: int) -> Any:
            loss = self.loss(batch)
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", self.loss(batch))

        def test_step(self, batch: Any, index: int) -> None:
            self.log("test_loss", self.loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

    torch.manual_seed(0)
    return Line(**more)


def loader() -> Any:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(32, 4, generator=generator)
    data = torch.utils.data.TensorDataset(inputs, inputs.sum(1, keepdim=True))
    return torch.utils.data.DataLoader(data, batch_size=8)


def new_trainer(pl: Any, folder: Path, logger: Any, **settings: Any) -> Any:
    return pl.Trainer(
        **{
            "default_root_dir": str(folder),
            "logger": logger,
            "max_epochs": 3,
            "log_every_n_steps": 2,
            "accelerator": "cpu",
            "devices": 1,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": False,
            **settings,
        }
    )


def written(logger: Any) -> set[tuple[str, int, float]]:
    """What ``CSVLogger`` wrote."""
    logger.save()
    with Path(logger.log_dir, "metrics.csv").open(encoding="utf-8") as file:
        return {
            (name, int(row["step"]), float(value))
            for row in csv.DictReader(file)
            for name, value in row.items()
            if name != "step" and value
        }


def recorded(view: nbtrack.RunView) -> set[tuple[str, int, float]]:
    return {
        (name, row["step"], row["value"])
        for name in view.summary
        for row in view.history(name).to_pylist()
    }


def ended() -> nbtrack.RunView:
    """The current run, ended and read back."""
    assert nbtrack.run is not None
    run_id = nbtrack.run.id
    nbtrack.finish()
    return nbtrack.open_run(run_id)


def test_what_lightning_logs_is_in_the_run(pl: Any, tmp_path: Path) -> None:
    beside = pl.loggers.CSVLogger(tmp_path)
    trainer = new_trainer(pl, tmp_path, [beside, NbtrackLogger()])
    trainer.fit(new_model(pl), loader(), loader())
    metrics = {name: float(value) for name, value in trainer.logged_metrics.items()}
    called_back = {name: float(value) for name, value in trainer.callback_metrics.items()}
    trainer.test(trainer.lightning_module, loader(), verbose=False)
    tested = {name: float(value) for name, value in trainer.callback_metrics.items()}
    view = ended()
    assert recorded(view) == written(beside)
    assert {row["step"] for row in view.history("train_loss_step").to_pylist()} == {
        1,
        3,
        5,
        7,
        9,
        11,
    }
    assert {row["value"] for row in view.history("epoch").to_pylist()} == {0, 1, 2, 3}
    assert metrics.items() <= view.summary.items()
    assert view.summary["train_loss_epoch"] == called_back["train_loss"]
    assert view.summary["val_loss"] == called_back["val_loss"]
    assert view.summary["test_loss"] == tested["test_loss"]


def test_hyperparameters_and_layers(pl: Any, tmp_path: Path) -> None:
    model = new_model(pl, rate=0.05)
    trainer = new_trainer(pl, tmp_path, NbtrackLogger(), max_epochs=1)
    trainer.fit(model, loader(), loader())
    view = ended()
    assert view.config == dict(model.hparams) == {"rate": 0.05, "width": 4}
    (info,) = view.models
    assert (info.type, info.parameters) == ("Line", 5)


def test_a_model_that_the_person_watches_stays_watched(pl: Any, tmp_path: Path) -> None:
    model, logger = new_model(pl), NbtrackLogger()
    logger.experiment.watch(model, log_freq=1)
    new_trainer(pl, tmp_path, logger, max_epochs=1).fit(model, loader(), loader())
    assert {item.key for item in ended().media()} == {
        "gradients/layer.weight",
        "gradients/layer.bias",
    }


def test_a_prefix(pl: Any, tmp_path: Path) -> None:
    trainer = new_trainer(pl, tmp_path, NbtrackLogger(prefix="fold-1"), max_epochs=1)
    trainer.fit(new_model(pl), loader(), loader())
    assert set(ended().summary) == {
        *("fold-1/epoch", "fold-1/train_loss_step", "fold-1/train_loss_epoch", "fold-1/val_loss"),
    }


def test_what_a_person_asks_of_a_logger(pl: Any, tmp_path: Path) -> None:
    logger = NbtrackLogger(save_dir=tmp_path)
    run = logger.experiment
    assert isinstance(run, nbtrack.Run)
    assert run is nbtrack.run
    assert isinstance(logger, pl.loggers.Logger) or len(PACKAGES) > 1
    assert (logger.name, logger.version) == (run.project, run.id)
    assert logger.save_dir == str(tmp_path)
    logger.log_image("pictures", [torch.zeros(4, 4), torch.ones(4, 4)], caption=["a", "b"], step=3)
    logger.log_table("errors", columns=["x", "y"], data=[[1, 2], [3, 4]], step=4)
    with pytest.raises(UsageError, match="caption has 1 values for 2 pictures"):
        logger.log_image("pictures", [torch.zeros(4, 4), torch.ones(4, 4)], caption=["a"])
    view = ended()
    assert [(p.step, p.caption) for p in view.media("pictures")] == [(3, "a"), (3, "b")]
    (table,) = view.media("errors")
    assert (table.step, table.read().columns) == (4, ["x", "y"])


@pytest.mark.parametrize("log_model", ["all", True])
def test_checkpoints_are_versions_of_an_artifact(pl: Any, tmp_path: Path, log_model: Any) -> None:
    checkpoint = pl.callbacks.ModelCheckpoint(monitor="val_loss", save_top_k=1, save_last=True)
    logger = NbtrackLogger(log_model=log_model, save_dir=tmp_path)
    trainer = new_trainer(
        pl, tmp_path, logger, callbacks=[checkpoint], enable_checkpointing=True, max_epochs=2
    )
    trainer.fit(new_model(pl), loader(), loader())
    run = nbtrack.run
    assert run is not None
    kept = Path(checkpoint.best_model_path)
    assert kept.parent == tmp_path / run.project / run.id / "checkpoints"
    view = ended()
    name = f"model-{view.id}"
    versions = [use.version for use in view.artifacts]
    assert versions
    assert {use.name for use in view.artifacts} == {name}
    best = nbtrack.open_artifact(f"{name}:best")
    assert Path(best.file(str(tmp_path / "back"))).read_bytes() == kept.read_bytes()
    assert best.metadata["monitor"] == "val_loss"
    assert best.metadata["score"] == float(checkpoint.best_model_score)
    files = {nbtrack.open_artifact(f"{name}:v{at}").metadata["file"] for at in versions}
    assert kept.name in files


def test_a_training_that_is_resumed_goes_on_in_its_run(pl: Any, tmp_path: Path) -> None:
    for epochs in (1, 2):
        checkpoint = pl.callbacks.ModelCheckpoint(dirpath=tmp_path / "kept", save_last=True)
        trainer = new_trainer(
            pl,
            tmp_path,
            NbtrackLogger(),
            callbacks=[checkpoint],
            enable_checkpointing=True,
            max_epochs=epochs,
        )
        last = tmp_path / "kept" / "last.ckpt"
        kept = str(last) if epochs > 1 else None
        trainer.fit(new_model(pl), loader(), loader(), ckpt_path=kept)
    steps = [row["step"] for row in ended().history("train_loss_step").to_pylist()]
    assert steps == [1, 3, 5, 7]


def test_autolog(pl: Any, tmp_path: Path) -> None:
    nbtrack.autolog("lightning", "tensorboard")
    beside = pl.loggers.CSVLogger(tmp_path)
    trainer = new_trainer(pl, tmp_path, beside)
    trainer.fit(new_model(pl), loader(), loader())
    assert recorded(ended()) == written(beside)
    assert trainer.logger is beside
    nbtrack.autolog("lightning", disable=True)
    new_trainer(pl, tmp_path, beside).fit(new_model(pl), loader(), loader())
    assert len(nbtrack.runs()) == 1


def test_autolog_beside_tensorboard_records_once(pl: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is installed in tests/install")
    nbtrack.autolog("lightning", "tensorboard")
    trainer = new_trainer(pl, tmp_path, pl.loggers.TensorBoardLogger(tmp_path), max_epochs=1)
    trainer.fit(new_model(pl), loader(), loader())
    view = ended()
    assert len(view.history("train_loss_step").to_pylist()) == 2
    assert list(tmp_path.rglob("events.out.*"))


@pytest.mark.parametrize("settings", [{"logger": False}, {"fast_dev_run": True}, {}], ids=str)
def test_autolog_adds_nothing_where_nothing_is_wanted(
    pl: Any, tmp_path: Path, settings: dict[str, Any]
) -> None:
    nbtrack.autolog("lightning")
    trainer = new_trainer(pl, tmp_path, settings.pop("logger", NbtrackLogger()), **settings)
    ours = [logger for logger in trainer.loggers if isinstance(logger, NbtrackLogger)]
    assert len(ours) == (not settings and trainer.logger is not None)


def test_another_process_than_the_first_logs_nothing(
    pl: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vars(lightning)["rank_zero_only"], "rank", 1)
    logger = NbtrackLogger(log_model="all", save_dir=tmp_path)
    assert (logger.name, logger.version) == (None, None)
    logger.experiment.log({"loss": 1.0})
    logger.log_metrics({"loss": 1.0}, 0)
    logger.log_hyperparams({"rate": 0.1})
    logger.log_graph(new_model(pl))
    logger.log_image("picture", [torch.zeros(4, 4)])
    logger.after_save_checkpoint(pl.callbacks.ModelCheckpoint())
    logger.finalize("success")
    assert nbtrack.run is None
    assert not nbtrack.runs(include_empty=True)


SCRIPT = """
from pathlib import Path
import lightning.pytorch as pl
import nbtrack
from tests.integrations.test_lightning import NbtrackLogger, loader, new_model, new_trainer

if __name__ == "__main__":
    nbtrack.init(name="both", config={"devices": 2})
    trainer = new_trainer(pl, Path("."), NbtrackLogger(), devices=2, strategy="ddp")
    trainer.fit(new_model(pl), loader(), loader())
    seen = trainer.callback_metrics["val_loss"]
    Path(f"rank-{trainer.global_rank}").write_text(str(float(seen)))
    nbtrack.log({"rank": trainer.global_rank})
"""


@pytest.mark.skipif("lightning.pytorch" not in PACKAGES, reason="the script imports lightning")
def test_two_processes_make_one_run(tmp_path: Path, store_dir: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (run,) = nbtrack.runs(include_empty=True)
    assert (run.name, run.state, run.config["devices"]) == ("both", "finished", 2)
    assert run.summary["val_loss"] == float((tmp_path / "rank-0").read_text())
    assert (tmp_path / "rank-1").exists()
    assert len(run.history("val_loss").to_pylist()) == 3  # epochs, which the first process logs
    assert {row["value"] for row in run.history("rank").to_pylist()} == {0, 1}
    assert len(run.models) == 1


def test_a_wrong_argument_says_which_there_are() -> None:
    wrong: Any = "end"
    with pytest.raises(UsageError, match="'all', True or False"):
        NbtrackLogger(log_model=wrong)
