"""The run table and compare, used as a person uses them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import nbtrack
from tests.browser.lab import wait_for
from tests.browser.pages import MADE, Seen, Site, examine, wait_until_drawn
from tests.browser.recorded import BAD

pytestmark = [pytest.mark.kernel, pytest.mark.browser]

FILTER = "filter, an SQL expression"


@pytest.fixture
def page(sight: Seen, site: Site) -> Page:
    """The table, with its rows."""
    sight.page.goto(site.address(store=site.key))
    expect(rows(sight.page)).not_to_have_count(0)
    return sight.page


def rows(page: Page) -> Locator:
    """The lines that are runs."""
    return page.locator(".nbt-rows .nbt-row:not(.nbt-row-group)")


def names(page: Page) -> list[str]:
    """What the runs are called, in their order."""
    lines = page.locator(".nbt-rows .nbt-row:not(.nbt-row-group)")
    found = lines.evaluate_all(
        "(all) => all.map((one) => [+one.ariaRowIndex, one.querySelector('a').textContent])"
    )
    return [name for _, name in sorted(found)]


def row(page: Page, name: str) -> Locator:
    """The line of a run."""
    return rows(page).filter(has=page.locator(f"a:text-is('{name}')"))


def choose(page: Page, *chosen: str) -> None:
    """Mark runs."""
    for name in chosen:
        page.get_by_role("checkbox", name=f"select {name}", exact=True).click()
    expect(page.get_by_role("toolbar", name="selected runs")).to_contain_text(
        f"{len(chosen)} selected"
    )


def tags_of(site: Site, name: str) -> list[str]:
    """The tags that are in the store."""
    return list(site.recorded.named(name).tags)


def test_sorted_filtered_and_grouped(site: Site, sight: Seen, page: Page) -> None:
    every = names(page)
    assert {"forty metrics", "failed script", "crashed notebook", "finished notebook"} <= {*every}
    head = page.get_by_role("columnheader", name="name")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    wait_for(lambda: names(page) == sorted(every), "they are in order", 30)
    head.get_by_role("button").click()
    wait_for(lambda: names(page) == sorted(every, reverse=True), "they are in order", 30)
    box = page.get_by_label(FILTER)
    box.fill("state = 'failed'")
    box.press("Enter")
    expect(rows(page)).to_have_count(2)
    assert sorted(names(page)) == sorted([BAD, "failed script"])
    box.fill("state = 'failed' and config.lr > 1")
    box.press("Enter")
    expect(rows(page)).to_have_count(1)
    # One that cannot be read says why, and takes nothing away.
    box.fill("state ~~ 'failed' and")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the rows are those of before")
    expect(box).to_have_attribute("aria-invalid", "true")
    assert names(page) == ["failed script"]
    # What is shown is looked at again meanwhile, and that says nothing of the filter.
    with page.expect_response(lambda one: "/api/runs" in one.url and one.status in (200, 304)):
        pass
    expect(page.get_by_role("alert")).to_be_visible()
    expect(box).to_have_attribute("aria-invalid", "true")
    box.fill("no_such_name = 1")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("no_such_name")
    assert names(page) == ["failed script"]
    assert set(sight.answers) <= {400}
    assert sight.answers
    page.get_by_label("clear the filter").click()
    expect(rows(page)).to_have_count(len(every))
    # Names are completed.
    box.focus()
    page.keyboard.type("config.l")
    page.get_by_role("option", name=re.compile("config.lr")).click()
    page.keyboard.type("= 10 ")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("clear the filter").click()
    page.get_by_title("only crashed runs").click()
    expect(row(page, "crashed notebook")).to_have_count(1)
    expect(row(page, "forty metrics")).to_have_count(0)
    page.get_by_title("only crashed runs").click()
    page.get_by_label("search names, tags, notes, notebooks and projects").fill("forty")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("search names, tags, notes, notebooks and projects").fill("")
    page.get_by_role("button", name="group", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="state", exact=True).click()
    groups = page.locator(".nbt-row-group")
    expect(groups.filter(has_text="failed")).to_contain_text("2")
    failed = groups.filter(has_text="failed")
    failed.click()
    expect(failed).to_have_attribute("aria-expanded", "false")
    expect(row(page, "failed script")).to_have_count(0)
    # All of it is in the address.
    page.reload()
    expect(failed).to_have_attribute("aria-expanded", "false")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert "group=state" in page.url
    assert "sort=-name" in page.url


def test_columns_export_and_address(page: Page) -> None:
    page.get_by_role("button", name="columns", exact=True).click()
    page.get_by_label("search columns").fill("config.layers")
    page.get_by_label("search columns").press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="layers")).to_have_count(1)
    expect(row(page, "forty metrics")).to_contain_text("38")
    box = page.get_by_label(FILTER)
    box.fill("state = 'failed'")
    box.press("Enter")
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(box).to_have_value("state = 'failed'")
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_role("columnheader", name="layers")).to_have_count(1)
    page.get_by_role("button", name="export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = Path(download.value.path()).read_text()
    assert "failed script" in text
    assert "forty metrics" not in text
    page.get_by_role("button", name="export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Parquet").click()
    assert Path(download.value.path()).read_bytes()[:4] == b"PAR1"


def test_tagged_and_undone(site: Site, page: Page) -> None:
    choose(page, "failed script", "forty metrics")
    page.get_by_role("button", name="tag", exact=True).click()
    page.get_by_label("tag", exact=True).fill("seen")
    page.keyboard.press("Enter")
    notice = page.locator(".nbt-toast")
    expect(notice).to_contain_text("2 runs tagged seen")
    expect(row(page, "failed script").locator(".nbt-grid-tag")).to_have_text(["seen"])
    assert tags_of(site, "failed script") == ["seen"]
    assert tags_of(site, "forty metrics") == ["wide", "seen"]
    notice.get_by_role("button", name="undo").click()
    expect(notice).to_contain_text("undone: 2 runs")
    expect(row(page, "failed script").locator(".nbt-grid-tag")).to_have_count(0)
    assert tags_of(site, "failed script") == []
    assert tags_of(site, "forty metrics") == ["wide"]


def test_put_out_of_sight_and_brought_back(site: Site, page: Page) -> None:
    choose(page, "forty metrics")
    page.get_by_role("button", name="to the trash").click()
    expect(row(page, "forty metrics")).to_have_count(0)
    expect(page.locator(".nbt-toast")).to_contain_text("1 run in the trash")
    page.locator(".nbt-toast").get_by_role("button", name="undo").click()
    expect(row(page, "forty metrics")).to_have_count(1)
    choose(page, "forty metrics")
    page.keyboard.press("Delete")
    expect(row(page, "forty metrics")).to_have_count(0)
    assert "forty metrics" not in [run.name for run in nbtrack.runs(dir=site.recorded.store)]
    page.get_by_role("button", name="trash", exact=True).click()
    expect(row(page, "forty metrics")).to_have_count(1)
    assert "trash=1" in page.url
    choose(page, "forty metrics")
    page.get_by_role("button", name="bring back").click()
    expect(page.get_by_text("The trash is empty.")).to_be_visible()
    page.get_by_role("button", name="back to the runs").click()
    expect(row(page, "forty metrics")).to_have_count(1)


def test_by_keyboard(page: Page) -> None:
    every = names(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".nbt-row-active")).to_contain_text(every[1])
    page.keyboard.press("Space")
    page.keyboard.press("Shift+J")
    marked = page.get_by_role("toolbar", name="selected runs")
    expect(marked).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    expect(marked).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("compare what is selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # A key that comes right after the dialog was closed is not lost.
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    for key in ("?", "/"):
        page.evaluate(
            """(key) => {
                const dialog = document.querySelector("dialog");
                const within = dialog.querySelector("button");
                dialog.close();
                // What had the focus may have it until the page is drawn again.
                within.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
            }""",
            key,
        )
        expect(page.get_by_role("dialog")).to_have_count(int(key == "?"))
    expect(page.get_by_label("search names, tags, notes, notebooks and projects")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(every[1])
    page.go_back()
    expect(page.locator(".nbt-row-active")).to_contain_text(every[1])


def test_compared(site: Site, page: Page) -> None:
    chosen = ["failed script", "forty metrics", "finished notebook"]
    choose(page, *chosen)
    page.keyboard.press("c")
    expect(page.get_by_role("tab", name="charts")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("runs that are compared").get_by_role("listitem")).to_have_count(3)
    loss = page.locator("figure[aria-label^='val/loss: ']")
    expect(loss.locator("canvas")).to_be_visible()
    wait_for(lambda: loss.get_attribute("aria-label") != "val/loss: ", "the curves came", 30)
    for name in chosen:
        expect(loss).to_have_attribute("aria-label", re.compile(name))
    page.get_by_label("search metrics by regular expression").fill("^val/")
    expect(page.locator("figure")).to_have_count(2)
    page.get_by_label("draw failed script").click()
    expect(loss).not_to_have_attribute("aria-label", re.compile("failed script"))
    page.get_by_label("draw failed script").click()
    page.get_by_role("tab", name="differences").click()
    table = page.get_by_role("region", name="differences")
    expect(table.get_by_role("row", name=re.compile(r"^layers\b(?!.*weight)"))).to_contain_text(
        "38"
    )
    expect(table.get_by_role("row", name=re.compile("^model"))).to_contain_text("resnet")
    page.get_by_role("tab", name="scatter").click()
    axes = page.locator(".nbt-compare-panel .nbt-smooth select")
    axes.nth(0).select_option("config.lr")
    axes.nth(1).select_option("summary.val/loss")
    scatter = page.locator(".nbt-scatter")
    expect(scatter.locator("canvas")).to_be_visible()
    expect(page.get_by_text("1 run has no place here")).to_be_visible()
    page.reload()
    expect(axes.nth(1)).to_have_value("summary.val/loss")
    expect(scatter.locator("canvas")).to_be_visible()
    page.get_by_label("take forty metrics out").click()
    expect(page.get_by_label("runs that are compared").get_by_role("listitem")).to_have_count(2)
    page.get_by_role("link", name="failed script").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("failed script")


def test_looks_and_markup_is_text(site: Site, sight: Seen, page: Page, tmp_path: Path) -> None:
    expect(row(page, "forty metrics")).to_have_count(1)
    assert BAD in names(page)
    examine(page, tmp_path, "table")
    page.set_viewport_size({"width": 1200, "height": 900})
    for by in ("project", "group"):
        page.get_by_role("button", name=re.compile("^group")).click()
        page.get_by_role("dialog").get_by_role("button", name=by, exact=True).click()
        expect(page.locator(".nbt-row-group").filter(has_text=BAD)).to_have_count(1)
    page.get_by_title("only runs with all of these tags").click()
    page.get_by_role("dialog").get_by_text(BAD).click()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="columns", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text(BAD)
    examine(page, tmp_path, "table-columns")
    assert page.locator(MADE).count() == 0
    ids = ",".join(run.id for run in nbtrack.runs(dir=site.recorded.store))
    page.goto(site.address("/compare", store=site.key, runs=ids))
    for tab in ("charts", "differences", "scatter"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
        wait_until_drawn(page)
        examine(page, tmp_path, f"compare-{tab}")
        assert BAD in page.locator("main").inner_text()
        assert page.locator(MADE).count() == 0
    expect(page).to_have_title(re.compile(r"^\d+ runs · nbtrack$"))
    assert sight.errors == []
