"""nbtrack in a Jupyter server, and as a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Unicode

from ..store.catalog import open_store_anyhow
from ..store.layout import Store
from . import (
    artifact_handlers,
    handlers,
    live_handlers,
    media_handlers,
    pages,
    run_handlers,
    table_handlers,
)
from .notebooks import clean_when_opened
from .pages import STATIC
from .shared import Shared
from .stores import Stores


class NbtrackServer(ExtensionApp):
    """Serves runs under ``<base_url>nbtrack``, behind the server's own login."""

    name = "nbtrack"
    description = "Shows runs that nbtrack records."
    extension_url = "/nbtrack"
    load_other_extensions = False
    open_browser = False
    static_paths = [str(STATIC)]  # noqa: RUF012  # a trait's value

    read_only = Bool(False, help="Let nobody change a run: no names, tags, notes, no trash.").tag(
        config=True
    )
    store = Unicode(
        "", help="The directory of the only store that is served; empty: all registered ones."
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """What the handlers share."""
        self.shared = Shared(self._stores(), read_only=self.read_only)
        server: Any = self.serverapp
        clean_when_opened(
            server.contents_manager,
            lambda kernel, store, run: (
                kernel in server.kernel_manager and self.shared.live.is_running(store, run)
            ),
        )

    def initialize_handlers(self) -> None:
        """The addresses."""
        for module in (
            handlers,
            live_handlers,
            media_handlers,
            run_handlers,
            artifact_handlers,
            table_handlers,
            pages,
        ):
            self.handlers.extend(module.addresses(self.shared))
        self.handlers.extend(handlers.other_addresses(self.shared))

    async def stop_extension(self) -> None:
        """The server ends."""
        self.shared.close()

    def _stores(self) -> Stores:
        if self.store:
            return Stores(only=[Store(Path(self.store).expanduser().absolute())])
        here = open_store_anyhow()
        server: Any = self.serverapp
        # Who asks for the pages in a folder wants to see what is there, registered or not.
        alone = server.starter_app is self and here.runs.is_dir()
        return Stores(first=here) if alone else Stores(prefer=here)
