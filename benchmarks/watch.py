"""`python -m benchmarks.watch [--batches N] [--rounds N] [--json FILE]`, where torch is installed.

What `watch(model, log="all")` costs a training loop on the CPU, with one thread, beside W&B's
`watch` in its offline mode where wandb is installed. Each round trains every model in every way, so
that all ways meet the same machine.

First, what watching costs in every batch: the hooks alone, where a batch is nearly nothing. Then:

`batch`
    CPU time of the process for a batch, without watching: the least of the rounds, which is the
    one that the rest of the machine disturbed least.
`with histograms`
    How much more it is where histograms of all gradients and parameters are taken.
`every N-th`
    That, spread over N batches, as a part of their time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import report

FREQUENCIES = (10, 100, 1000)
NEVER = 1_000_000_000
Watching = Callable[[Any], contextlib.AbstractContextManager[None]]


def models() -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """What is trained: by name, how to make it and how to make a batch for it."""
    import torch
    from torch import nn

    def deep() -> Any:
        return nn.Sequential(*[nn.Sequential(nn.Linear(64, 64), nn.ReLU()) for _ in range(100)])

    def wide() -> Any:
        layer = nn.TransformerEncoderLayer(512, 8, 2048, batch_first=True, dropout=0.0)
        return nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)

    return {
        "MLP, 2 layers": (
            lambda: nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)),
            lambda: torch.randn(64, 64),
        ),
        "MLP, 100 layers": (deep, lambda: torch.randn(64, 64)),
        "transformer": (wide, lambda: torch.randn(4, 64, 512)),
    }


@contextlib.contextmanager
def alone(model: Any) -> Iterator[None]:
    """Without watching."""
    yield


def watched_by(run: Any, every: int) -> Watching:
    """Watched by a run of either tracker: they have the same method."""

    @contextlib.contextmanager
    def watching(model: Any) -> Iterator[None]:
        run.watch(model, log="all", log_freq=every, idx=0)
        yield
        run.unwatch(model)

    return watching


def train(model: Any, inputs: Any, batches: int) -> float:
    """CPU seconds of this process for one batch."""
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    before = time.process_time()
    for _ in range(batches):
        model(inputs).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return (time.process_time() - before) / batches


def measure(batches: int, rounds: int, ways: dict[str, Watching]) -> dict[str, dict[str, Any]]:
    """CPU seconds of a batch by model and way, the least of the rounds."""
    found: dict[str, dict[str, Any]] = {}
    for name, (make, batch) in models().items():
        model, inputs = make(), batch()
        train(model, inputs, 3)  # warm
        # A batch of the largest takes a hundred times as long as one of the smallest.
        count = batches if train(model, inputs, 3) < 0.02 else max(10, batches // 20)
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, watching in ways.items():
                with watching(model):
                    train(model, inputs, 1)  # the first batch tells the shapes
                    # A batch with histograms takes several times as long as one without.
                    some = count if way == "alone" else count // 5
                    taken[way].append(train(model, inputs, max(some, 3)))
        found[name] = {
            "parameters": sum(p.numel() for p in model.parameters()),
            "tensors": len(list(model.parameters())),
            **{way: min(values) for way, values in taken.items()},
        }
    return found


def hooks(runs: dict[str, Any], rounds: int) -> dict[str, float]:
    """CPU seconds that a batch without histograms costs more, with the smallest model there is."""
    import torch

    model, inputs = torch.nn.Linear(1, 1), torch.randn(1, 1)
    ways: dict[str, Watching] = {"alone": alone}
    ways.update({tracker: watched_by(run, NEVER) for tracker, run in runs.items()})
    least: dict[str, float] = {}
    for _ in range(3 * rounds):
        for way, watching in ways.items():
            with watching(model):
                train(model, inputs, 1)
                taken = train(model, inputs, 1000)
            least[way] = min(taken, least.get(way, taken))
    return {tracker: least[tracker] - least["alone"] for tracker in runs}


def table(found: dict[str, dict[str, Any]], trackers: list[str]) -> str:
    """What histograms cost, as Markdown."""
    header = ["model", "numbers", "tensors", "batch"]
    for tracker in trackers:
        header += [f"{tracker}: with histograms", *(f"every {every}-th" for every in FREQUENCIES)]
    lines = [header, ["---"] * len(header)]
    for name, one in found.items():
        base = one["alone"]
        cells = [name, f"{one['parameters']:,}", str(one["tensors"]), f"{base * 1e3:.2f} ms"]
        for tracker in trackers:
            more = one[tracker] - base
            cells.append(f"+{more * 1e3:.1f} ms")
            cells += [f"{100 * more / every / base:.2f} %" for every in FREQUENCIES]
        lines.append(cells)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watch")
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if find_spec("torch") is None:
        print("there is no torch here: pip install torch", file=sys.stderr)
        return 2
    import torch

    import nbtrack

    place = report.machine()
    print(f"torch {torch.__version__}, Python {place['python']}, {options.rounds} rounds")
    with contextlib.ExitStack() as ends:
        folder = ends.enter_context(tempfile.TemporaryDirectory(prefix="watch-"))
        run = ends.enter_context(nbtrack.init(project="watch", dir=f"{folder}/store"))
        runs = {"nbtrack": run}
        if find_spec("wandb") is not None:
            import wandb

            os.environ["WANDB_SILENT"] = "true"
            runs["wandb"] = ends.enter_context(
                wandb.init(project="watch", mode="offline", dir=folder)
            )
        ways: dict[str, Watching] = {"alone": alone}
        ways.update({tracker: watched_by(its_run, 1) for tracker, its_run in runs.items()})
        torch.set_num_threads(1)
        each = hooks(runs, options.rounds)
        for tracker, seconds in each.items():
            print(f"{tracker}: {seconds * 1e6:.1f} µs in every batch")
        found = measure(options.batches, options.rounds, ways)
    print("\n" + table(found, list(runs)))
    if options.json:
        options.json.write_text(
            json.dumps({"machine": place, "hooks": each, "seconds": found}, indent=2)
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
