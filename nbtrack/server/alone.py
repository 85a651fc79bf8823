"""The pages without a notebook server around them: ``nbtrack ui``."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from .._errors import StoreError
from ..store.layout import STORE_NAME, Store
from .app import NbtrackServer


class _Server(ServerApp):
    """A Jupyter server that runs no kernels and shows no files: a login, and extensions."""

    name = "nbtrack-ui"
    default_services: Any = ("api", "auth", "security", "shutdown")


class NbtrackAlone(NbtrackServer):
    """The extension as an application."""

    serverapp_class = _Server

    @classmethod
    def get_extension_package(cls) -> str:
        """The package that the extension is found in."""
        return "nbtrack"


def serve(
    store: Path | None,
    *,
    port: int | None,
    browser: bool,
    read_only: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve until somebody ends it; on this machine only, for those who have the address.

    Args:
        store: The only store that is served, or the folder that it is in; None: all of this user.
        port: None: one that is free.
        tell: Is given the address.

    Raises:
        StoreError: There is no store in that folder.
    """
    asked = [
        "--ServerApp.ip=127.0.0.1",
        # Nothing is executed: being root is no danger here.
        "--ServerApp.allow_root=True",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=WARN",
        "--NbtrackServer.log_level=WARN",
        f"--ServerApp.open_browser={browser}",
        f"--IdentityProvider.token={secrets.token_hex(24)}",
    ]
    if read_only:
        asked.append("--NbtrackServer.read_only=True")
    if store is not None:
        asked.append(f"--NbtrackServer.store={_store_in(store).path}")
    if port is not None:
        asked += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    application: Any = NbtrackAlone
    server = application.initialize_server(argv=asked)
    address = f"http://127.0.0.1:{server.port}{server.base_url}nbtrack"
    tell(f"{address}?token={server.identity_provider.token}")
    server.start()


def _store_in(folder: Path) -> Store:
    for path in (folder.absolute(), folder.absolute() / STORE_NAME):
        if Store(path).runs.is_dir():
            return Store(path)
    raise StoreError("there is no store", path=folder, operation="show its runs")
