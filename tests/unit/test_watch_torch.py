"""``watch()`` of torch models: their layers, and histograms of what they learn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbtrack
from nbtrack import InvalidDataError, InvalidSettingError, NbtrackWarning
from tests.docs import markdown
from tests.stores import current, layers, models
from tests.unit.nets import Net, batch, hooks, net, nn, recorded, torch

pytestmark = pytest.mark.usefixtures("own_process")


def test_the_layers_are_there_at_once_and_the_shapes_after_the_first_pass(
    run: nbtrack.Run,
) -> None:
    model = Net()
    model.first.weight.requires_grad_(False)
    run.watch(model)
    (info,) = models(run)
    assert (info.name, info.framework, info.type) == ("Net", "torch", "Net")
    assert (info.parameters, info.trainable) == (40 + 72 + 16 + 18, 8 + 72 + 16 + 18)
    # Three numbers of the normalisation's are buffers, of 4, 4 and 8 bytes for 8, 8 and 1.
    assert info.size_bytes == 4 * info.parameters + 4 * 8 + 4 * 8 + 8
    assert "(first): Linear(in_features=4" in info.text
    assert [(layer.name, layer.type, layer.depth) for layer in info.layers] == [
        ("", "Net", 0),
        ("first", "Linear", 1),
        ("twice", "Sequential", 1),
        ("twice.0", "Linear", 2),
        ("twice.1", "BatchNorm1d", 2),
        ("last", "Linear", 1),
    ]
    assert all(layer.output_shape is None for layer in info.layers)
    model(torch.randn(5, 4))
    shapes = {name: layer.output_shape for name, layer in layers(run).items()}
    assert shapes == {
        "": {"out": [5, 2], "hidden": [5, 8]},
        "first": [5, 8],
        "twice": [5, 8],
        "twice.0": [5, 8],
        "twice.1": [5, 8],
        "last": [5, 2],
    }
    model(torch.randn(7, 4))
    assert layers(run)["first"].output_shape == [5, 8]
    assert not any(module._forward_hooks for module in model.modules())


def test_what_layers_share_counts_once(run: nbtrack.Run) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    run.watch(model, log_freq=1)
    parts = layers(run)
    assert [parts[name].parameters for name in ("", "0", "1")] == [24, 20, 20]
    batch(model)
    assert set(recorded(run)) == {"gradients/0.weight", "gradients/0.bias", "gradients/1.bias"}


def test_a_layer_that_learns_its_size_in_the_first_pass(run: nbtrack.Run) -> None:
    model = nn.Sequential(nn.LazyLinear(8), nn.Linear(8, 2))
    run.watch(model, log_freq=1)
    assert layers(run)["0"].parameters == 0
    batch(model)
    assert layers(run)["0"].parameters == 40
    assert "gradients/0.weight" in recorded(run)


def test_shapes_of_a_model_that_is_not_called_itself(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model)
    model[0](torch.randn(3, 4)).sum().backward()
    assert [layer.output_shape for layer in layers(run).values()] == [None, [3, 8], None, None]
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("log", ["gradients", "parameters", "all"])
def test_histograms_are_those_of_numpy(run: nbtrack.Run, log: Any) -> None:
    model = net()
    run.watch(model, log=log, log_freq=1)
    batch(model)
    wanted = {}
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        if log != "parameters":
            wanted[f"gradients/{name}"] = parameter.grad.numpy().copy()
        if log != "gradients":
            wanted[f"parameters/{name}"] = parameter.detach().numpy().copy()
    assert recorded(run) == {key: [0] for key in wanted}
    for item in nbtrack.open_run(run.id).media():
        counts, bins = item.read()
        values = wanted[item.key]
        assert sum(counts) == values.size
        if values.min() < values.max():
            assert numpy.allclose(bins, numpy.histogram(values, bins=64)[1], atol=1e-6)


def test_they_have_the_step_of_the_next_row_and_come_every_so_often(run: nbtrack.Run) -> None:
    model = net()
    run.log({"before": 1})
    run.watch(model, log_freq=3)
    for _ in range(8):
        batch(model)
        run.log({"loss": 1.0})
    assert set(map(tuple, recorded(run).values())) == {(1, 4, 7)}
    history = nbtrack.open_run(run.id).history("loss").to_pylist()
    assert [row["step"] for row in history] == list(range(1, 9))


def test_without_log_there_are_layers_alone(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model, log=None)
    batch(model)
    assert layers(run)["0"].output_shape == [3, 8]
    assert recorded(run) == {}
    assert hooks(model) == 0


def test_gradients_asked_for_by_hand_are_no_batch(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model, log_freq=1)
    torch.autograd.grad(model(torch.randn(3, 4)).sum(), list(model.parameters()))
    assert recorded(run) == {}


def test_frozen_parameters_have_none(run: nbtrack.Run) -> None:
    model = net()
    model[0].requires_grad_(False)
    run.watch(model, log_freq=1)
    batch(model)
    assert set(recorded(run)) == {"gradients/2.weight", "gradients/2.bias"}
    model[0].requires_grad_(True)
    batch(model)
    assert "gradients/0.weight" in recorded(run)


def test_a_model_that_learns_nothing_says_so(run: nbtrack.Run) -> None:
    with pytest.warns(NbtrackWarning, match="no parameter of Sequential is trained"):
        run.watch(net().requires_grad_(False))


def test_what_is_not_finite_is_said_once_and_counted(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model, log_freq=1)
    says = (
        r"batch 1 of Sequential: gradients/0.weight \(\d+ NaN and 0 infinite of 32 .*, and 3 more"
    )
    with pytest.warns(NbtrackWarning, match=says):
        batch(model, float("nan"))
    nans = int(model[0].weight.grad.isnan().sum())
    batch(model, float("nan"))
    assert recorded(run)["gradients/0.weight"] == [0, 0]
    item = nbtrack.open_run(run.id).media("gradients/0.weight")[0]
    assert 0 < item.info["nan"] == nans
    assert sum(item.info["counts"]) == 32 - nans


def test_several_models_have_names_and_keys_of_their_own(run: nbtrack.Run) -> None:
    one, other, net_ = net(), net(), Net()
    run.watch(one, log_freq=1)
    run.watch([other, net_], log_freq=1)
    assert [model.name for model in models(run)] == ["Sequential", "Sequential-2", "Net"]
    for model in (one, other):
        batch(model)
    net_(torch.randn(3, 4))["out"].sum().backward()
    keys = recorded(run)
    assert {"gradients/0.bias", "gradients/Sequential-2/0.bias", "gradients/Net/last.bias"} <= (
        keys.keys()
    )


def test_watching_again_is_watching_anew(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model, log_freq=1)
    run.watch(model, log="parameters", log_freq=1)
    batch(model)
    assert set(recorded(run)) == {f"parameters/{name}" for name, _ in model.named_parameters()}
    assert len(models(run)) == 1
    run.unwatch()
    assert hooks(model) == 0


def test_the_run_is_not_empty_and_the_timeline_knows(run: nbtrack.Run) -> None:
    before = run.is_empty
    run.watch(net())
    assert (before, run.is_empty) == (True, False)
    run.finish()
    view = nbtrack.open_run(run.id)
    assert not view.is_empty
    assert [run.id for run in nbtrack.runs()] == [view.id]


@pytest.mark.parametrize("wrong", [{"log": "weights"}, {"log_freq": 0}, {"idx": -1}])
def test_arguments_that_cannot_be(run: nbtrack.Run, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(wrong))):
        run.watch(net(), **wrong)


def test_a_tensor_is_no_model(run: nbtrack.Run) -> None:
    with pytest.raises(InvalidDataError, match=r"a torch\.Tensor is not a model"):
        run.watch(torch.ones(2))


def test_the_functions_of_the_current_run(store_dir: Path) -> None:
    model = net()
    nbtrack.unwatch()
    nbtrack.watch(model)
    run = current()
    assert run is not None
    assert hooks(model) > 0
    nbtrack.unwatch(model)
    assert hooks(model) == 0
    run.finish()
    with nbtrack.init(mode="disabled"):
        nbtrack.watch(model)
        assert hooks(model) == 0


def test_the_example_of_the_page(tmp_path: Path, store_dir: Path) -> None:
    (example,) = markdown.blocks("docs/models.md", "python", "torch")
    file = tmp_path / "script.py"
    file.write_text(example.text)
    subprocess.run([sys.executable, "-W", "error", file], cwd=tmp_path, timeout=180, check=True)
    assert [view.state for view in nbtrack.runs()] == ["finished"]
