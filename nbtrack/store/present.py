"""How records look in Python: times as datetimes, exceptions as dictionaries."""

from __future__ import annotations

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
