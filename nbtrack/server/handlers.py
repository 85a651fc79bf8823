"""The address that tells of the server."""

from __future__ import annotations

from typing import Any

from .._version import __version__
from ..live.wire import WIRE_VERSION
from ..store.registry import key_of
from .api.server import Server, StoreCard
from .requests import ApiHandler, reads
from .shared import Shared


class ServerHandler(ApiHandler):
    """Who answers here, for a page that may come from another nbtrack."""

    @reads
    async def get(self) -> None:
        """:class:`Server`."""
        await self.answer(self._describe)

    def _describe(self) -> Server:
        return Server(
            version=__version__,
            wire=WIRE_VERSION,
            read_only=self.shared.read_only,
            stores=[
                StoreCard(key=key_of(store), name=store.path.parent.name, path=str(store.path))
                for store in self.shared.stores.all()
            ],
        )


def addresses(shared: Shared) -> list[Any]:
    """What is answered here."""
    return [(r"/nbtrack/api/?", ServerHandler, {"shared": shared})]
