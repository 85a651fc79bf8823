"""nbtrack in a Jupyter server."""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp

from .handlers import LiveHandler, VersionHandler
from .live import LiveRuns
from .notebooks import clean_when_opened


class NbtrackServer(ExtensionApp):
    """Serves runs under ``<base_url>nbtrack/``, behind the server's own login."""

    name = "nbtrack"
    description = "Shows runs that nbtrack records."
    open_browser = False

    def initialize_settings(self) -> None:
        """What the handlers share."""
        self.live_runs = LiveRuns()
        server: Any = self.serverapp
        clean_when_opened(
            server.contents_manager,
            lambda kernel, store, run: (
                kernel in server.kernel_manager and self.live_runs.is_running(store, run)
            ),
        )

    def initialize_handlers(self) -> None:
        """The addresses."""
        live = r"/nbtrack/api/live/(?P<store>[0-9a-f]{16})/(?P<run>[A-Za-z0-9_-]{1,64})"
        self.handlers.extend(
            [
                (r"/nbtrack/api/?", VersionHandler),
                (live, LiveHandler, {"runs": self.live_runs}),
            ]
        )
