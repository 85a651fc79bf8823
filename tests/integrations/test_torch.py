"""PyTorch without a trainer: what is logged of a loop, and that one goes on where it ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import ArtifactNotFoundError, InvalidDataError
from tests.integrations.frameworks import framework

torch = framework("torch")
from nbtrack.integrations.torch import (  # noqa: E402 - without torch, all is skipped
    gradient_norm,
    learning_rates,
    load_checkpoint,
    optimizer_config,
    save_checkpoint,
)

nn: Any = torch.nn
pytestmark = pytest.mark.usefixtures("own_process", "logging")


class Training:
    """A small network that learns in random order, with momentum and a schedule."""

    def __init__(self, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 1))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.05)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 2, gamma=0.5)
        generator = torch.Generator().manual_seed(1)
        self.inputs = torch.randn(64, 4, generator=generator)
        self.targets = self.inputs.sum(1, keepdim=True)

    @property
    def parts(self) -> dict[str, Any]:
        return {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}

    def epoch(self) -> float:
        total = 0.0
        for batch in torch.randperm(64).split(16):
            loss = nn.functional.mse_loss(self.model(self.inputs[batch]), self.targets[batch])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        self.schedule.step()
        return total / 4


def ended() -> nbtrack.RunView:
    """The current run, ended and read back."""
    assert nbtrack.run is not None
    run_id = nbtrack.run.id
    nbtrack.finish()
    return nbtrack.open_run(run_id)


def values(view: nbtrack.RunView, name: str) -> list[float]:
    return [row["value"] for row in view.history(name).to_pylist()]


def test_learning_rates_are_those_of_the_schedule() -> None:
    training = Training()
    expected = []
    for _ in range(5):
        nbtrack.log({"loss": training.epoch(), **learning_rates(training.optimizer)})
        expected += training.schedule.get_last_lr()
    view = ended()
    assert values(view, "lr") == expected
    assert len(set(expected)) == 3


def test_groups_have_names_or_numbers() -> None:
    model = Training().model
    groups = [
        {"params": model[0].parameters(), "lr": 0.1, "name": "body"},
        {"params": model[3].parameters()},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.5, momentum=0.9)
    assert learning_rates(optimizer) == {"lr/body": 0.1, "lr/1": 0.5}
    described = optimizer_config(optimizer)["optimizer"]
    assert (described["type"], described["momentum"]) == ("SGD", 0.9)
    assert [group["lr"] for group in described["groups"]] == [0.1, 0.5]
    assert "params" not in str(described)


def test_what_the_optimizer_was_made_with_is_config() -> None:
    run = nbtrack.init()
    optimizer = torch.optim.AdamW(
        Training().model.parameters(), lr=torch.tensor(0.25), betas=(0.8, 0.9), foreach=False
    )
    run.config.update(optimizer_config(optimizer))
    run.log({"loss": 1.0})
    config = ended().config["optimizer"]
    assert config["type"] == "AdamW"
    assert (config["lr"], config["betas"], config["weight_decay"]) == (0.25, [0.8, 0.9], 0.01)


@pytest.mark.parametrize("norm_type", [1.0, 2.0, float("inf")])
def test_the_norm_of_the_gradients_is_that_of_torch(norm_type: float) -> None:
    training = Training()
    assert gradient_norm(training.model).item() == 0
    training.epoch()
    before = [p.grad.clone() for p in training.model.parameters()]
    found = gradient_norm(training.model, norm_type)
    nbtrack.log({"grad_norm": found})
    assert all(
        torch.equal(p.grad, g) for p, g in zip(training.model.parameters(), before, strict=True)
    )
    expected = nn.utils.clip_grad_norm_(training.model.parameters(), 1e-9, norm_type)
    assert torch.equal(found, expected)
    assert values(ended(), "grad_norm") == [expected.item()]


def test_a_training_goes_on_exactly_where_it_was() -> None:
    whole = Training()
    losses = [whole.epoch() for _ in range(6)]
    first = Training()
    assert [first.epoch() for _ in range(3)] == losses[:3]
    save_checkpoint(**first.parts, epoch=3, random=torch.get_rng_state())
    second = Training(seed=5)
    found = load_checkpoint(**second.parts)
    assert set(found) == {"epoch", "random"}
    assert found["epoch"] == 3
    torch.set_rng_state(found["random"])
    assert [second.epoch() for _ in range(3)] == losses[3:]
    assert learning_rates(second.optimizer) == learning_rates(whole.optimizer)


def test_versions_and_aliases() -> None:
    training, loss = Training(), 0.0
    for epoch in range(3):
        loss = training.epoch()
        save_checkpoint(**training.parts, epoch=epoch, loss=loss, aliases=[f"epoch-{epoch}"])
    run = nbtrack.run
    assert run is not None
    name = f"checkpoint-{run.id}"
    assert load_checkpoint()["epoch"] == 2
    assert load_checkpoint(f"{name}:v0")["epoch"] == 0
    assert load_checkpoint(f"{name}:epoch-1")["epoch"] == 1
    view = ended()
    assert [(use.name, use.version) for use in view.artifacts if use.role == "made"] == [
        (name, at) for at in range(3)
    ]
    assert nbtrack.open_artifact(f"{name}:v2").metadata == {"epoch": 2, "loss": loss}


def test_a_run_without_a_checkpoint_begins() -> None:
    model = Training().model
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert load_checkpoint(model=model) == {}
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    with pytest.raises(ArtifactNotFoundError):
        load_checkpoint("checkpoint-of-nobody", model=model)


def test_what_is_missing_is_named_and_nothing_is_loaded() -> None:
    training = Training()
    save_checkpoint(model=training.model, epoch=1)
    training.epoch()
    before = {key: value.clone() for key, value in training.model.state_dict().items()}
    with pytest.raises(InvalidDataError, match=r"has no optimizer, schedule.*It has model, epoch"):
        load_checkpoint(**training.parts)
    assert all(torch.equal(v, before[key]) for key, v in training.model.state_dict().items())


def test_autolog_leaves_loops_alone() -> None:
    nbtrack.autolog("torch")
    Training().epoch()
    assert nbtrack.run is None


SCRIPT = """
import os
import nbtrack
from nbtrack.integrations.torch import load_checkpoint, save_checkpoint
from tests.integrations.test_torch import Training, torch

run = nbtrack.init(resume="auto")
training = Training()
found = load_checkpoint(**training.parts)
if found:
    torch.set_rng_state(found["random"])
for epoch in range(found.get("epoch", 0), 4):
    run.log({"loss": training.epoch()}, step=epoch)
    saved = save_checkpoint(**training.parts, epoch=epoch + 1, random=torch.get_rng_state())
    saved.wait()
    if epoch == 1 and not found:
        os._exit(9)
"""


def test_a_script_that_was_killed_goes_on_in_its_run(tmp_path: Path, store_dir: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    for status in (9, 0):
        done = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == status, done.stderr
    (run,) = nbtrack.runs()
    assert run.state == "finished"
    whole = Training()
    rows = run.history("loss").to_pylist()
    assert [row["value"] for row in rows] == [whole.epoch() for _ in range(4)]
    assert [row["step"] for row in rows] == [0, 1, 2, 3]
