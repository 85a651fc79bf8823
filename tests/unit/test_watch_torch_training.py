"""``watch()`` of torch models never shows in their training, however they are trained."""

from __future__ import annotations

import _thread
import copy
import gc
import io
import os
import pickle
import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import NbtrackWarning, RunFinishedError
from nbtrack._attempts import CellInfo
from tests.stores import layers, models
from tests.unit.nets import batch, hooks, net, nn, recorded, torch

pytestmark = pytest.mark.usefixtures("own_process")


def test_warnings_that_are_errors_do_not_reach_the_training(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model, log_freq=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batch(model, float("nan"))
        batch(model)
    assert recorded(run)["gradients/0.weight"] == [0, 0]


@pytest.mark.parametrize("when", ["before", "after"])
def test_compiled_models(run: nbtrack.Run, when: str) -> None:
    model = net()
    if when == "after":
        run.watch(model, log_freq=2)
    compiled: Any = torch.compile(model, backend="aot_eager", fullgraph=True)
    if when == "before":
        run.watch(compiled, log_freq=2)
    for _ in range(3):
        batch(compiled)
        run.log({"loss": 0.0})
    assert recorded(run)["gradients/0.weight"] == [0, 2]
    assert models(run)[0].name == "Sequential"
    run.unwatch(compiled)
    assert hooks(model) == 0


def test_parallel_models(run: nbtrack.Run) -> None:
    model = net()
    parallel = nn.DataParallel(model)
    run.watch(parallel, log_freq=1)
    batch(parallel)
    assert layers(run)["0"].output_shape == [3, 8]
    assert "gradients/0.weight" in recorded(run)
    run.unwatch(model)
    assert hooks(model) == 0


RANK = """
import sys
import torch
import nbtrack

folder, rank = sys.argv[1], int(sys.argv[2])
torch.distributed.init_process_group(
    "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
)
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2))
parallel = torch.nn.parallel.DistributedDataParallel(model)
with nbtrack.init(id=f"rank-{rank}", dir=f"{folder}/store-{rank}") as run:
    run.watch(parallel, log_freq=1)
    parallel(torch.randn(3, 4) + 10 * rank).sum().backward()
print(float(model[0].weight.grad.min()), float(model[0].weight.grad.max()))
torch.distributed.destroy_process_group()
"""


def test_of_the_ranks_of_one_training_the_first_records_what_all_have(tmp_path: Path) -> None:
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(tmp_path), str(rank)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NBTRACK_RECORDER": "off"},
        )
        for rank in range(2)
    ]
    printed = [rank.communicate(timeout=120)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0]
    first, second = (
        nbtrack.open_run(f"rank-{rank}", dir=tmp_path / f"store-{rank}") for rank in range(2)
    )
    (item,) = first.media("gradients/0.weight")
    _, bins = item.read()
    # Not those of its own rows alone: the gradients of both ranks, as they were averaged.
    assert printed[0] == printed[1]
    assert [bins[0], bins[-1]] == pytest.approx([float(end) for end in printed[0].split()])
    assert second.media() == []
    assert [model.name for model in second.models] == ["Sequential"]


def test_tracing_sees_the_model_alone(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model)
    exported = torch.export.export(model, (torch.randn(3, 4),))
    assert exported.module()(torch.ones(3, 4)).shape == (3, 2)
    model(torch.randn(5, 4))
    assert layers(run)["0"].output_shape == [5, 8]


@pytest.mark.parametrize("passed", [False, True], ids=["before", "after"])
def test_copies_are_not_watched(run: nbtrack.Run, passed: bool) -> None:
    model = net()
    run.watch(model, log_freq=1)
    if passed:
        batch(model)
    saved = io.BytesIO()
    torch.save(model, saved)
    saved.seek(0)
    copies = [
        copy.deepcopy(model),
        torch.load(saved, weights_only=False),
        pickle.loads(pickle.dumps(model)),
    ]
    seen = recorded(run)
    for other in copies:
        batch(other)
        run.unwatch(other)
    assert recorded(run) == seen
    batch(model)
    assert recorded(run) != seen


def test_unwatch_leaves_nothing_behind(run: nbtrack.Run) -> None:
    one, other = net(), net()
    run.watch([one, other])
    assert hooks(one) > 0
    run.unwatch(one)
    assert (hooks(one), hooks(other) > 0) == (0, True)
    run.unwatch()
    assert hooks(other) == 0
    run.watch(one)
    run.finish()
    assert hooks(one) == 0
    with pytest.raises(RunFinishedError):
        run.watch(one)


def test_a_model_is_gone_when_nobody_has_it(run: nbtrack.Run) -> None:
    for _ in range(2):
        model = net()
        run.watch(model, log_freq=1)
        batch(model)
        del model
        gc.collect()
    assert [model.name for model in models(run)] == ["Sequential"]
    assert set(map(len, recorded(run).values())) == {2}


def test_a_disk_that_is_gone_does_not_stop_the_training(run: nbtrack.Run) -> None:
    model = net()
    run.watch(model, log_freq=1)
    shutil.rmtree(run.path)
    with pytest.warns(NbtrackWarning, match="the layers of Sequential cannot be kept"):
        batch(model)
    batch(model)
    assert model[0].weight.grad is not None


def test_trouble_of_its_own_ends_the_watch_and_not_the_training(
    run: nbtrack.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = net()
    run.watch(model, log_freq=1)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(torch, "aminmax", broken)
    with pytest.warns(NbtrackWarning, match="not watched any more: RuntimeError: no room"):
        batch(model)
    assert hooks(model) == 0
    batch(model)


def test_a_backward_pass_on_another_thread_belongs_to_the_cell_that_waits(
    run: nbtrack.Run,
) -> None:
    model = net()
    run.watch(model, log_freq=1)
    run.arm(CellInfo(cell_id="a", execution_count=1), threading.get_ident())
    done = threading.Event()

    def foreign() -> None:
        batch(model)
        done.set()

    _thread.start_new_thread(foreign, ())  # as torch's own: unknown to Python
    assert done.wait(60)
    (item, *_) = nbtrack.open_run(run.id).media()
    assert (run.attempt, item.attempt) == (1, 1)
