"""How values look on a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# From here on there is room for ids beside the names.
WIDE = 120

_COLOURS = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "crashed": "red",
    "interrupted": "yellow",
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


def duration(start: datetime, end: datetime | None) -> str:
    """How long it took, or takes so far."""
    seconds = ((end or datetime.now(start.tzinfo)) - start).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
