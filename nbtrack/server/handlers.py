"""The addresses of the extension. Every one asks for the server's own login."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from .._version import __version__
from ..live.wire import WIRE_VERSION
from .live import LiveRuns, UnknownRunError

_RESOURCE = "contents"
_KERNEL_HEADER = "X-Nbtrack-Kernel"


class VersionHandler(ExtensionHandlerMixin, APIHandler):
    """Who answers here, for a page that may come from another nbtrack."""

    auth_resource = _RESOURCE

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # the server's has no types
    async def get(self) -> None:
        """``{"version": …, "wire": …}``."""
        self.finish({"version": __version__, "wire": WIRE_VERSION})


class LiveHandler(ExtensionHandlerMixin, APIHandler):
    """A run as it is now."""

    auth_resource = _RESOURCE

    def initialize(self, name: str, runs: LiveRuns) -> None:
        """``runs`` are shared by all requests."""
        super().initialize(name)
        self._runs = runs

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # the server's has no types
    async def get(self, store: str, run: str) -> None:
        """The message that brings a page up to date; 204 if it is.

        Arguments: ``since``, the number of the state that the page holds; ``kernel``, whose state
        is told in a header; ``viewer``, if somebody looks at the page.
        """
        kernel = self._kernel_state(self.get_query_argument("kernel", ""))
        try:
            since = int(self.get_query_argument("since", "-1"))
        except ValueError:
            raise web.HTTPError(400, "since is no number") from None
        seen = self.get_query_argument("viewer", "") == "1"
        try:
            # A disk that does not answer holds up this request and no other.
            message = await asyncio.to_thread(
                self._runs.message, store, run, since, kernel=kernel, viewer=seen
            )
        except UnknownRunError as error:
            raise web.HTTPError(404, str(error)) from None
        self.set_header(_KERNEL_HEADER, kernel or "unknown")
        self.set_header("Cache-Control", "no-store")
        if message is None:
            self.set_status(204)
            self.finish()
        else:
            self.set_header("Content-Type", "application/octet-stream")
            self.finish(message, set_content_type="application/octet-stream")

    def _kernel_state(self, kernel: str) -> str | None:
        """``busy``, ``idle`` and so on; ``gone`` for a kernel that this server does not have."""
        if not kernel:
            return None
        manager: Any = self.kernel_manager
        if kernel not in manager:
            return "gone"
        return str(getattr(manager.get_kernel(kernel), "execution_state", None) or "unknown")
