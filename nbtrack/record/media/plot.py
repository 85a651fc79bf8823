"""Tables that are drawn as charts."""

from __future__ import annotations

from typing import Any

import msgspec

from ...store.chart import Chart
from .table import Table


class Plot(Table):
    """A table that is drawn as a chart. Made by :mod:`nbtrack.plot`.

    Attributes:
        chart: Which of its columns go where.
    """

    def __init__(self, chart: Chart, columns: list[Any], data: list[list[Any]]) -> None:
        super().__init__(columns=columns, data=data)
        self.chart = chart

    def describe(self) -> dict[str, Any]:
        """The chart, beside rows and columns."""
        return {"chart": msgspec.to_builtins(self.chart)}
