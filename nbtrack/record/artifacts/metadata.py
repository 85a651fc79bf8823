"""Metadata as JSON holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..._errors import InvalidArtifactError

_DEEPEST = 64


def plain_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """The same in what JSON has: NaN and infinities, which it has not, as words.

    Raises:
        InvalidArtifactError: It is no mapping, or a value cannot be kept.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InvalidArtifactError(f"metadata is a {type(metadata).__name__}, not a mapping")
    return {str(key): _plain(value, str(key), 0) for key, value in metadata.items()}


def _plain(value: Any, where: str, depth: int) -> Any:
    if depth > _DEEPEST:
        raise InvalidArtifactError(f"metadata[{where!r}] is nested too deeply")
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{where}.{k}", depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, where, depth + 1) for item in value]
    if hasattr(value, "tolist"):  # numpy's arrays and numbers, torch's tensors
        return _plain(value.tolist(), where, depth + 1)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value)
