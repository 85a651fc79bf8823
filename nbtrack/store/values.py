"""A logged value as the two columns that hold it.

Apart from the tables, so that whoever only follows a run needs nothing that writes Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from .digest import Value

# Integers up to here are exact as float64.
EXACT = 1 << 53
# Mappings nested deeper than this become text.
_MAX_DEPTH = 64


def flatten(
    data: Mapping[Any, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Value]]:
    """The cells of a row: nested mappings become ``outer/inner`` keys."""
    for key, value in data.items():
        name = f"{prefix}{key}"
        if type(value) is float:
            yield name, (value, None)
        elif isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from flatten(value, f"{name}/", depth + 1)
        else:
            yield name, split_value(value)


def split_value(value: Any) -> Value:
    """A logged value as float64 and, where that is not exact or not a number, as text."""
    if isinstance(value, int):
        if -EXACT <= value <= EXACT:
            return float(value), None
        try:
            return float(value), str(value)
        except OverflowError:
            return (float("inf") if value > 0 else float("-inf")), str(value)
    if isinstance(value, float):
        return value, None
    if value is None or isinstance(value, str):
        return None, value
    if isinstance(value, datetime):
        return None, value.isoformat()
    try:
        return None, msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):  # keys that JSON cannot hold, say
        return None, repr(value)
