"""The pages: one empty document for all of them, which the front end fills."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from .._version import __version__
from .requests import RESOURCE
from .shared import Shared

STATIC = Path(__file__).parent.parent / "static"

_SHELL = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<meta name="color-scheme" content="light dark">
<title>nbtrack</title>
<link rel="icon" type="image/svg+xml" href="{icon}">
<link rel="stylesheet" href="{style}">
</head>
<body>
<div id="nbtrack" data-base-url="{base}" data-version="{version}"></div>
<noscript>This page needs JavaScript. In a terminal, <code>nbtrack ls</code> and
<code>nbtrack show</code> tell the same.</noscript>
<script type="module" src="{script}"></script>
</body>
</html>
"""
# Charts set the size of what they draw on: styles of elements, and no scripts but the page's own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    " blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; frame-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class PageHandler(ExtensionHandlerMixin, JupyterHandler):
    """Every page; who is not logged in is sent there first."""

    auth_resource = RESOURCE

    @property
    def content_security_policy(self) -> str:
        """Scripts of the page's own files only."""
        return _POLICY

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]  # the server's has no types
    async def get(self) -> None:
        """The document."""
        # The front end sends it back with what it writes.
        _ = self.xsrf_token
        addresses = {
            name: f"{self.static_url_prefix}{file}?v={_version(file)}"
            for name, file in (
                ("script", "page.js"),
                ("style", "page.css"),
                ("icon", "favicon.svg"),
            )
        }
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Referrer-Policy", "same-origin")
        await self.finish(
            _SHELL.format(
                base=escape(self.base_url),
                version=escape(__version__),
                **{name: escape(address) for name, address in addresses.items()},
            )
        )


def addresses(shared: Shared) -> list[Any]:
    """What is answered here: all addresses below but those of the API."""
    return [(r"/nbtrack(?!/api(?:/|$))(?:/.*)?", PageHandler)]


def _version(file: str) -> str:
    """Changes when the file does, so that browsers may keep it."""
    try:
        return f"{__version__}-{(STATIC / file).stat().st_mtime_ns:x}"
    except OSError:
        return __version__
