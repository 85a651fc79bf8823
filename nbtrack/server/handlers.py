"""The addresses that tell of the server, and all at which nothing is."""

from __future__ import annotations

from typing import Any

from .._version import __version__
from ..live.wire import WIRE_VERSION
from ..store.registry import key_of
from .api.server import Server, StoreCard
from .requests import ApiHandler, RefusedError, reads
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


class NothingHandler(ApiHandler):
    """An address at which nothing is."""

    @reads
    async def get(self) -> None:
        """That there is nothing."""
        raise RefusedError(404, "there is no such address")

    post = put = patch = delete = get


def addresses(shared: Shared) -> list[Any]:
    """What is answered here."""
    return [(r"/nbtrack/api/?", ServerHandler, {"shared": shared})]


def other_addresses(shared: Shared) -> list[Any]:
    """All that are left below the API: they come last."""
    return [(r"/nbtrack/api/.*", NothingHandler, {"shared": shared})]
