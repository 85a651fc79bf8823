"""Values that are logged, and how they are read again wherever a run's rows lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nbtrack._run import Run
from nbtrack.store.layout import RunDir
from nbtrack.store.merge import merge
from nbtrack.store.seal import seal_run
from tests.journals import Cell, cells, cells_of_journal

Columns = tuple[float | None, str | None]
INFINITE = math.inf


def told(found: list[Cell]) -> list[str]:
    return [repr(cell) for cell in found]  # NaN is not equal to itself


def everywhere(run: Run) -> dict[str, Columns]:
    """What the one row of a run holds by key: the same in the journal, sealed and merged."""
    return {cell.key: (cell.value, cell.text) for cell in all_cells(run)}


def all_cells(run: Run) -> list[Cell]:
    run_dir = RunDir(run.path)
    run.finish()
    in_journal = cells_of_journal(run_dir)
    # Rows that are not sealed yet are put into columns by another way.
    assert told(cells(run_dir)) == told(in_journal)
    assert seal_run(run_dir)
    assert not run_dir.segments()
    assert told(cells(run_dir)) == told(in_journal)
    assert merge(run_dir)
    assert not run_dir.sealed_sets()
    assert told(cells(run_dir)) == told(in_journal)
    return in_journal


def same(found: Mapping[str, Columns], expected: Mapping[str, Columns]) -> None:
    assert sorted(map(repr, found.items())) == sorted(map(repr, expected.items()))


class Tensor:
    """As torch's: a number of no dimensions, which says so only by what it can do."""

    def __init__(self, value: Any, shape: tuple[int, ...] = ()) -> None:
        self._value = value
        self.shape = shape

    def item(self) -> Any:
        if math.prod(self.shape) != 1:
            raise RuntimeError("a Tensor with 3 elements cannot be converted to Scalar")
        return self._value

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        raise TypeError("only integer tensors of a single element can be converted to an index")

    def __len__(self) -> int:
        raise TypeError("len() of a 0-d tensor")
