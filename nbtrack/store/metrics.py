"""What somebody said of metrics: what is across, and what of their values makes the summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec

from .._decoding import convert
from .digest import Digest, Last, Numbers

SUMMARIES = ("min", "max", "mean", "best", "last", "first", "copy", "none")

Goal = Literal["minimize", "maximize"]


class MetricDefinition(msgspec.Struct, kw_only=True):
    """How a metric, or all that a pattern names, are drawn and summed up. None: nobody said.

    Attributes:
        name: The metric, or a pattern in which ``*`` stands for any text.
        step_metric: The metric that is across when it is drawn.
        step_sync: False: rows without a value of ``step_metric`` have none, not the latest.
        hidden: Not drawn unless somebody asks.
        summary: Any of min, max, mean, best, last, first, copy, none.
        goal: Which values are the best: ``minimize`` or ``maximize``.
    """

    name: str
    step_metric: str | None = None
    step_sync: bool | None = None
    hidden: bool | None = None
    summary: list[str] | None = None
    goal: Goal | None = None

    def over(self, before: MetricDefinition | None) -> MetricDefinition:
        """This one, with what it leaves open taken from another."""
        if before is None:
            return self
        fields = ("step_metric", "step_sync", "hidden", "summary", "goal")
        given = {name: getattr(self, name) for name in fields if getattr(self, name) is not None}
        return msgspec.structs.replace(before, name=self.name, **given)


Definitions = Mapping[str, MetricDefinition]


def defined(before: Definitions, name: str, value: Any) -> MetricDefinition:
    """A definition, from the value of its record and those before it."""
    given = {"name": name, **(value if isinstance(value, dict) else {})}
    new = convert(given, MetricDefinition)
    return new if given.get("overwrite") else new.over(before.get(name))


def definition_of(definitions: Definitions, key: str) -> MetricDefinition | None:
    """What was said of one metric: by its name, and where that leaves it open by patterns, of
    which the longer one goes first.
    """
    matching = [one for name, one in definitions.items() if name == key or _matches(name, key)]
    matching.sort(key=lambda one: (one.name == key, len(one.name)))
    found: MetricDefinition | None = None
    for one in matching:
        found = one.over(found)
    return found


def step_metric_of(definitions: Definitions, key: str) -> MetricDefinition | None:
    """The definition that says what is across when ``key`` is drawn; None: the step is."""
    found = definition_of(definitions, key)
    if found is None or found.step_metric is None or found.step_metric == key:
        return None
    return found


def _matches(pattern: str, key: str) -> bool:
    return "*" in pattern and _compiled(pattern).fullmatch(key) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def summarise(
    definitions: Definitions,
    last: Mapping[str, Last],
    first: Mapping[str, Last],
    numbers: Mapping[str, Numbers],
) -> dict[str, Any]:
    """The summary of some rows: the last value of each key, or what its definition asks for.

    Then it is a dictionary: ``{"min": 0.1, "last": 0.2}``. Where no number was logged there is
    nothing to sum up, and it is the last value.
    """
    found: dict[str, Any] = {}
    for key, value in last.items():
        definition = definition_of(definitions, key) if definitions else None
        wanted = (definition.summary or []) if definition is not None else []
        if "none" in wanted:
            continue
        goal = definition.goal if definition is not None else None
        aggregates = {
            name: aggregate
            for name in wanted
            if (aggregate := _aggregate(name, goal, value, first.get(key), numbers.get(key)))
            is not None
        }
        found[key] = aggregates or shown(value)
    return found


def _aggregate(
    name: str, goal: Goal | None, last: Last, first: Last | None, numbers: Numbers | None
) -> Any:
    if numbers is None:
        return None
    if name == "last":
        return shown(last)
    if name == "first":
        return shown(first) if first is not None else None
    if name == "mean":
        return numbers.mean
    if name == "max" or (name == "best" and goal == "maximize"):
        return numbers.high
    return numbers.low if name in ("min", "best") else None


def shown(value: Last) -> Any:
    """A stored value as Python shows it: integers beyond 2**53 from their exact text."""
    if value.value is None:
        return value.text
    return value.value if value.text is None else int(value.text)


class Extreme(msgspec.Struct, kw_only=True, frozen=True):
    """A value, and where it was logged.

    Attributes:
        value: The value.
        attempt: The number of the attempt, 0 if it was none.
        step: The step.
    """

    value: Any
    attempt: int
    step: int


class Aggregates(msgspec.Struct, kw_only=True, frozen=True):
    """What the values of one metric add up to, over all attempts.

    ``count``, ``mean``, ``min`` and ``max`` are of the numbers that are not NaN, and None where
    there is none; of equal ones the earliest attempt and the lowest step are named.

    Attributes:
        count: How many numbers.
        mean: Their arithmetic mean.
        min: The smallest.
        max: The largest.
        first: The first value of the first attempt that logged one.
        last: The last value of the last attempt that logged one.
        best: ``max`` if the metric's goal is ``maximize``, else ``min``.
    """

    count: int
    mean: float | None
    min: Extreme | None
    max: Extreme | None
    first: Extreme
    last: Extreme
    best: Extreme | None


def aggregates(digest: Digest, key: str, definition: MetricDefinition | None) -> Aggregates | None:
    """What the values of one metric add up to; None if it was never logged."""
    having = [n for n in sorted(digest) if key in digest[n].last]
    if not having:
        return None
    numbers = {n: digest[n].numbers[key] for n in having if key in digest[n].numbers}
    low = min(numbers, key=lambda n: numbers[n].low, default=None)
    high = max(numbers, key=lambda n: numbers[n].high, default=None)
    count = sum(one.rows for one in numbers.values())
    least = most = None
    if low is not None and high is not None:
        least = Extreme(value=numbers[low].low, attempt=low, step=numbers[low].low_step)
        most = Extreme(value=numbers[high].high, attempt=high, step=numbers[high].high_step)
    first, last = digest[having[0]].first[key], digest[having[-1]].last[key]
    return Aggregates(
        count=count,
        mean=sum(one.total for one in numbers.values()) / count if count else None,
        min=least,
        max=most,
        first=Extreme(value=shown(first), attempt=having[0], step=first.step),
        last=Extreme(value=shown(last), attempt=having[-1], step=last.step),
        best=most if definition is not None and definition.goal == "maximize" else least,
    )


def combined(parts: Iterable[Mapping[str, Numbers]]) -> dict[str, Numbers]:
    """The numbers of several attempts together."""
    found: dict[str, Numbers] = {}
    for part in parts:
        for key, numbers in part.items():
            found[key] = found[key].plus(numbers) if key in found else numbers
    return found
