"""What stays in the notebook's file, and is there again without kernel, JavaScript and login."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Opens, open_page
from tests.browser.lab import Notebook, Server, wait_for

pytestmark = [pytest.mark.kernel, pytest.mark.browser]

LOAD = "%load_ext nbtrack\nimport os, time\nimport nbtrack"
CELL = "%%track\nfor i in range(500):\n    nbtrack.log({'train/loss': 1 / (i + 1), 'acc': i})"
LOOP = CELL + "\nwhile not os.path.exists('enough'):\n    time.sleep(0.05)\n"
MOST_PER_CELL = 150_000
PICTURE = ".nbtrack-picture img"
COMPLAINTS = ("model not found", "Error displaying", "Loading widget")


def shows_the_picture(page: Page) -> None:
    """The picture is drawn, and nothing complains beside it."""
    page.wait_for_selector(PICTURE)
    wait_for(
        lambda: page.locator(PICTURE).first.evaluate("(img) => img.complete && img.naturalWidth"),
        "the picture is drawn",
    )
    assert page.locator(PICTURE).first.is_visible()
    text = page.locator("body").inner_text()
    assert not [complaint for complaint in COMPLAINTS if complaint in text]


def reopened(root: Path, browser: Browser, name: str, *, trusted: bool) -> None:
    """Open a saved notebook in another server."""
    server = Server(root, theme="JupyterLab Light")
    if not trusted:
        server.forget_signatures()
    server.start()
    try:
        with open_page(browser) as page:
            notebook = Notebook(server, page, name)
            notebook.open()
            assert notebook.is_trusted() is trusted
            shows_the_picture(page)
    finally:
        server.stop()


@pytest.mark.parametrize(
    "when", [pytest.param("while it runs", marks=pytest.mark.full), "at its end", "killed"]
)
def test_a_notebook_saved_and_opened_again(
    when: str, browser: Browser, opens: Opens, page: Page, tmp_path: Path
) -> None:
    server = Server(tmp_path, theme="JupyterLab Light")
    server.start()
    try:
        notebook = opens(server, "saved.ipynb", LOAD, LOOP)
        notebook.run(0)
        before = len(json.dumps(notebook.save()))
        notebook.run(1, wait=False)
        page.wait_for_selector(".nbt-plot canvas")
        page.wait_for_selector(PICTURE, state="attached")
        if when == "at its end":
            (tmp_path / "enough").touch()
            notebook.wait_until_ran(1)
        elif when == "killed":
            os.kill(server.pid_of(server.runs_of("saved.ipynb")[0]), signal.SIGKILL)
            page.wait_for_selector(".nbt-state.nbt-is-crashed")
        saved = notebook.save()
        assert len(json.dumps(saved)) - before < MOST_PER_CELL
    finally:
        server.stop()
    page.close()
    for trusted in (True, False):
        reopened(tmp_path, browser, "saved.ipynb", trusted=trusted)
    with open_page(browser) as read:
        html = subprocess.run(
            [sys.executable, "-m", "nbconvert", "--to", "html", "--stdout", "saved.ipynb"],
            cwd=tmp_path,
            capture_output=True,
            check=True,
            timeout=300,
        ).stdout
        (tmp_path / "saved.html").write_bytes(html)
        # No network, and no script: what is in the file is all there is.
        read.route("http*://**", lambda route: route.abort())
        read.goto((tmp_path / "saved.html").as_uri())
        shows_the_picture(read)
