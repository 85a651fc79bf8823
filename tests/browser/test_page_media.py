"""What a run holds besides numbers, on its page: media by steps, models, artifacts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import nbtrack
from nbtrack.store.layout import Store
from nbtrack.store.registry import key_of
from tests.browser import holdings
from tests.browser.conftest import pictures
from tests.browser.lab import wait_for
from tests.browser.pages import Seen, examine, open_tab, seen, wait_until_drawn
from tests.browser.recorded import BAD
from tests.server.servers import Server, free_port, nbtrack_ui

pytestmark = pytest.mark.browser

SCRIPTS = {
    "prepare": holdings.PREPARE,
    "train": holdings.TRAIN,
    "evaluate": holdings.EVALUATE,
}

# What markup in somebody's text would have made: pictures and frames are the page's own here.
FOREIGN = "main :is(script, img[onerror], [onclick]), script:not([src])"

# What a browser says when it keeps somebody's HTML from running or asking for anything.
REFUSED = re.compile("Content Security Policy|Blocked script execution")


class Held:
    """A server of three runs, of which each uses what the one before it made."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        for name, source in SCRIPTS.items():
            path = folder / f"{name}.py"
            path.write_text(source.format())
            subprocess.run(
                [sys.executable, str(path), str(folder), BAD],
                cwd=folder,
                env={**os.environ, "NBTRACK_DIR": str(self.store), "NBTRACK_CODE": "true"},
                check=True,
                capture_output=True,
                timeout=180,
            )
        self.server: Server = nbtrack_ui(folder, str(self.store), port=free_port())

    def address(self, run: str, tab: str, query: str = "") -> str:
        """A part of a run's page."""
        run_id = nbtrack.open_run(run, dir=self.store).id
        page = f"http://127.0.0.1:{self.server.port}/nbtrack/runs/{key_of(Store(self.store))}"
        return f"{page}/{run_id}/{tab}?token={self.server.token}{query}"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """The runs, served."""
    found = Held(tmp_path_factory.mktemp("held"))
    yield found
    found.server.stop()


@contextmanager
def shown(browser: Browser, *, height: int = 900) -> Iterator[Seen]:
    """A page, on which nothing goes wrong but what the HTML that was logged is not allowed."""
    with seen(browser, height=height) as opened:
        yield opened
        opened.errors[:] = [one for one in opened.errors if not REFUSED.search(one)]


def is_clean(page: Page) -> None:
    """Nothing that somebody wrote became a part of the page."""
    assert page.locator(FOREIGN).count() == 0
    assert "train pets" in page.title()


def panel(page: Page, key: str) -> Locator:
    """The panel of a key, in view."""
    found = page.get_by_role("region", name=key, exact=True)
    found.scroll_into_view_if_needed()
    return found


def test_pictures_go_with_the_steps_and_are_enlarged(browser: Browser, held: Held) -> None:
    with shown(browser) as opened:
        page = opened.page
        page.goto(held.address("train pets", "charts"))
        samples = panel(page, "samples")
        expect(samples.locator("img")).to_have_count(3)
        wait_for(
            lambda: samples.locator("img").first.evaluate("image => image.naturalWidth") == 32,
            "the picture is there",
        )
        newest = samples.locator("img").first.get_attribute("src")
        slider = samples.get_by_role("slider")
        expect(slider).to_have_attribute("aria-valuetext", "step 5")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        expect(slider).to_have_attribute("aria-valuetext", "step 4")
        assert samples.locator("img").first.get_attribute("src") != newest
        # Another panel went along, to the latest that it has there; alone it does not.
        expect(panel(page, "notes").get_by_role("slider")).to_have_attribute(
            "aria-valuetext", "step 4"
        )
        expect(page).to_have_url(re.compile(r"[?&]step=4"))
        page.get_by_role("button", name="steps together").click()
        slider.focus()
        page.keyboard.press("Home")
        expect(slider).to_have_attribute("aria-valuetext", "step 0")
        samples.get_by_role("button", name=re.compile("^sample 1")).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"sample 1 <b>{BAD}")
        page.keyboard.press("ArrowDown")
        expect(dialog).to_contain_text("sample 2")
        page.keyboard.press("ArrowRight")
        expect(dialog.get_by_role("slider")).to_have_attribute("aria-valuetext", "step 1")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        is_clean(page)


def test_every_kind_of_media_has_a_panel(
    browser: Browser, held: Held, request: pytest.FixtureRequest
) -> None:
    with shown(browser, height=1200) as opened:
        page = opened.page
        page.goto(held.address("train pets", "charts"))
        boxed = panel(page, "boxed")
        expect(boxed.locator(".nbt-box-over")).to_have_text("dog")
        boxed.get_by_role("button", name="found").click()
        expect(boxed.locator(".nbt-box-over")).to_have_count(0)
        painted = "c => c.getContext('2d').getImageData(12, 12, 1, 1).data[3]"
        wait_for(lambda: boxed.locator("canvas").evaluate(painted) > 0, "the mask is painted")
        expect(panel(page, "notes")).to_contain_text(BAD)
        expect(panel(page, "tone").locator("audio")).to_have_attribute("src", re.compile("wav$"))
        film = panel(page, "film").locator("img")
        wait_for(lambda: film.evaluate("image => image.naturalWidth") > 0, "the film is there")
        weights = panel(page, "weights")
        expect(weights.locator("canvas")).to_have_count(2)
        expect(weights.locator(".nbt-legend").last).to_contain_text("500")
        matrix = panel(page, "confusion").get_by_role("table")
        expect(matrix.get_by_role("row")).to_have_count(3)
        expect(panel(page, "roc").locator("canvas")).to_have_count(1)
        bars = panel(page, "bars")
        expect(bars.locator("canvas")).to_have_count(1)
        bars.get_by_role("button", name="rows").click()
        expect(bars.get_by_role("grid")).to_contain_text("count")
        wait_until_drawn(page)
        page.evaluate("scrollTo(0, 0)")
        examine(page, pictures(request.config.rootpath), "page-media")
        is_clean(page)


