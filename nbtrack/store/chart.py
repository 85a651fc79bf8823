"""How a table is drawn: what lies under ``chart`` in the info of a table's media record."""

from __future__ import annotations

from typing import Literal

import msgspec

ChartKind = Literal["bar", "line", "scatter", "histogram", "confusion", "pr", "roc"]


class Chart(msgspec.Struct, kw_only=True, omit_defaults=False):
    """Which columns of a table go where.

    ========= ====================================================================
    bar       a bar for each row: its name in ``x``, its length in ``y``
    line      a line for each value of ``stroke`` (one for all if None), from ``x`` to ``y``
    scatter   a point for each row at ``x``, ``y``
    histogram how often the values of ``x`` lie where; ``y`` is None
    confusion a cell for each pair of ``x`` (predicted) and ``y`` (actual) with ``value`` in it
    pr        a line for each value of ``stroke``: recall in ``x``, precision in ``y``, 0 to 1
    roc       the same: false positive rate in ``x``, true positive rate in ``y``
    ========= ====================================================================

    Attributes:
        kind: One of those.
        x, y, stroke, value: Names of columns.
        title: What stands above the chart; may be empty.
        x_title, y_title: What stands at the axes; None: the name of the column.
    """

    kind: ChartKind
    x: str
    y: str | None = None
    stroke: str | None = None
    value: str | None = None
    title: str = ""
    x_title: str | None = None
    y_title: str | None = None
