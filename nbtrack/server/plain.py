"""Values as JSON and a browser hold them."""

from __future__ import annotations

import math
from typing import Any

import msgspec

# Integers up to here are exact in a browser.
_EXACT = 1 << 53


def plain(value: Any) -> Any:
    """Values of config or summary, of which a browser loses nothing.

    Numbers that are not finite, and integers beyond 2**53, become text.
    """
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not -_EXACT <= value <= _EXACT:
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def to_json(value: Any) -> bytes:
    """Structures as JSON. Text that UTF-8 cannot hold, such as odd file names, is shown escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(msgspec.to_builtins(value)))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value
