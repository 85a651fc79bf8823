"""Histograms that were counted where a tensor is."""

from __future__ import annotations

from .base import Keeper, Kept
from .histogram import Histogram


class TensorHistogram(Histogram):
    """A histogram of a tensor, with what is known of the tensor besides.

    Args:
        counts, bins: As ``numpy.histogram`` gives them.
        values: How many values the tensor has.
        nan, inf: How many of them are not a number, and infinite.
    """

    def __init__(
        self, counts: list[int], bins: list[float], *, values: int, nan: int, inf: int
    ) -> None:
        super().__init__(np_histogram=(counts, bins))
        self._known = {"values": values, "nan": nan, "inf": inf}

    def keep(self, keeper: Keeper) -> Kept:
        """As any histogram; of ``nan`` and ``inf`` only what there is."""
        kept = super().keep(keeper)
        return kept._replace(info={**kept.info, **{k: v for k, v in self._known.items() if v}})
