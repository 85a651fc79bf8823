"""Figures of other libraries: what they draw, not a picture of it, where they can tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..._errors import InvalidDataError
from . import arrays
from .base import Keeper, Kept, Media, check_caption
from .matplotlib_figure import figure_of, pixels_of

if TYPE_CHECKING:
    import numpy


class Figure(Media):
    """A figure of plotly or altair, kept as its JSON, or of matplotlib, kept as a picture.

    Args:
        figure: The figure; of matplotlib also axes, or ``pyplot`` for its current figure; or a
            dictionary as plotly and Vega-Lite know it.
        caption: What stands below it.

    Raises:
        InvalidDataError: It is none of those.
    """

    kind = "figure"

    def __init__(self, figure: Any, caption: str | None = None) -> None:
        self.caption = check_caption(caption)
        self._pixels: numpy.ndarray[Any, Any] | None = None
        self._document = b""
        found = document_of(figure)
        if found is not None:
            self._source, self._document = found
        elif (drawn := figure_of(figure)) is not None:
            self._source, self._pixels = "matplotlib", pixels_of(drawn)
        else:
            raise InvalidDataError(
                f"a {type(figure).__name__} is no figure of plotly, altair or matplotlib",
                operation="make a Figure",
            )

    def keep(self, keeper: Keeper) -> Kept:
        """Put the content on its way to the disk; see :meth:`Media.keep`."""
        info: dict[str, Any] = {"source": self._source}
        if self.caption is not None:
            info["caption"] = self.caption
        pixels = self._pixels
        if pixels is None:
            name = keeper.file("json", self._document)
            return Kept(self.kind, name, len(self._document), info)
        info["height"], info["width"] = pixels.shape[:2]
        header = {
            "encode": "pixels",
            "dtype": arrays.dtype_name(pixels),
            "shape": pixels.shape,
            "format": "png",
        }
        name = keeper.raw("png", header, [arrays.piece(pixels)])
        return Kept(self.kind, name, pixels.nbytes, info)


def document_of(figure: Any) -> tuple[str, bytes] | None:
    """The source (``plotly`` or ``altair``) and the JSON of a figure; None: it is of neither."""
    if isinstance(figure, dict):
        # Those of Vega may have a layout too.
        if "vega" in str(figure.get("$schema", "")):
            return "altair", json.dumps(figure).encode()
        if "data" in figure and "layout" in figure:
            return "plotly", json.dumps(figure).encode()
        return None
    if callable(getattr(figure, "to_plotly_json", None)) and hasattr(figure, "to_json"):
        return "plotly", str(figure.to_json()).encode()
    if any(kind.__module__.startswith("altair.") for kind in type(figure).__mro__):
        return "altair", str(figure.to_json(indent=None)).encode()
    return None
