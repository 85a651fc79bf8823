"""The pages inside a Jupyter server, behind its login and the base URL that a hub gives it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Opens
from tests.browser.lab import TOKEN, Server
from tests.browser.pages import seen, wait_until_drawn

pytestmark = [pytest.mark.kernel, pytest.mark.browser]

TRAIN = """%%track --name behind --config lr=0.1
for step in range(50):
    nbtrack.log({"train/loss": 1 / (step + 1), "val/loss": 2 / (step + 1)})
"""


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab as JupyterHub starts it."""
    server = Server(tmp_path_factory.mktemp("hub"), theme="JupyterLab Light", base="/user/ada/")
    server.start()
    yield server
    server.stop()


def test_behind_a_login_and_a_base_url(hub: Server, opens: Opens, browser: Browser) -> None:
    # Without a login there is a door, and no page.
    status, body = hub.get("nbtrack/api/runs", token=None)
    assert status == 403, body
    notebook = opens(hub, "train.ipynb", "%load_ext nbtrack\nimport nbtrack", TRAIN)
    page = notebook.page
    notebook.run(0)
    notebook.run(1)
    name = page.locator(".nbtrack").last.locator("a[href*='/nbtrack/runs/']").first
    called = name.inner_text()
    with page.context.expect_page() as opened:
        name.click()
    run = opened.value
    (folder,) = hub.runs_of("train.ipynb")
    expect(run.get_by_role("heading", level=1)).to_have_text(called)
    assert run.url.startswith(f"{hub.address}nbtrack/runs/{hub.store_key}/{folder.name}")
    run.get_by_role("tab", name="Charts").click()
    wait_until_drawn(run)
    expect(run.locator(".nbt-card canvas").first).to_be_visible()
    expect(run.locator(".nbt-dot")).to_have_text("live")
    run.get_by_role("link", name="runs", exact=True).click()
    expect(run.locator(".nbt-rows .nbt-row")).to_have_count(1)
    assert run.url.startswith(f"{hub.address}nbtrack")
    run.get_by_role("button", name="trash", exact=True).click()
    run.reload()
    expect(run.get_by_text("The trash is empty.")).to_be_visible()
    run.close()
    with seen(browser) as stranger:
        stranger.page.goto(f"{hub.address}nbtrack")
        assert "/user/ada/login" in stranger.page.url
        stranger.page.get_by_role("textbox").first.fill(TOKEN)
        stranger.page.keyboard.press("Enter")
        expect(stranger.page.locator(".nbt-rows .nbt-row")).to_have_count(1)
