"""Addresses that tell of the server and of runs as they are now."""

from __future__ import annotations

from typing import Any

from .._version import __version__
from ..live.wire import WIRE_VERSION
from ..store.registry import key_of
from .api.server import Server, StoreCard
from .requests import ApiHandler, RefusedError, reads

_KERNEL_HEADER = "X-Nbtrack-Kernel"


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


class LiveHandler(ApiHandler):
    """A run as it is now."""

    @reads
    async def get(self, store: str, run: str) -> None:
        """The message that brings a page up to date; 204 if it is.

        Arguments: ``since``, the number of the state that the page holds; ``kernel``, whose state
        is told in a header; ``viewer``, if somebody looks at the page.
        """
        kernel = self._kernel_state(self.get_query_argument("kernel", ""))
        try:
            since = int(self.get_query_argument("since", "-1"))
        except ValueError:
            raise RefusedError(400, "since is no number") from None
        seen = self.get_query_argument("viewer", "") == "1"
        message = await self.in_thread(
            lambda: self.shared.live.message(store, run, since, kernel=kernel, viewer=seen)
        )
        self.set_header(_KERNEL_HEADER, kernel or "unknown")
        self.set_header("Cache-Control", "no-store")
        if message is None:
            self.set_status(204)
            await self.finish()
        else:
            await self.finish(message, set_content_type="application/octet-stream")

    def _kernel_state(self, kernel: str) -> str | None:
        """``busy``, ``idle`` and so on; ``gone`` for a kernel that this server does not have."""
        if not kernel:
            return None
        manager: Any = self.kernel_manager
        if kernel not in manager:
            return "gone"
        return str(getattr(manager.get_kernel(kernel), "execution_state", None) or "unknown")
