"""Which metrics of a run to show where there is room for a few, and what is best of each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from .frame import Series

# As many as a person can tell apart in one chart.
MAX_KEYS = 8

_LOWER_IS_BETTER = re.compile(
    r"loss|err|mse|mae|rmse|mape|nll|perplex|ppl|bpc|wer|cer|fid|kl|divergence|regret|latency|time"
    r"|second|residual",
    re.IGNORECASE,
)
# What a person looks at first, and what is mostly there to be looked up.
_TELLING = re.compile(
    r"loss|acc|f1|auc|reward|return|score|err|mse|mae|iou|map|bleu|rouge|perplex|ppl|precision"
    r"|recall|(^|[/_.-])r2",
    re.IGNORECASE,
)
_DULL = re.compile(
    r"(^|[/_.])(epoch|step|iter|iteration|batch|lr|learning_rate|seed|time)", re.IGNORECASE
)
_HELD_OUT = re.compile(r"val|test|eval|dev", re.IGNORECASE)


class Chart:
    """Keys that are drawn together: ``train/loss`` and ``val/loss``.

    Attributes:
        title: What they have in common, ``loss``.
        keys: By what they do not have in common, ``train``; empty for a key without a prefix.
    """

    def __init__(self, title: str, keys: dict[str, str] | None = None) -> None:
        self.title = title
        self.keys = keys if keys is not None else {}


def lower_is_better(key: str) -> bool:
    """Whether the smallest value of a metric is its best, as its name suggests."""
    return _LOWER_IS_BETTER.search(key) is not None


def is_held_out(prefix: str) -> bool:
    """Whether ``val`` and the like: what a model did not learn from."""
    return _HELD_OUT.match(prefix) is not None


def best(key: str, series: Series) -> float | None:
    """The best finite value of a series; None if it has none."""
    values = [y for y in series.points[1::2] if math.isfinite(y)]
    if not values:
        return None
    return min(values) if lower_is_better(key) else max(values)


def charts(keys: Iterable[str]) -> list[Chart]:
    """Keys grouped by what follows their first ``/``; one alone keeps its whole name.

    So does each of more than :data:`MAX_KEYS` of one kind.
    """
    found: dict[str, Chart] = {}
    for key in keys:
        prefix, slash, rest = key.partition("/")
        title = rest if slash and rest else key
        chart = found.setdefault(title, Chart(title))
        chart.keys[prefix if slash and rest else ""] = key
    parted: list[Chart] = []
    for chart in found.values():
        if 1 < len(chart.keys) <= MAX_KEYS:
            parted.append(chart)
        else:
            parted += (Chart(key, {"": key}) for key in chart.keys.values())
    return parted


def most_telling(series: Mapping[str, Series]) -> list[Chart]:
    """The charts of several series, those that a person looks at first before the others."""
    drawable = {key: one for key, one in series.items() if one.count > one.nans}

    def rank(chart: Chart) -> tuple[int, int]:
        dull = _DULL.search(chart.title) is not None
        telling = _TELLING.search(chart.title) is not None and not dull
        still = all(_is_still(drawable[key]) for key in chart.keys.values())
        return (0 if telling else 2 if dull else 1) + 3 * still, -len(chart.keys)

    return sorted(charts(drawable), key=rank)


def _is_still(series: Series) -> bool:
    values = series.points[1::2]
    return len(values) > 2 and min(values) == max(values)
