"""The page of a run, used as a person uses it: every tab, both schemes, markup for texts."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import nbtrack
from tests.browser.charts import card, drag, ink, is_redrawn
from tests.browser.lab import wait_for
from tests.browser.pages import MADE, TABS, Seen, Site, examine, open_tab, wait_until_drawn
from tests.browser.recorded import BAD, ENDLESS, LOAD
from tests.kernel.kernels import Kernel

_COLOUR = "(one) => getComputedStyle(one).color"
pytestmark = [pytest.mark.kernel, pytest.mark.browser]


@pytest.fixture
def page(sight: Seen) -> Page:
    """The page alone."""
    return sight.page


def test_overview_edited_by_keyboard(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.finished))
    panel = page.get_by_role("tabpanel")
    expect(page.get_by_role("status").filter(has_text="finished")).to_be_visible()
    expect(panel.get_by_role("region", name="Attempts").locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name=re.compile("^name: finished notebook")).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("never saved")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("finished notebook")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("a better name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("a better name")
    expect(page).to_have_title("a better name · nbtrack")
    page.get_by_role("button", name=re.compile("^description")).focus()
    page.keyboard.press("Enter")
    page.keyboard.type("two lines,")
    page.keyboard.press("Enter")
    page.keyboard.type("of which this is one")
    page.keyboard.press("Control+Enter")
    page.get_by_label("add a tag").focus()
    page.keyboard.type("best, kept")
    page.keyboard.press("Enter")
    expect(panel.locator(".nbt-tag")).to_have_text(
        [re.compile(t) for t in ("good", "best", "kept")]
    )
    page.get_by_label("remove the tag best").focus()
    page.keyboard.press("Enter")
    expect(panel.locator(".nbt-tag")).to_have_text([re.compile(t) for t in ("good", "kept")])
    search = panel.get_by_placeholder("search summary")
    search.fill("val/")
    expect(panel.get_by_text("val/loss").first).to_be_visible()
    expect(panel.get_by_role("region", name="Summary").get_by_text("train/loss")).to_have_count(0)
    # What the server keeps is what was shown, also for who leaves at once.
    page.reload()

    def kept() -> bool:
        run = nbtrack.open_run(site.recorded.finished, dir=site.recorded.store)
        return bool(run.notes) and list(run.tags) == ["good", "kept"]

    wait_for(kept, "all changes are kept", 30)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("a better name")
    expect(panel.locator(".nbt-tag")).to_have_text([re.compile(t) for t in ("good", "kept")])
    expect(panel.get_by_text("two lines,\nof which this is one")).to_be_visible()
    page.get_by_role("button", name=re.compile("^name:")).click()
    page.get_by_role("textbox", name="name").fill("finished notebook")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("finished notebook")


def test_overview_of_what_went_wrong(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.crashed))
    death = page.get_by_role("region", name="post-mortem")
    expect(death).to_contain_text("SIGKILL")
    expect(death).to_contain_text("time.sleep(0.03)")
    expect(death.get_by_text("epoch 80")).to_be_visible()
    expect(page.locator(".nbt-run-reason")).to_contain_text("SIGKILL")
    expect(page.locator(".nbt-run-head .nbt-state")).to_have_text("crashed")
    death.get_by_role("link", name=re.compile("cell")).click()
    expect(page.get_by_role("tab", name="Cells")).to_have_attribute("aria-selected", "true")
    chosen = page.locator("[aria-current=true]")
    expect(chosen).to_contain_text("os.kill(os.getpid(), 9)")
    expect(chosen.locator(".nbt-line-marked")).to_contain_text("time.sleep(0.03)")
    page.goto(site.run(site.recorded.named("failed script").id))
    raised = page.get_by_role("region", name="exception")
    expect(raised).to_contain_text("FloatingPointError: the loss is not finite")
    expect(raised.locator("pre")).to_contain_text("failed.py")
    expect(page.locator(".nbt-run-head .nbt-state")).to_have_text("failed")


def test_system_model_artifacts(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.crashed, "system"))
    cpu = page.locator(".nbt-card").first
    expect(cpu.locator("canvas")).to_be_visible()
    expect(
        page.locator(".nbt-card .nbt-title").filter(has_text=re.compile("memory", re.IGNORECASE))
    ).not_to_have_count(0)
    drag(page, cpu, 0.1, 0.6)
    expect(page.get_by_role("button", name="reset zoom")).to_be_visible()
    page.get_by_role("button", name="reset zoom").click()
    expect(page.get_by_role("button", name="reset zoom")).to_have_count(0)
    expect(open_tab(page, "Model")).to_contain_text("No model was recorded in this run.")
    expect(open_tab(page, "Artifacts")).to_contain_text(
        "No artifacts were made or used in this run."
    )
    # Tabs go on by arrow, and around.
    page.get_by_role("tab", name="Artifacts").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Cells")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Overview")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("tab", name="Cells")).to_have_attribute("aria-selected", "true")


def test_logs_and_files(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.finished, "logs"))
    log = page.get_by_role("log")
    expect(log).to_contain_text("epoch 90: loss")
    expect(log.locator(".ansi-green").first).to_have_text("training")
    bold = log.locator(".ansi-bold").first
    expect(bold).to_have_css("font-weight", re.compile("[67]00|bold"))
    green = log.locator(".ansi-green").first.evaluate(_COLOUR)
    assert green != bold.evaluate(_COLOUR)
    expect(log.locator(".nbt-log-stderr").first).to_contain_text("a warning")
    lines = log.locator(".nbt-log-line")
    every = lines.count()
    page.get_by_label("search the log").fill("epoch 90")
    expect(lines).to_have_count(3)
    page.get_by_label("search the log").fill("no such line")
    expect(page.get_by_text("No line matches.")).to_be_visible()
    page.get_by_role("button", name="show all lines").click()
    expect(lines).to_have_count(every)
    cells = page.get_by_label("lines of which cell")
    cells.select_option(index=cells.locator("option").count() - 2)
    expect(lines.first).to_contain_text("training with lr = 0.1")
    assert 0 < lines.count() < every
    with page.expect_download() as download:
        page.get_by_role("link", name="download all").click()
    assert "lr = 0.02" in Path(download.value.path()).read_text()
    panel = open_tab(page, "Files")
    panel.get_by_role("treeitem", name=re.compile("output.log")).click()
    expect(panel.locator(".nbt-source")).to_contain_text("epoch 90: loss")
    panel.get_by_role("treeitem", name=re.compile("session.ipynb")).click()
    expect(panel.locator(".nbt-nb-cell")).not_to_have_count(0)
    expect(panel.locator(".nbt-notebook")).to_contain_text("%%track --name lr-0.1")
    expect(panel.locator(".nbt-notebook")).to_contain_text("epoch 90: loss")
    assert "file=session.ipynb" in page.url
    with page.expect_download() as download:
        panel.get_by_role("link", name="download").click()
    assert download.value.suggested_filename == "session.ipynb"
    # By keyboard: into a folder, and out again.
    panel.get_by_role("treeitem").first.focus()
    page.keyboard.press("End")
    expect(panel.get_by_role("treeitem").last).to_be_focused()


def test_cells(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.finished, "cells"))
    items = page.locator(".nbt-cell")
    expect(items).to_have_count(6)
    expect(items.nth(1)).to_contain_text("sum(data)")
    page.get_by_label("tracked only").check()
    expect(items).to_have_count(3)
    page.get_by_role("group", name="what ran when").get_by_role("button").last.click()
    chosen = page.locator("[aria-current=true]")
    expect(chosen).to_contain_text("lr=0.1")
    # What was cut is whole where somebody went.
    expect(chosen).to_contain_text("a warning")
    boxes = page.get_by_role("checkbox", name=re.compile("^compare attempt"))
    boxes.nth(0).check()
    expect(page.get_by_text("mark another to see what is different")).to_be_visible()
    boxes.nth(2).check()
    difference = page.get_by_role("region", name="difference")
    expect(difference.locator(".nbt-diff-removed").first).to_contain_text("lr=0.02")
    expect(difference.locator(".nbt-diff-added").first).to_contain_text("lr=0.1")
    expect(difference.locator("tbody tr")).to_have_text([re.compile(r"lr\s*0.02\s*0.1")])
    page.reload()
    expect(difference).to_be_visible()
    difference.get_by_role("button", name="close").click()
    expect(difference).to_have_count(0)
    chosen.get_by_role("link", name="attempt 3", exact=True).click()
    expect(page.locator(".nbt-chosen")).to_contain_text("attempt 3")


@pytest.mark.parametrize("name", ["finished", "crashed", "evil"])
def test_looks(site: Site, page: Page, tmp_path: Path, name: str) -> None:
    """Each tab in light and dark, narrow and wide."""
    ids = {
        "finished": site.recorded.finished,
        "crashed": site.recorded.crashed,
        "evil": site.recorded.named(BAD).id,
    }
    page.goto(site.run(ids[name]))
    for tab in TABS:
        open_tab(page, tab.capitalize())
        examine(page, tmp_path, f"{name}-{tab}")
    assert page.evaluate("document.title").endswith("nbtrack")


def test_markup_is_text(site: Site, sight: Seen) -> None:
    page = sight.page
    page.goto(site.run(site.recorded.named(BAD).id))
    expect(page.get_by_role("heading", level=1)).to_have_text(BAD)
    for tab in TABS:
        panel = open_tab(page, tab.capitalize())
        wait_until_drawn(page)
        suffix = "" if tab == "overview" else f" · {tab}"
        expect(page).to_have_title(f"{BAD}{suffix} · nbtrack")
        if tab in ("overview", "charts", "logs"):
            assert BAD in panel.inner_text(), tab
        assert page.locator(MADE).count() == 0, tab
    panel = open_tab(page, "Files")
    for at in range(panel.get_by_role("treeitem").count()):
        panel.get_by_role("treeitem").nth(at).click()
        expect(panel.get_by_text(re.compile("^loading"))).to_have_count(0)
        assert page.locator(MADE).count() == 0
    assert sight.errors == []
    assert page.evaluate("document.title") == f"{BAD} · files · nbtrack"


def test_live_and_after_the_kernel_is_killed(site: Site, page: Page, tmp_path: Path) -> None:
    with Kernel(site.recorded.store.parent) as kernel:
        kernel.run(LOAD)
        known = {run.id for run in nbtrack.runs(dir=site.recorded.store)}
        kernel.start(ENDLESS.format(until=str(tmp_path / "never")), cell="endless")
        (run,) = wait_for(
            lambda: [
                run
                for run in nbtrack.runs(dir=site.recorded.store, state="running")
                if run.id not in known and run.rows
            ],
            "the run",
        )
        page.goto(site.run(run.id, "charts"))
        loss = card(page, "loss")
        expect(loss.locator("canvas")).to_be_visible()
        expect(page.locator(".nbt-dot")).to_have_text("live")
        moves = []
        for _ in range(5):
            before, start = ink(loss), time.monotonic()
            is_redrawn(loss, before)
            moves.append(time.monotonic() - start)
        print(f"a live chart moves after {min(moves):.2f} to {max(moves):.2f} s")  # noqa: T201
        start = time.monotonic()
        kernel.kill()
        expect(page.locator(".nbt-run-head .nbt-state")).to_have_text("crashed")
        print(f"it says that the kernel was killed after {time.monotonic() - start:.2f} s")  # noqa: T201
        expect(page.locator(".nbt-run-reason")).to_contain_text("SIGKILL")
