"""What users of a Hub see in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.lab import PATIENCE, Notebook, Server, chromium, wait_for
from tests.hub.conftest import Starts
from tests.hub.hub import Hub

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.timeout(3600)]

CELL = """\
%%track --name bold
import nbtrack, time
for step in range(10_000):
    nbtrack.log({"loss": 1 / (step + 1)})
    time.sleep(0.05)
"""


class Desk:
    """A user's server, as a notebook in a page needs to know it."""

    application = "lab"

    def __init__(self, hub: Hub, user: str) -> None:
        self.root = hub.home(user)
        self.address = f"{hub.address}/user/{user}/"

    def save_notebook(self, name: str, *cells: str) -> None:
        """Write a notebook of code cells into the user's home."""
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.root / name)
        (self.root / name).chmod(0o666)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


def log_in(browser: Browser, hub: Hub, user: str) -> Page:
    """A page of somebody who has logged in at the Hub."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(PATIENCE * 1e3)
    page.goto(f"{hub.address}/hub/login")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill("anything")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/hub/login" not in url)
    return page


def test_a_notebook_and_the_pages(starts: Starts, browser: Browser, tmp_path: Path) -> None:
    hub = starts(setup="nbtrack enable --system")
    for user in ("alice", "bob"):
        hub.start_server(user)
    page = log_in(browser, hub, "alice")
    refused: list[tuple[int, str]] = []
    page.on(
        "response",
        lambda answer: (
            refused.append((answer.status, answer.url))
            if answer.status >= 400 and "nbtrack" in answer.url
            else None
        ),
    )
    desk = Desk(hub, "alice")
    desk.save_notebook("train.ipynb", CELL)
    notebook = Notebook(cast(Server, desk), page, "train.ipynb")
    notebook.open()
    notebook.run(0, wait=False)
    view = notebook.cell(0).locator(".nbtrack")
    expect(view.get_by_text("rows/s")).to_be_visible(timeout=PATIENCE * 1e3)
    first = view.inner_text()
    wait_for(lambda: view.inner_text() != first, "the live view moves")
    page.screenshot(path=tmp_path / "lab.png")

    page.goto(f"{desk.address}nbtrack")
    (run,) = hub.runs("alice")
    page.get_by_role("link", name=run.name).click()
    page.get_by_role("button", name=re.compile("^name:")).click()
    page.get_by_role("textbox", name="name").fill("behind the Hub")
    page.keyboard.press("Enter")
    wait_for(lambda: hub.runs("alice")[0].name == "behind the Hub", "the name is kept")
    page.get_by_role("tab", name="Charts").click()
    expect(page.locator("canvas").first).to_be_visible(timeout=PATIENCE * 1e3)
    page.screenshot(path=tmp_path / "run.png")
    assert not refused

    other = log_in(browser, hub, "bob")
    answer = other.goto(f"{desk.address}nbtrack")
    assert answer is not None
    assert answer.status == 403
    assert run.name not in other.content()
    stranger = browser.new_page()
    stranger.goto(f"{desk.address}nbtrack")
    assert "/hub/login" in stranger.url

    hub.stop_server("alice")
    page.reload()
    page.screenshot(path=tmp_path / "stopped.png")
    expect(
        page.get_by_text("Start My Server").or_(page.get_by_text("not running")).first
    ).to_be_visible()
    assert hub.runs("alice")[0].state == "crashed"
