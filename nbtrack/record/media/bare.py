"""Media in what ``log()`` was given: our own, and what other libraries make, given bare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .base import Media
from .figure import Figure
from .image import Image, is_pillow
from .matplotlib_figure import figure_of

# Libraries whose objects are media as they are. Their modules are what is asked first: a foreign
# object may do anything when it is looked at more closely.
_LIBRARIES = ("PIL", "matplotlib", "mpl_toolkits", "plotly", "altair", "seaborn")
_DEEPEST = 32


class MixedListError(Exception):
    """A list holds media and other things."""


class Found(NamedTuple):
    """Media at their place in a row: under ``key``, the ``place``-th of a list."""

    key: str
    place: int
    media: Media


def media_of(value: Any) -> Media | None:
    """The media that a value is, or can be kept as; None if it is none."""
    if isinstance(value, Media):
        return value
    library = type(value).__module__.partition(".")[0]
    if library not in _LIBRARIES and getattr(value, "__name__", "") != "matplotlib.pyplot":
        return None
    if is_pillow(value):
        return Image(value)
    if callable(getattr(value, "to_plotly_json", None)) or library == "altair":
        return Figure(value)
    figure = figure_of(value)
    return None if figure is None else Figure(figure)


def take(
    data: Mapping[Any, Any], refused: dict[str, str], prefix: str = "", depth: int = 0
) -> tuple[dict[Any, Any], list[Found]]:
    """A row without its media, and those with their keys.

    Args:
        refused: Takes the key and the reason of what was meant as media and is none.
    """
    rest: dict[Any, Any] = {}
    found: list[Found] = []
    for key, value in data.items():
        media: list[Media] = []
        try:
            if isinstance(value, Mapping) and depth < _DEEPEST:
                inner, more = take(value, refused, f"{prefix}{key}/", depth + 1)
                found += more
                # Without media in it, it stays what it is.
                if inner or not more:
                    rest[key] = inner if more else value
                continue
            media += _of_value(value)
        except MixedListError as error:
            refused[f"{prefix}{key}"] = str(error)
        except Exception:  # a foreign object may raise anything; it is seen to like any other
            rest[key] = value
        else:
            if not media:
                rest[key] = value
            found += (Found(f"{prefix}{key}", at, one) for at, one in enumerate(media))
    return rest, found


def _of_value(value: Any) -> Iterator[Media]:
    if isinstance(value, list | tuple) and value:
        media = [media_of(item) for item in value]
        yield from (one for one in media if one is not None)
        if any(one is not None for one in media) and None in media:
            raise MixedListError("a list holds media and other things")
        return
    found = media_of(value)
    if found is not None:
        yield found