def test_rows_of_a_table_are_sorted_searched_and_scrolled(browser: Browser, held: Held) -> None:
    with shown(browser) as opened:
        page = opened.page
        page.goto(held.address("train pets", "charts"))
        rows = panel(page, "rows")
        grid = rows.get_by_role("grid")
        expect(grid).to_have_attribute("aria-rowcount", "301")
        expect(grid.get_by_role("row").nth(1)).to_contain_text("word 0")
        expect(grid.locator("img").first).to_be_visible()
        # Only what is in sight is there.
        assert grid.get_by_role("row").count() < 60
        grid.get_by_role("columnheader").first.get_by_role("button").click()
        grid.get_by_role("columnheader").first.get_by_role("button").click()
        expect(grid.get_by_role("row").nth(1).get_by_role("gridcell").first).to_have_text("299")
        grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
        expect(grid.locator("[aria-rowindex='301']")).to_contain_text("word 0")
        rows.get_by_role("searchbox").fill("WORD 3")
        expect(rows).to_contain_text("43 of 300 rows")
        expect(grid.get_by_role("columnheader").last).to_have_text(BAD)
        is_clean(page)


def test_html_runs_where_it_can_reach_nothing(browser: Browser, held: Held) -> None:
    with shown(browser) as opened:
        page = opened.page
        page.goto(held.address("train pets", "charts"))
        frame = panel(page, "page").frame_locator("iframe")
        # Its script ran, and what it asked for was refused.
        expect(frame.locator("#here")).to_have_text("it runs")
        wait_for(lambda: any(map(REFUSED.search, opened.errors)), "it was refused")
        expect(page).to_have_title(re.compile("train pets"))


def test_a_model_is_a_tree_of_layers_with_what_they_learned(
    browser: Browser, held: Held, request: pytest.FixtureRequest
) -> None:
    with shown(browser) as opened:
        page = opened.page
        page.goto(held.address("train pets", "overview"))
        page.get_by_role("region", name="Models").get_by_role("link", name="Pipeline").click()
        layers = page.get_by_role("region", name="Layers")
        expect(layers.get_by_role("row")).to_have_count(8)
        layers.get_by_role("button", name="standardscaler").click()
        expect(layers.get_by_role("row")).to_have_count(5)
        layers.get_by_role("searchbox").fill("mean")
        expect(layers.get_by_role("row")).to_have_count(4)
        learning = page.get_by_role("region", name="Learning")
        expect(learning.get_by_role("heading", name="gradients/0.weight")).to_be_visible()
        expect(learning.locator("canvas")).to_have_count(2)
        expect(page.get_by_role("region", name="Settings")).to_contain_text("with_mean")
        examine(page, pictures(request.config.rootpath), "page-model")


def test_artifacts_in_and_out_with_content_and_lineage(
    browser: Browser, held: Held, request: pytest.FixtureRequest
) -> None:
    with shown(browser) as opened:
        page = opened.page
        page.goto(held.address("train pets", "overview"))
        tab = open_tab(page, "Artifacts")
        lineage = tab.get_by_role("region", name="Lineage")
        expect(lineage.get_by_role("link")).to_have_count(5)
        used = tab.get_by_role("region", name="Used by this run")
        used.get_by_role("button", name=re.compile("pets:v0")).click()
        article = tab.get_by_role("article", name="pets:v0")
        expect(article).to_contain_text("Cats and dogs.")
        expect(article.get_by_role("region", name="Metadata")).to_contain_text("<b>made up</b>")
        article.get_by_role("treeitem", name=re.compile("labels.json")).click()
        expect(article.locator(".nbt-entry")).to_contain_text('"dog"')
        article.get_by_role("treeitem", name=re.compile("page.html")).click()
        frame = article.frame_locator("iframe")
        expect(frame.get_by_text("data", exact=True)).to_be_visible()
        expect(page).to_have_title(re.compile("train pets"))
        article.get_by_role("searchbox", name="search paths").fill("images/03")
        expect(article.get_by_role("treeitem")).to_have_count(2)
        examine(page, pictures(request.config.rootpath), "page-artifacts")
        # From what was made on to the run that used it.
        tab.get_by_role("region", name="All of this store").get_by_role(
            "button", name=re.compile("^classifier")
        ).click()
        made = tab.get_by_role("article", name="classifier:v0")
        made.get_by_role("region", name="Lineage").get_by_role(
            "link", name=re.compile("^run evaluate")
        ).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("evaluate")
        used = page.get_by_role("region", name="Used by this run")
        expect(used.get_by_role("button")).to_contain_text("classifier:v0")


def test_saved_files_and_alerts(browser: Browser, held: Held) -> None:
    run = nbtrack.open_run("train pets", dir=held.store)
    wait_for(lambda: all(part.done for part in run.code), "the code is looked at", 60)
    with shown(browser) as opened:
        page = opened.page
        page.goto(held.address("train pets", "overview"))
        alerts = page.get_by_role("region", name="Alerts")
        expect(alerts).to_contain_text("it learns")
        expect(alerts).to_contain_text(BAD)
        expect(page.get_by_role("region", name="Code")).to_contain_text("installed")
        files = open_tab(page, "Files")
        files.get_by_role("treeitem", name=re.compile("kept.md")).click()
        expect(files.locator(".nbt-preview")).to_contain_text("# kept")
        is_clean(page)
