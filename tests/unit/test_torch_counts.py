"""Histograms of tensors: what numpy would count, and what is counted of large and odd ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy
import pytest

from nbtrack.record.model import torch_histograms
from tests import large

if TYPE_CHECKING:
    import torch
else:
    torch = large.library("torch")

BINS = torch_histograms.BINS
MOST = torch_histograms.MOST_VALUES


@pytest.fixture(params=[False, True], ids=["", "deterministic"])
def deterministic(request: pytest.FixtureRequest) -> Iterator[bool]:
    """With and without torch's promise to compute the same each time, which forbids much."""
    torch.use_deterministic_algorithms(request.param)
    yield request.param
    torch.use_deterministic_algorithms(False)


def counted(tensor: Any) -> torch_histograms.Counts:
    (found,) = torch_histograms.count([tensor])
    assert found is not None
    return found


def same_as_numpy(found: torch_histograms.Counts, values: Any) -> None:
    """Equal, but for values on an edge between two bins, which may fall to either side."""
    counts, bins = numpy.histogram(values, bins=BINS)
    assert numpy.allclose(found.bins, bins, rtol=1e-5, atol=1e-7)
    assert sum(found.counts) == counts.sum() == found.counted == found.values
    assert numpy.abs(numpy.cumsum(found.counts) - numpy.cumsum(counts)).max() <= 2


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("shape", [(1,), (7,), (40, 30), (2, 3, 4, 5)])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_it_is_what_numpy_counts(shape: tuple[int, ...], kind: str) -> None:
    tensor = torch.randn(shape, dtype=getattr(torch, kind), generator=torch.manual_seed(1))
    same_as_numpy(counted(tensor), tensor.numpy())


@pytest.mark.usefixtures("deterministic")
def test_values_that_are_all_alike_are_in_the_middle() -> None:
    found = counted(torch.full((5, 5), 3.0))
    assert (found.bins[0], found.bins[-1]) == (2.5, 3.5)
    assert found.counts[BINS // 2] == 25
    assert sum(found.counts) == 25


@pytest.mark.usefixtures("deterministic")
def test_the_largest_value_is_in_the_last_bin() -> None:
    found = counted(torch.tensor([0.0, 1.0, 64.0]))
    assert [at for at, count in enumerate(found.counts) if count] == [0, 1, 63]


@pytest.mark.usefixtures("deterministic")
def test_very_large_and_very_small_numbers() -> None:
    huge = counted(torch.tensor([-3e38, 0.0, 3e38]))
    assert [at for at, count in enumerate(huge.counts) if count] == [0, 32, 63]
    tiny = counted(torch.tensor([0.0, 1e-38], dtype=torch.float32))
    assert sum(tiny.counts) == 2
    assert tiny.bins[-1] == pytest.approx(1e-38)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_the_order_in_memory_does_not_matter(order: tuple[int, ...]) -> None:
    tensor = torch.randn(2, 3, 4, 5, generator=torch.manual_seed(1)).permute(order)
    same_as_numpy(counted(tensor), tensor.numpy())
    expanded = torch.arange(3.0).expand(4, 3)
    assert sum(counted(expanded).counts) == 12


def test_a_large_tensor_is_looked_at_in_part_and_its_range_as_a_whole() -> None:
    tensor = torch.rand(1024, 512)
    tensor[517, 313] = 7.0
    tensor[3, 2] = -2.0
    found = counted(tensor)
    assert (found.bins[0], found.bins[-1]) == (-2.0, 7.0)
    assert found.values == 1024 * 512
    assert MOST / 2 < found.counted <= MOST


def test_no_column_of_a_large_tensor_is_preferred() -> None:
    # A spacing of 32 would see one column of 32 alone.
    tensor = torch.arange(32.0).repeat(1 << 14)
    found = counted(tensor)
    seen = [count for count in found.counts if count]
    assert len(seen) == 32
    assert max(seen) - min(seen) <= 1


@pytest.mark.parametrize("size", [10, 1 << 18])
def test_what_is_not_finite_is_counted_apart(size: int) -> None:
    tensor = torch.linspace(-1, 1, size)
    tensor[5] = math.nan
    tensor[7], tensor[8] = math.inf, -math.inf
    found = counted(tensor)
    assert (found.values, found.nan, found.inf) == (size, 1, 2)
    assert (found.bins[0], found.bins[-1]) == (-1.0, 1.0)
    assert sum(found.counts) == found.counted
    assert found.counted == size - 3 if size == 10 else MOST / 2 < found.counted <= MOST


def test_nothing_finite_at_all() -> None:
    found = counted(torch.full((3,), math.nan))
    assert (found.nan, found.inf, sum(found.counts), len(found.bins)) == (3, 0, 0, BINS + 1)


def test_other_types_of_numbers() -> None:
    values = torch.arange(-8.0, 8.0)
    for kind in (torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int8, torch.int64):
        same_as_numpy(counted(values.to(kind)), values.numpy())
    assert counted(torch.tensor([1 + 2j, 3 - 4j])).values == 4


def test_of_a_sparse_tensor_the_values_that_it_stores() -> None:
    tensor = torch.sparse_coo_tensor(
        torch.tensor([[0, 2]]), torch.tensor([1.0, 2.0]), (100,), check_invariants=True
    )
    assert counted(tensor).values == 2


def test_tensors_without_numbers_have_none() -> None:
    tensors = [torch.empty(0), torch.ones(2), torch.empty(3, device="meta")]
    found = torch_histograms.count(tensors)
    assert [one is None for one in found] == [True, False, True]


def test_all_tensors_are_brought_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = [torch.rand(50) for _ in range(20)]
    brought: list[tuple[int, ...]] = []
    real = torch.Tensor.tolist

    def tolist(self: torch.Tensor) -> Any:
        brought.append(tuple(self.shape))
        return real(self)

    monkeypatch.setattr(torch.Tensor, "tolist", tolist)
    assert all(torch_histograms.count(tensors))
    assert brought == [(20, BINS + 2)]
