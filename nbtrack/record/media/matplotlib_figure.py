"""Figures of matplotlib, as pixels; matplotlib is imported only where it is already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy


def figure_of(value: Any) -> Any:
    """The figure of what matplotlib made: a figure, its axes, pyplot; or None."""
    if getattr(value, "__name__", None) == "matplotlib.pyplot":
        return value.gcf()
    if not type(value).__module__.startswith(("matplotlib.", "mpl_toolkits.")) and not any(
        kind.__module__.startswith("matplotlib.") for kind in type(value).__mro__
    ):
        return None
    figure = value if hasattr(value, "savefig") else getattr(value, "figure", None)
    return figure if hasattr(figure, "savefig") else None


def pixels_of(figure: Any) -> numpy.ndarray[Any, Any]:
    """What a figure looks like: height x width x 4."""
    import numpy
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = getattr(figure, "figure", None) or figure  # of a subfigure, the whole
    shown = figure.canvas
    try:
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        return numpy.array(canvas.buffer_rgba(), copy=True)
    finally:
        # The window or notebook that shows the figure goes on with it.
        figure.set_canvas(shown)
