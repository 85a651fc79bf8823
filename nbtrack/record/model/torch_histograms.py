"""Histograms of tensors, counted where they are.

Training waits for one copy of a few numbers from each device, whatever the number of tensors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

BINS = 64
# Of a larger tensor, evenly spaced values are counted: at this many a bin with a hundredth of
# them is right within a twelfth.
MOST_VALUES = 1 << 14


class Counts(NamedTuple):
    """How often the finite values of a tensor lie where.

    Attributes:
        counts: How many in each bin.
        bins: The edges of the bins, one more than there are bins. The outer two are the least and
            the largest finite value of the whole tensor.
        values: How many values the tensor has.
        counted: How many of them are in ``counts``.
        nan, inf: How many of all are not a number, and infinite.
    """

    counts: list[int]
    bins: list[float]
    values: int
    counted: int
    nan: int = 0
    inf: int = 0


def count(tensors: Sequence[torch.Tensor]) -> list[Counts | None]:
    """The histogram of each tensor; None for one that holds no numbers.

    The least and the largest value are looked for in the whole tensor. Counted are at most
    ``MOST_VALUES`` values of it, evenly spaced: every n-th in the order in which they lie in
    memory, where n has no divisor in common with the sizes of the tensor, so that no row or
    column is preferred. Of a sparse tensor the values that it stores are taken, of a distributed
    one those of this process.
    """
    import torch

    with torch.no_grad():
        flat = [_flat(tensor) for tensor in tensors]
        found: list[Counts | None] = [None] * len(flat)
        devices: dict[torch.device, list[int]] = {}
        for at, values in enumerate(flat):
            if values is not None:
                devices.setdefault(values.device, []).append(at)
        for places in devices.values():
            rows = [_row(values) for at in places if (values := flat[at]) is not None]
            # The one copy to this side: the device is waited for here.
            for at, row in zip(places, torch.stack(rows).tolist(), strict=True):
                values = flat[at]
                if values is not None:
                    found[at] = _counts(values, row)
        return found


def _flat(tensor: torch.Tensor) -> torch.Tensor | None:
    """All values in one row, without a copy where that is possible."""
    import torch

    tensor = tensor.detach()
    if hasattr(tensor, "to_local"):
        tensor = tensor.to_local()
    if tensor.is_sparse:
        tensor = tensor._values()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type == "meta":
        return None
    if not tensor.numel():
        return None
    if tensor.dtype not in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        tensor = tensor.to(torch.float32)
    order = sorted(range(tensor.dim()), key=tensor.stride, reverse=True)
    return tensor.permute(order).reshape(-1)


def _row(values: torch.Tensor) -> torch.Tensor:
    """Least value, largest value and the counts, on the device."""
    import torch

    exact = torch.float64 if values.dtype is torch.float64 else torch.float32
    low, high = (end.to(exact) for end in torch.aminmax(values))
    # Halves, since the difference of two large numbers may be too large.
    sample = values[:: _spacing(values.numel())].to(exact) / 2 - low / 2
    span = high / 2 - low / 2
    some = span > 0
    # All values alike: in the middle bin, as numpy has it.
    place = sample / torch.where(some, span, 1.0) + torch.where(some, 0.0, 0.5)
    place = (place * BINS).clamp_(0, BINS)
    if torch.are_deterministic_algorithms_enabled():
        # histc refuses then on a GPU, though what it counts is always the same.
        edges = torch.arange(BINS + 1, dtype=exact, device=values.device)
        edges[-1] = math.inf
        counts = torch.searchsorted(place.sort().values, edges).diff().to(exact)
    else:
        counts = torch.histc(place, BINS, 0, BINS)
    return torch.cat([low.reshape(1), high.reshape(1), counts])


def _spacing(count: int) -> int:
    """Every how manieth value is taken."""
    spacing = -(-count // MOST_VALUES)
    while math.gcd(spacing, count) > 1:
        spacing += 1
    return spacing


def _counts(values: torch.Tensor, row: list[float]) -> Counts:
    low, high, *counts = row
    if math.isfinite(low) and math.isfinite(high):
        return _finished(low, high, counts, values.numel())
    # Rare, and it matters: looked at again as a whole.
    nan = int(values.isnan().sum())
    inf = int(values.isinf().sum())
    finite = values[values.isfinite()]
    low, high, *counts = _row(finite).tolist() if finite.numel() else [0.0, 0.0, *[0.0] * BINS]
    return _finished(low, high, counts, values.numel())._replace(nan=nan, inf=inf)


def _finished(low: float, high: float, counts: list[float], values: int) -> Counts:
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = (high - low) / BINS
    bins = [low + step * at for at in range(BINS)]
    whole = [int(number) for number in counts]
    return Counts(whole, [*bins, high], values, sum(whole))
