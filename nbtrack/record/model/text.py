"""A model in words."""

from __future__ import annotations

MOST_TEXT = 1 << 14


def shown(model: object) -> str:
    """The model as it prints itself, cut where that is long; empty if it cannot."""
    try:
        text = str(model)
    except Exception:  # a foreign object may raise anything
        return ""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
