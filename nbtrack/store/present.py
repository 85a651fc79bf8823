"""How records look in Python: times as datetimes, exceptions as dictionaries."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from .schema import Failure


def exception(failure: Failure | None) -> dict[str, Any] | None:
    """``{type, message, traceback, cell, line}``, or None."""
    return msgspec.structs.asdict(failure) if failure is not None else None


def moment(time_us: int | None) -> datetime | None:
    """Microseconds since 1970 as a datetime in UTC."""
    return datetime.fromtimestamp(time_us / 1e6, UTC) if time_us else None


def iso(time: datetime | None) -> str | None:
    """ISO 8601 with milliseconds."""
    return time.isoformat(timespec="milliseconds") if time else None


def strict(value: Any) -> Any:
    """The same without NaN and infinities, which JSON has no numbers for: they become strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strict(item) for item in value]
    return value
