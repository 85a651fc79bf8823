"""Who answers, and what it serves."""

from __future__ import annotations

from typing import Any

import msgspec


class StoreCard(msgspec.Struct, kw_only=True):
    """A store that is served.

    Attributes:
        key: What it is called in addresses.
        name: What a person calls it: the name of the folder that it is in.
    """

    key: str
    name: str
    path: str


class Server(msgspec.Struct, kw_only=True):
    """Who answers.

    Attributes:
        wire: The version of live messages.
        read_only: Nothing can be changed.
    """

    version: str
    wire: int
    read_only: bool
    stores: list[StoreCard]


class Views(msgspec.Struct, kw_only=True):
    """What people have saved of how they look at runs, by name."""

    views: dict[str, Any]
