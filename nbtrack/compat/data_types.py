"""``wandb.data_types``: what a row can hold besides numbers, under wandb's names."""

from __future__ import annotations

from typing import Any

from ..record.media import Audio, Figure, Histogram, Html, Image, Media, Table, Video


class Plotly(Figure):
    """A figure of plotly or matplotlib: a :class:`nbtrack.Figure`."""

    def __init__(self, val: Any) -> None:
        super().__init__(val)


WBValue = Media

__all__ = ["Audio", "Histogram", "Html", "Image", "Plotly", "Table", "Video", "WBValue"]
