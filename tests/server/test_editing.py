"""Changes of a run that several requests ask for."""

from __future__ import annotations

import asyncio

from nbtrack.server.shared import Shared
from nbtrack.server.stores import Stores


def test_they_are_kept_in_the_order_in_which_they_came() -> None:
    shared = Shared(Stores(only=[]))
    kept: list[str] = []

    async def change(run: str, what: str, seconds: float) -> None:
        async with shared.editing("store", run):
            await asyncio.sleep(seconds)
            kept.append(what)

    async def ask() -> None:
        slow = change("one", "slow", 0.2)
        await asyncio.gather(slow, change("one", "quick", 0), change("two", "another", 0))

    asyncio.run(ask())
    shared.close()
    assert kept == ["another", "slow", "quick"]
    assert not shared._editing
