"""How values look on a terminal."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# From here on there is room for ids beside the names.
WIDE = 120

_BARS = "▁▂▃▄▅▆▇█"
_SPARKS = 32

_COLOURS = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "crashed": "red",
    "interrupted": "yellow",
    "unseen": "dim",
}


def console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDE)  # a pipe has no width to keep to
    return console


def state(state: str) -> Any:
    from rich.text import Text

    return Text(state, _COLOURS.get(state, ""))


def shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def counted(count: int, thing: str) -> str:
    """How many of a thing, in words: ``1 run``, ``2,000 runs``."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def size(count: int | None) -> str:
    """Bytes in a unit that fits."""
    if count is None:
        return ""
    value, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.3g} {unit}"


def sparkline(values: list[float]) -> str:
    """Values as a row of bars from 0 to the largest, each the largest of its stretch."""
    if not values or max(values) <= 0:
        return ""
    count = min(_SPARKS, len(values))
    edges = [len(values) * at // count for at in range(count + 1)]
    largest = [max(values[start:end]) for start, end in pairwise(edges)]
    top = len(_BARS) - 1
    return "".join(_BARS[round(top * value / max(values))] for value in largest)


def duration(start: datetime, end: datetime | None) -> str:
    """How long it took, or takes so far."""
    return seconds(((end or datetime.now(start.tzinfo)) - start).total_seconds())


def seconds(count: float | None) -> str:
    """A time in units that fit."""
    if count is None:
        return ""
    if count < 60:
        return f"{count:.1f} s"
    minutes, rest = divmod(int(count), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
