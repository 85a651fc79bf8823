"""A Keras model, layer by layer."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ...store.model import LayerInfo, ModelInfo, of_layers
from .text import MOST_TEXT, shown

_DEEPEST = 32


def describe(model: Any, name: str) -> ModelInfo:
    """A model as ``model.json`` holds it; one that is not built yet has no sizes."""
    return of_layers(name, "keras", list(_layers(model, "", 0)), text=_text(model))


def _layers(layer: Any, path: str, depth: int) -> Iterator[LayerInfo]:
    weights = _weights(layer, "weights")
    yield LayerInfo(
        name=path,
        type=type(layer).__name__,
        depth=depth,
        parameters=_count(weights),
        trainable=_count(_weights(layer, "trainable_weights")),
        output_shape=_output_shape(layer),
        size_bytes=sum(_count([weight]) * _width(weight) for weight in weights),
    )
    if depth < _DEEPEST:
        for part in getattr(layer, "layers", None) or ():
            name = str(part.name)
            yield from _layers(part, f"{path}.{name}" if path else name, depth + 1)


def _weights(layer: Any, kind: str) -> list[Any]:
    found = {id(weight): weight for weight in getattr(layer, kind)}
    return list(found.values())


def _count(weights: Iterable[Any]) -> int:
    return sum(math.prod(int(size) for size in weight.shape) for weight in weights)


def _width(weight: Any) -> int:
    """Bytes of one number, from the name of its type, such as ``bfloat16``."""
    bits = re.search(r"\d+", str(weight.dtype))
    return int(bits[0]) // 8 if bits else 1


def _output_shape(layer: Any) -> Any:
    try:
        output = layer.output
    except (AttributeError, ValueError):  # not called yet, or several times for several shapes
        return None
    return _shape_of(output)


def _shape_of(output: Any) -> Any:
    if isinstance(output, dict):
        return {str(key): _shape_of(item) for key, item in output.items()}
    if isinstance(output, list | tuple):
        return [_shape_of(item) for item in output]
    shape = getattr(output, "shape", None)
    return None if shape is None else [None if size is None else int(size) for size in shape]


def _text(model: Any) -> str:
    lines: list[str] = []

    def take(text: str, *args: Any, **kwargs: Any) -> None:
        lines.append(text)

    try:
        model.summary(print_fn=take)
    except Exception:  # a layer alone has none; a foreign model may raise anything
        return shown(model)
    text = "\n".join(lines)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
