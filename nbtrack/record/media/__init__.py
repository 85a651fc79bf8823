"""Media: what a row can hold besides numbers."""

from __future__ import annotations

from .audio import Audio
from .base import Keeper, Kept, Media
from .figure import Figure
from .histogram import Histogram
from .image import Image
from .table import Table
from .text import Html, Text
from .video import Video

__all__ = [
    "Audio",
    "Figure",
    "Histogram",
    "Html",
    "Image",
    "Keeper",
    "Kept",
    "Media",
    "Table",
    "Text",
    "Video",
]
