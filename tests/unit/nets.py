"""Networks of torch that are watched, and what is recorded of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbtrack
from tests import large

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch = large.library("torch")
    nn = torch.nn

__all__ = ["Net", "batch", "hooks", "net", "nn", "recorded", "torch"]


class Net(nn.Module):  # type: ignore[misc]  # types of torch are not looked at
    """Two layers, of which one is used twice, and an output of several tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.twice = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8))
        self.last = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        hidden = self.twice(self.twice(self.first(x)))
        return {"out": self.last(hidden), "hidden": hidden}


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def batch(model: nn.Module, scale: float = 1.0) -> None:
    """One pass forth and back; gradients of before are gone."""
    model.zero_grad()
    (model(torch.randn(3, 4)) * scale).sum().backward()


def recorded(run: nbtrack.Run) -> dict[str, list[int]]:
    """The keys of the histograms, with their steps."""
    found: dict[str, list[int]] = {}
    for item in nbtrack.open_run(run.id).media():
        assert item.kind == "histogram"
        found.setdefault(item.key, []).append(item.step)
    return found


def hooks(model: nn.Module) -> int:
    """How many hooks hang in a model."""
    in_modules = sum(len(module._forward_hooks) for module in model.modules())
    return in_modules + sum(
        len(parameter._post_accumulate_grad_hooks or ()) for parameter in model.parameters()
    )
