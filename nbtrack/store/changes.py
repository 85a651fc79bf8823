"""When the config of a run was set, and to what."""

from __future__ import annotations

from typing import Any

import msgspec

from . import query
from .fold import in_order
from .reader import Snapshot
from .schema import Change
from .tables import events_from_changes


class ConfigChange(msgspec.Struct, kw_only=True, frozen=True):
    """A value of the config was set to another one.

    Attributes:
        key: Which.
        old: What it was; None if it had not been set.
        new: What it is since.
        time: When, in microseconds since 1970 (UTC).
        attempt: The attempt that was open, or 0.
    """

    key: str
    old: Any
    new: Any
    time: int
    attempt: int


def config_changes(taken: Snapshot) -> list[ConfigChange]:
    """Every change of the config, in the order in which they count."""
    found: list[ConfigChange] = []
    config: dict[str, Any] = {}
    events = events_from_changes(query.rows(taken.source("changes")))
    for _, event in in_order(taken.fold.writers, events):
        if not isinstance(event, Change) or event.kind != "config":
            continue
        known = event.key in config
        old = config.get(event.key)
        if not known or old != event.value:
            found.append(
                ConfigChange(
                    key=event.key,
                    old=old,
                    new=event.value,
                    time=event.time,
                    attempt=event.attempt,
                )
            )
        config[event.key] = event.value
    return found
