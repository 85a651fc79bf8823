"""nbtrack in a Jupyter server."""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp

from . import run_handlers
from .handlers import LiveHandler, ServerHandler
from .notebooks import clean_when_opened
from .shared import Shared
from .stores import Stores


class NbtrackServer(ExtensionApp):
    """Serves runs under ``<base_url>nbtrack/``, behind the server's own login."""

    name = "nbtrack"
    description = "Shows runs that nbtrack records."
    open_browser = False

    def initialize_settings(self) -> None:
        """What the handlers share."""
        self.shared = Shared(Stores())
        server: Any = self.serverapp
        clean_when_opened(
            server.contents_manager,
            lambda kernel, store, run: (
                kernel in server.kernel_manager and self.shared.live.is_running(store, run)
            ),
        )

    def initialize_handlers(self) -> None:
        """The addresses."""
        live = r"/nbtrack/api/live/(?P<store>[0-9a-f]{16})/(?P<run>[A-Za-z0-9_-]{1,64})"
        self.handlers.extend(
            [
                (r"/nbtrack/api/?", ServerHandler, {"shared": self.shared}),
                (live, LiveHandler, {"shared": self.shared}),
                *run_handlers.addresses(self.shared),
            ]
        )
