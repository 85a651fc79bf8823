"""Cards of runs that nobody recorded."""

from __future__ import annotations

from typing import Any

from nbtrack.live.card import AttemptCard, Card

SECOND = 1_000_000


def make_attempt(n: int = 1, **changes: Any) -> AttemptCard:
    values: dict[str, Any] = {
        "n": n,
        "cell": "cell",
        "cell_try": n,
        "label": f"[{n}]",
        "name": None,
        "tags": [],
        "state": "finished",
        "started": n * 100 * SECOND,
        "ended": (n * 100 + 50) * SECOND,
        "config": {},
    }
    return AttemptCard(**(values | changes))


def make_card(**changes: Any) -> Card:
    values: dict[str, Any] = {
        "id": "one",
        "name": "brave-otter-1",
        "project": "p",
        "tags": [],
        "state": "running",
        "reason": "waiting for the next cell",
        "started": 0,
        "ended": None,
        "attempts": [make_attempt()],
        "rows": 0,
        "rate": None,
        "progress": None,
        "position": None,
        "console": [],
        "error": None,
        "memory_limit": None,
        "dropped": 0,
        "left_out": 0,
        "time": 200 * SECOND,
    }
    return Card(**(values | changes))
