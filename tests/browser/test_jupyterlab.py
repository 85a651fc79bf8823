"""The extension of JupyterLab: runs in its tabs, and the run of a notebook in its status bar."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser.conftest import Opens, pictures
from tests.browser.lab import Server, wait_for

pytestmark = [pytest.mark.kernel, pytest.mark.browser]

LOAD = "%load_ext nbtrack\nimport os, time\nimport nbtrack"
FAILS = """%%track
for step in range(10_000):
    nbtrack.log({"loss": 1 / (step + 1)})
    time.sleep(0.02)
    if os.path.exists("enough"):
        break
1 / 0
"""
WAITS = "%%track\nnbtrack.log({'loss': 1.0})\ntime.sleep(1000)"
CURRENT = "jupyterapp.shell.currentWidget"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab as JupyterHub starts it, dark in a browser that would like it light."""
    server = Server(tmp_path_factory.mktemp("hub"), theme="JupyterLab Dark", base="/user/ada/")
    server.start()
    yield server
    server.stop()


def status(page: Page) -> Locator:
    """What the status bar shows of a run."""
    return page.locator(".nbtrack-status button")


def in_front(page: Page) -> FrameLocator:
    """The page in the tab that is in front."""
    return page.frame_locator(".jp-MainAreaWidget:not(.lm-mod-hidden) iframe[title=nbtrack]")


def labels(page: Page) -> list[str]:
    """What the tabs of the main area are called."""
    return page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel").all_inner_texts()


def run_command(page: Page, name: str, arguments: str = "{}") -> None:
    page.evaluate(f"void jupyterapp.commands.execute('{name}', {arguments})")


def open_notebook(page: Page, name: str) -> None:
    """Bring it to the front."""
    run_command(page, "docmanager:open", f"{{path: '{name}'}}")
    page.wait_for_function(f"{CURRENT}?.title.label === '{name}'")


def accept(page: Page, title: str) -> None:
    """Say that a dialog was read."""
    page.locator(".jp-Dialog", has_text=title).get_by_role("button", name="Ok").click()


def test_runs_open_in_tabs_that_come_back(hub: Server, opens: Opens, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    notebook = opens(hub, "tabs.ipynb", LOAD, FAILS)
    expect(status(page)).to_be_hidden()
    notebook.run(0)
    notebook.run(1, wait=False)
    expect(status(page)).to_contain_text("running")
    run_command(page, "launcher:create")
    page.locator(".jp-LauncherCard", has_text="nbtrack").click()
    expect(in_front(page).locator(".nbt-rows .nbt-row")).to_have_count(1)
    expect(in_front(page).locator("body")).to_have_attribute("data-jp-theme-light", "false")
    (hub.root / "enough").touch()
    expect(status(page)).to_contain_text("failed")
    expect(status(page)).to_have_attribute("title", re.compile("ZeroDivisionError"))
    page.screenshot(path=pictures(hub.root) / "table.png")
    status(page).click()
    heading = in_front(page).get_by_role("heading", level=1)
    expect(heading).to_have_text(status(page).locator(".nbtrack-status-name").inner_text())
    in_front(page).get_by_role("tab", name="Charts").click()
    charts = f"{heading.inner_text()} · charts"
    wait_for(lambda: charts in labels(page), "the tab is called as its page")
    page.screenshot(path=pictures(hub.root) / "run.png")
    status(page).click()
    run_command(page, "nbtrack:open")
    open_notebook(page, "tabs.ipynb")
    run_command(page, "nbtrack:open-run")
    expect(heading).to_be_visible()
    assert page.locator("iframe[title=nbtrack]").count() == 2, "one for the table, one for the run"
    assert len(labels(page)) == 3, "the launcher gave way to the table"
    saved = hub.root / "home" / "workspaces"
    wait_for(lambda: any("/charts" in f.read_text() for f in saved.iterdir()), "it is remembered")
    page.goto(f"{hub.address}lab")
    expect(in_front(page).get_by_role("tab", name="Charts")).to_have_attribute(
        "aria-selected", "true"
    )
    wait_for(lambda: {charts, "Runs"} <= set(labels(page)), "both tabs are there again")
    run_command(page, "apputils:change-theme", "{theme: 'JupyterLab Light'}")
    expect(in_front(page).locator("body")).to_have_attribute("data-jp-theme-light", "true")
    assert [text for text in said if text.startswith("error") and "nbtrack" in text] == []


def test_the_status_bar_tells_the_truth(hub: Server, opens: Opens, page: Page) -> None:
    hub.save_notebook("plain.ipynb", ["x = 1"])
    notebook = opens(hub, "states.ipynb", LOAD, WAITS)
    notebook.run(0)
    notebook.run(1, wait=False)
    expect(status(page)).to_contain_text("running")
    (folder,) = hub.runs_of("states.ipynb")
    wait_for(lambda: hub.pid_of(folder), "it is on disk who records")
    os.kill(hub.pid_of(folder), signal.SIGKILL)
    expect(status(page)).to_contain_text("crashed")
    expect(status(page)).to_have_attribute("title", re.compile("SIGKILL"))
    accept(page, "Kernel Restarting")
    open_notebook(page, "plain.ipynb")
    expect(status(page)).to_be_hidden()
    page.wait_for_function(f"{CURRENT}.sessionContext?.session?.kernel?.status === 'idle'")
    run_command(page, "nbtrack:open-run")
    accept(page, "This notebook has no run")
    open_notebook(page, "states.ipynb")
    expect(status(page)).to_contain_text("crashed")
    # Jupyter has started another kernel under the same name.
    notebook.wait_until_idle()
    notebook.set_source(1, "nbtrack.log({'loss': 2.0})")
    notebook.run(0)
    notebook.run(1)
    expect(status(page)).to_contain_text("running")
    assert len(hub.runs_of("states.ipynb")) == 2
    page.evaluate(f"{CURRENT}.sessionContext.session.kernel.restart()")
    expect(status(page)).to_contain_text("finished")
    notebook.save()
    run_command(page, "application:close")
    expect(status(page)).to_be_hidden()
