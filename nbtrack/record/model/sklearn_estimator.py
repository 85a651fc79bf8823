"""An estimator of scikit-learn: its settings, its parts, and what fitting made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...store.model import LayerInfo, ModelInfo, of_layers
from .text import shown

# More estimators in one list than that are one line: a forest.
_MOST_PARTS = 16
_MOST_DEPTH = 16
_MOST_ITEMS = 64
_MOST_TEXT = 200
_LARGEST, _SMALLEST = (1 << 64) - 1, -(1 << 63)


def describe(estimator: Any, name: str) -> ModelInfo:
    """An estimator as ``model.json`` holds it; unfitted, it has settings and parts alone."""
    return of_layers(
        name,
        "sklearn",
        list(_layers(estimator, "", 0)),
        settings=_settings(estimator),
        text=shown(estimator),
    )


def config_of(estimator: Any) -> dict[str, Any]:
    """Its class under ``estimator``, its arguments as JSON holds them under ``params``.

    They have the names of ``get_params()``; an estimator in it is the name of its class.
    """
    given = estimator.get_params(deep=True).items()
    params = {
        str(key): setting(value)
        for key, value in given
        if _is_estimator(value) or not _parts_of(value)
    }
    return {"estimator": type(estimator).__name__, "params": params}


def setting(value: Any) -> Any:
    """A value that an estimator is given, as JSON holds it."""
    return type(value).__name__ if _is_estimator(value) else _setting(value)


def _settings(estimator: Any) -> dict[str, Any]:
    """The arguments it and its parts were made with; the parts themselves are layers."""
    return {
        str(key): _setting(value)
        for key, value in estimator.get_params(deep=True).items()
        if not _parts_of(value)
    }


def _layers(value: Any, path: str, depth: int) -> Iterator[LayerInfo]:
    """An estimator, then what fitting made of it, then its parts."""
    if not _is_estimator(value):  # a step that is left out, or given on as it is
        yield _layer(path, value if isinstance(value, str) else type(value).__name__, depth)
        return
    numbers, size = _weigh(value)
    yield _layer(path, type(value).__name__, depth, numbers, size)
    if depth == _MOST_DEPTH:
        return
    parts = dict(_parts(value))
    for key, attribute in _own(value, parts.values()).items():
        kind = _kind(attribute)
        if kind is not None:
            numbers, size = _weigh(attribute)
            yield _layer(_join(path, key), kind, depth + 1, numbers, size, _shape(attribute))
    for key, part in parts.items():
        yield from _layers(part, _join(path, key), depth + 1)


def _layer(
    path: str,
    kind: str,
    depth: int,
    numbers: int = 0,
    size: int = 0,
    shape: list[int] | None = None,
) -> LayerInfo:
    return LayerInfo(
        name=path,
        type=kind,
        depth=depth,
        parameters=numbers,
        trainable=numbers,
        output_shape=shape,
        size_bytes=size,
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


def _fitted(estimator: Any) -> dict[str, Any]:
    """What fitting left: by scikit-learn's custom, attributes that end with an underscore."""
    attributes = getattr(estimator, "__dict__", {})
    return {k: v for k, v in attributes.items() if k.endswith("_") and not k.startswith("_")}


def _own(estimator: Any, parts: Iterable[Any]) -> dict[str, Any]:
    """What fitting left, but for what are parts already."""
    known = {id(part) for part in parts}
    return {
        key: attribute
        for key, attribute in _fitted(estimator).items()
        if not any(id(part) in known for part in _parts_of(attribute))
    }


def _parts(estimator: Any) -> Iterator[tuple[str, Any]]:
    """The estimators in an estimator, by name; as they were fitted, where they were."""
    fitted = _fitted(estimator)
    for key, given in estimator.get_params(deep=False).items():
        names = [str(item[0]) for item in given] if _is_named(given) else None
        made = fitted.pop(f"{key}_", given)
        parts = _parts_of(made)
        if not parts:
            continue
        if _is_named(made):
            names = [str(item[0]) for item in made]
        if names is None or len(names) != len(parts):
            names = _numbered(key, parts)
        if len(parts) <= _MOST_PARTS:
            yield from zip(names, parts, strict=True)
    for key, made in fitted.items():
        parts = _parts_of(made)
        if parts and len(parts) <= _MOST_PARTS:
            yield from zip(_numbered(key, parts), parts, strict=True)


def _numbered(key: str, parts: list[Any]) -> list[str]:
    return [key] if len(parts) == 1 else [f"{key}.{at}" for at in range(len(parts))]


def _is_named(value: Any) -> bool:
    """Whether it is a list of steps: a name, an estimator, and perhaps columns."""
    return bool(isinstance(value, list | tuple) and value) and all(
        isinstance(item, tuple) and len(item) in (2, 3) and isinstance(item[0], str)
        for item in value
    )


def _parts_of(value: Any) -> list[Any]:
    """The estimators in a value: itself, or those in a list; empty if it is something else."""
    if _is_estimator(value):
        return [value]
    if _is_named(value):
        steps = [item[1] for item in value]
        return steps if any(map(_is_estimator, steps)) else []
    if type(value).__name__ == "ndarray" and value.dtype.kind == "O":
        value = value.ravel().tolist()
    if isinstance(value, list | tuple) and value and all(map(_is_estimator, value)):
        return list(value)
    return []


def _kind(value: Any) -> str | None:
    """What an attribute is; None for what has no shape."""
    parts = _parts_of(value)
    if parts:
        return f"{len(parts)} {type(parts[0]).__name__}"
    if _is_tree(value):
        return "Tree"
    if hasattr(value, "shape") and hasattr(value, "dtype") and value.shape:
        return f"{type(value).__name__} {value.dtype}"
    return None


def _shape(value: Any) -> list[int]:
    if _is_tree(value):
        return [int(value.node_count)]
    return [int(size) for size in getattr(value, "shape", (len(_parts_of(value)),))]


def _is_tree(value: Any) -> bool:
    return hasattr(value, "node_count") and hasattr(value, "threshold") and hasattr(value, "value")


def _weigh(value: Any, depth: int = 0) -> tuple[int, int]:
    """How many floating-point numbers fitting made, and the bytes of all that it made."""
    if depth > _MOST_DEPTH:
        return 0, 0
    within: list[Any] = _parts_of(value)
    if _is_tree(value):
        within = [value.threshold, value.value]
    elif _is_estimator(value):
        parts = dict(_parts(value)).values()
        within = [*parts, *_own(value, parts).values()]
    if within:
        pairs = [_weigh(item, depth + 1) for item in within]
        return sum(numbers for numbers, _ in pairs), sum(size for _, size in pairs)
    data = getattr(value, "data", value) if hasattr(value, "nnz") else value  # a sparse matrix
    if type(data).__name__ != "ndarray":
        return 0, 0
    return data.size if data.dtype.kind in "fc" else 0, data.nbytes


def _setting(value: Any, depth: int = 0) -> Any:
    """A setting as JSON holds it; what it cannot hold in words."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value) if _SMALLEST <= value <= _LARGEST else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if depth < _MOST_DEPTH:
        if hasattr(value, "tolist") and getattr(value, "size", _MOST_ITEMS) < _MOST_ITEMS:
            value = value.tolist()
        if isinstance(value, Mapping) and len(value) <= _MOST_ITEMS:
            return {str(key): _setting(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and len(value) <= _MOST_ITEMS:
            return [_setting(item, depth + 1) for item in value]
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if getattr(value, "shape", ()):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    return shown(value)[:_MOST_TEXT]
