"""A real browser, and a real Jupyter server for each module's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.lab import PATIENCE, Notebook, Server, chromium
from tests.browser.pages import Seen, Site, seen
from tests.browser.recorded import Recorded

SIZE = (1200, 900)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


@contextmanager
def open_page(browser: Browser) -> Iterator[Page]:
    """A page of its own; an error in it that nobody caught fails the test."""
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    page.set_default_timeout(PATIENCE * 1e3)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    ours = [error for error in errors if "nbt" in error]
    assert not ours


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page for one test."""
    with open_page(browser) as opened:
        yield opened


@pytest.fixture
def sight(browser: Browser) -> Iterator[Seen]:
    """A page of runs in which nothing may go wrong."""
    with seen(browser) as found:
        yield found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab, in its light theme."""
    server = Server(tmp_path_factory.mktemp("lab"), theme="JupyterLab Light")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Runs of every kind, and ``nbtrack ui`` that shows them."""
    recorded = Recorded(tmp_path_factory.mktemp("recorded"))
    try:
        served = Site(recorded, tmp_path_factory.mktemp("ui"))
        yield served
        served.server.stop()
    finally:
        recorded.stop()


class Opens:
    """Writes notebooks into a server and opens them in a page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def __call__(self, server: Server, name: str, *cells: str) -> Notebook:
        server.save_notebook(name, list(cells))
        notebook = Notebook(server, self._page, name)
        notebook.open()
        return notebook


@pytest.fixture
def opens(page: Page) -> Opens:
    """Opens a notebook with these cells."""
    return Opens(page)


def pictures(root: Path) -> Path:
    """Where a test leaves what it saw, for people to look at."""
    folder = root / "seen"
    folder.mkdir(exist_ok=True)
    return folder
