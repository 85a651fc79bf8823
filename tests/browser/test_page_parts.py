"""The parts of a resumed run on its page: one that was killed, and two that went on with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

import nbtrack
from nbtrack.store.code import CodeInfo, write_code
from nbtrack.store.layout import Store
from nbtrack.store.registry import key_of
from tests.browser.conftest import pictures
from tests.browser.pages import MADE, SCHEMES, WIDTHS, Seen, examine
from tests.browser.recorded import BAD
from tests.server.servers import nbtrack_ui

pytestmark = pytest.mark.browser

KILLED = """
import nbtrack, os, sys
nbtrack.init(id="one", name="train on", config={"lr": 0.1, "prompt": "Describe the picture."})
for step in range(500):
    nbtrack.log({"loss": 1 / (step + 1)})
os.kill(os.getpid(), 9)
"""
ELSEWHERE = """
import nbtrack, sys
from nbtrack import _process
_process._machine = lambda: _process.Machine("node7", "f" * 32, "another boot", 1)
config = {"lr": 0.05, "prompt": sys.argv[1] * 6, "seed": 3}
nbtrack.init(id="one", resume="must", config=config)
for step in range(100):
    nbtrack.log({"loss": 0.002})
"""
BACK = """
import nbtrack
nbtrack.init(id="one", resume="must", config={"lr": 0.1, "prompt": "Describe the picture."})
for step in range(1500):
    nbtrack.log({"loss": 0.001})
"""
PACKAGES = [f"library-{name}" for name in "abcdefghijkl"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of the run."""
    folder = tmp_path_factory.mktemp("parts")
    store = Store(folder / "store")
    environ = {**os.environ, "NBTRACK_DIR": str(store.path), "NBTRACK_RECORDER": "off"}
    for text, ends in ((KILLED, -9), (ELSEWHERE, 0), (BACK, 0)):
        command = [sys.executable, "-c", text, BAD]
        done = subprocess.run(command, cwd=folder, env=environ, timeout=120, check=False)
        assert done.returncode == ends
    # What would be found by looking at the code, if there had been a recorder.
    for n, part in enumerate(nbtrack.open_run("one", dir=store.path).parts):
        found = dict.fromkeys(PACKAGES, f"1.{n % 2}")
        write_code(
            store.run("one"), CodeInfo(writer=part.writer, time=n, done=True, packages=found)
        )
    server = nbtrack_ui(folder, str(store.path))
    yield f"http://127.0.0.1:{server.port}/nbtrack/runs/{key_of(store)}/one?token={server.token}"
    server.stop()


@pytest.fixture
def page(sight: Seen, address: str) -> Page:
    """The run's page."""
    sight.page.goto(address)
    return sight.page


def test_a_part_has_a_line_of_what_it_was_and_what_differed(page: Page) -> None:
    parts = page.get_by_role("region", name="Parts")
    expect(parts.get_by_role("row")).to_have_count(4)
    first, second, third = parts.get_by_role("row").all()[1:]
    expect(first).to_contain_text("crashed")
    expect(first).to_contain_text("nobody saw it end")
    expect(first.get_by_role("cell").last).to_have_text("")
    expect(second).to_contain_text("finished")
    expect(second).to_contain_text("node7")
    expect(second).to_contain_text("config lr 0.1 → 0.05")
    expect(third.get_by_role("cell").nth(-2)).to_have_text("1,500")
    for row in (second, third):
        assert re.search(r"config seed 3 \(new\)", row.inner_text()) is not None
    assert page.locator(MADE).count() == 0


def test_what_is_long_is_unfolded_by_keyboard(page: Page) -> None:
    second = page.get_by_role("region", name="Parts").get_by_role("row").nth(2)
    expect(second.get_by_text("package library-l")).not_to_be_visible()
    # Tab leads from the table over all that is folded.
    page.get_by_role("group", name="the parts as a table").focus()
    page.keyboard.press("Tab")
    focused = page.locator("summary:focus")
    expect(focused).to_contain_text("config prompt")
    page.keyboard.press("Enter")
    expect(second.get_by_text(BAD * 6, exact=True)).to_be_visible()
    expect(second.get_by_text("Describe the picture.", exact=True)).to_be_visible()
    more = second.get_by_text("11 more packages")
    for _ in range(4):
        page.keyboard.press("Tab")
        if more.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(second.get_by_text("package library-l 1.0 → 1.1")).to_be_visible()
    assert page.locator(MADE).count() == 0


def test_parts_look_well(page: Page, request: pytest.FixtureRequest) -> None:
    parts = page.get_by_role("region", name="Parts")
    expect(parts).to_be_visible()
    for name, unfold in (("folded", False), ("unfolded", True)):
        if unfold:
            for summary in parts.locator("summary").all():
                summary.click()
        examine(page, pictures(request.config.rootpath), f"page-parts-{name}")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            shot = f"page-parts-alone-{scheme}-{width}.png"
            parts.screenshot(path=pictures(request.config.rootpath) / shot)
