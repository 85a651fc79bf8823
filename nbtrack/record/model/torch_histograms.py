"""Histograms of tensors, counted where they are.

Training waits for one copy of a few numbers from each device, whatever the number of tensors, and
for one more answer with each million values that are counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

BINS = 64
# Of a larger tensor, evenly spaced values are counted: at this many a bin with a hundredth of
# them is right within a twelfth.
MOST_VALUES = 1 << 14
# So many values are looked at together; each takes some 30 bytes for that time.
_MOST_TOGETHER = 1 << 20


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
        devices: dict[torch.device, dict[int, torch.Tensor]] = {}
        for at, values in enumerate(flat):
            if values is not None:
                devices.setdefault(values.device, {})[at] = values
        for places in devices.values():
            # The one copy to this side: the device is waited for here.
            rows = torch.cat([_rows(some) for some in _batches(places.values())]).tolist()
            for (at, values), row in zip(places.items(), rows, strict=True):
                found[at] = _counts(values, row)
        return found


def _batches(tensors: Iterable[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Tensors to look at together: many small ones cost little more than one."""
    batch: list[torch.Tensor] = []
    size = 0
    for values in tensors:
        batch.append(values)
        size += min(values.numel(), MOST_VALUES)
        if size >= _MOST_TOGETHER:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


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


def _rows(tensors: list[torch.Tensor]) -> torch.Tensor:
    """A row for each tensor: least value, largest value and the counts, on the device."""
    import torch

    doubles = any(values.dtype is torch.float64 for values in tensors)
    exact = torch.float64 if doubles else torch.float32
    device = tensors[0].device
    ends = [torch.aminmax(values) for values in tensors]
    low = torch.stack([end.min.to(exact) for end in ends])
    high = torch.stack([end.max.to(exact) for end in ends])
    samples = [values[:: _spacing(values.numel())] for values in tensors]
    sizes = torch.tensor([len(sample) for sample in samples], device=device)
    values = torch.cat([sample.to(exact) for sample in samples])
    row = torch.arange(len(tensors), device=device)
    row = row.repeat_interleave(sizes, output_size=len(values))
    # Halves, since the difference of two large numbers may be too large.
    span = high / 2 - low / 2
    some = span > 0
    # All values alike: in the middle bin, as numpy has it.
    start = torch.where(some, 0.0, 0.5)
    place = (values / 2 - (low / 2)[row]) / torch.where(some, span, 1.0)[row] + start[row]
    bins = (place * BINS).nan_to_num_(0.0).clamp_(0, BINS - 1).long()
    counts = torch.bincount(bins + row * BINS, minlength=len(tensors) * BINS)
    counts = counts.reshape(len(tensors), BINS).to(exact)
    return torch.cat([low[:, None], high[:, None], counts], dim=1)


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
    found = _rows([finite]).tolist()[0] if finite.numel() else [0.0] * (BINS + 2)
    low, high, *counts = found
    return _finished(low, high, counts, values.numel())._replace(nan=nan, inf=inf)


def _finished(low: float, high: float, counts: list[float], values: int) -> Counts:
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = (high - low) / BINS
    bins = [low + step * at for at in range(BINS)]
    whole = [int(number) for number in counts]
    return Counts(whole, [*bins, high], values, sum(whole))
