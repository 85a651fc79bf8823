"""The pages of runs, served by ``nbtrack ui`` and opened in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from nbtrack.store.layout import Store
from nbtrack.store.registry import key_of
from tests.browser.lab import wait_for
from tests.browser.looks import faint, sticks_out
from tests.browser.recorded import Recorded
from tests.server.servers import Server, free_port, nbtrack_ui

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDTHS = (800, 1400)
PATIENCE = 30.0
TABS = ("overview", "charts", "system", "model", "logs", "files", "artifacts", "cells")

expect.set_options(timeout=PATIENCE * 1e3)

# What markup in somebody's text would have made; the page has one script of its own.
MADE = "main :is(img, script, iframe, b[onclick]), header :is(img, script), script:not([src])"

# Charts are made when they come into view.
_UNDRAWN = """[...document.querySelectorAll(".nbt-plot:not(:has(canvas))")].filter((plot) => {
    const {top, bottom} = plot.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
}).length"""
_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Site:
    """A server of pages, and what it shows.

    Attributes:
        recorded: The runs.
        server: What serves them.
    """

    def __init__(self, recorded: Recorded, folder: Path) -> None:
        self.recorded = recorded
        self.server: Server = nbtrack_ui(folder, str(recorded.store), port=free_port())
        self.key = key_of(Store(recorded.store))

    def address(self, path: str = "", **query: str) -> str:
        """The address of a page, with the token that opens the door."""
        asked = urlencode({**query, "token": self.server.token or ""})
        return f"http://127.0.0.1:{self.server.port}/nbtrack{path}?{asked}"

    def run(self, run: str, tab: str = "overview", **query: str) -> str:
        """The address of a run's page."""
        return self.address(f"/runs/{quote(self.key)}/{quote(run)}/{tab}", **query)


class Seen:
    """A page, and everything that went wrong in it.

    Attributes:
        page: The page.
        errors: Errors that nobody caught, and what the browser's console calls errors.
        answers: The statuses that the server gave, other than those of success.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.answers: list[int] = []
        page.set_default_timeout(PATIENCE * 1e3)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        # An answer of the server is none of the page's errors: `answers` has it.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.answers.append(response.status)


@contextmanager
def seen(
    browser: Browser, *, width: int = 1200, height: int = 900, scheme: Scheme = "light"
) -> Iterator[Seen]:
    """A page of its own in a browser that remembers nothing; any error in it fails the test."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
    )
    found = Seen(context.new_page())
    yield found
    context.close()
    assert found.errors == []
    assert [status for status in found.answers if status != 400] == []


def wait_until_drawn(page: Page) -> None:
    """Until every chart in view has its curves."""
    wait_for(lambda: not page.evaluate(_UNDRAWN), "the charts in view are drawn")


def examine(page: Page, folder: Path, name: str) -> None:
    """Look at a page in both schemes and at two widths: nothing is cut off, too wide or faint."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wait_until_drawn(page)
            shot = folder / f"{name}-{scheme}-{width}.png"
            page.screenshot(path=shot)
            assert page.evaluate(_SIDEWAYS) <= 0, shot
            assert sticks_out(page, "main") == [], shot
            assert faint(page, "body") == [], shot


def open_tab(page: Page, name: str) -> Locator:
    """Go to a part of a run's page. Returns its panel."""
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    panel = page.get_by_role("tabpanel")
    expect(panel).to_have_id(re.compile(name.lower()))
    expect(panel.get_by_text(re.compile("^loading"))).to_have_count(0)
    return panel
