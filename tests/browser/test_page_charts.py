"""The charts of a run: searched, drawn otherwise, zoomed, clicked, arranged, folded."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts import card, drag, ink, is_redrawn, on_a_curve
from tests.browser.pages import Seen, Site, wait_until_drawn

pytestmark = [pytest.mark.kernel, pytest.mark.browser]


@pytest.fixture
def page(sight: Seen) -> Page:
    """The page alone."""
    return sight.page


def test_charts_searched_and_drawn_otherwise(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.finished, "charts"))
    loss = card(page, "loss")
    expect(loss.locator("canvas")).to_be_visible()
    search = page.get_by_label("search metrics by regular expression")
    search.fill("^val/l|norm$")
    expect(page.locator(".nbt-card .nbt-title")).to_have_text(["loss", "gradients/norm"])
    expect(loss.locator(".nbt-legend")).to_contain_text("val")
    assert "search=" in page.url
    search.fill("(")
    expect(search).to_have_attribute("aria-invalid", "true")
    search.fill("no such")
    expect(page.get_by_text("no metric matches")).to_be_visible()
    page.get_by_role("button", name="show all").click()
    expect(page.locator(".nbt-card")).to_have_count(4)
    wait_until_drawn(page)
    before = ink(loss)
    for name in ("relative", "time", "step"):
        page.get_by_role("button", name=name, exact=True).click()
        is_redrawn(loss, before)
        before = ink(loss)
    across = page.get_by_label("a metric as horizontal axis")
    across.select_option("lr")
    is_redrawn(loss, before)
    before = ink(loss)
    across.select_option("")
    is_redrawn(loss, before)
    before = ink(loss)
    page.get_by_label("smooth").fill("0.9")
    is_redrawn(loss, before)
    assert "smooth=0.9" in page.url
    before = ink(loss)
    page.get_by_role("button", name="log", exact=True).click()
    is_redrawn(loss, before)
    page.reload()
    expect(page.get_by_role("button", name="log", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_label("smooth")).to_have_value("0.9")
    page.get_by_role("button", name="log", exact=True).click()
    page.get_by_label("smooth").fill("0")
    wait_until_drawn(page)
    before = ink(loss)
    attempts = page.get_by_role("group", name="attempts").get_by_role("button")
    expect(attempts).to_have_count(3)
    attempts.nth(2).click()
    expect(attempts.nth(2)).to_have_attribute("aria-pressed", "false")
    is_redrawn(loss, before)


def test_charts_zoomed_and_clicked(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.finished, "charts"))
    loss = card(page, "loss")
    expect(loss.locator("canvas")).to_be_visible()
    wait_until_drawn(page)
    before = ink(loss)
    drag(page, loss, 0.2, 0.5)
    reset = page.get_by_role("button", name="reset zoom")
    expect(reset).to_be_visible()
    is_redrawn(loss, before)
    reset.click()
    expect(reset).to_have_count(0)
    drag(page, loss, 0.2, 0.5)
    expect(reset).to_be_visible()
    # Also where a curve is below the pointer, which one click would follow.
    x, y = on_a_curve(loss)
    page.mouse.dblclick(x, y)
    expect(reset).to_have_count(0)
    expect(page.get_by_role("tab", name="Charts")).to_have_attribute("aria-selected", "true")
    rate = card(page, "lr")
    rate.scroll_into_view_if_needed()
    wait_until_drawn(page)
    page.mouse.click(*on_a_curve(rate))
    expect(page.get_by_role("tab", name="Cells")).to_have_attribute("aria-selected", "true")
    expect(page.locator("[aria-current=true]")).to_contain_text("--config lr=0.1")


def test_charts_arranged_and_kept_as_a_view(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.finished, "charts"))
    loss = card(page, "loss")
    expect(loss.locator("canvas")).to_be_visible()
    page.get_by_title("large charts").click()
    loss.hover()
    page.get_by_label("options of loss").click()
    options = page.get_by_role("dialog", name="options of loss")
    options.get_by_label("title").fill("how wrong it is")
    options = page.get_by_role("dialog")
    before = ink(card(page, "how wrong it is"))
    options.get_by_label("max").fill("3")
    options.get_by_label("max").press("Enter")
    is_redrawn(card(page, "how wrong it is"), before)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    card(page, "lr").hover()
    page.get_by_label("options of lr").click()
    page.get_by_role("dialog").get_by_role("button", name="hide").click()
    expect(card(page, "lr")).to_have_count(0)
    page.get_by_role("button", name="save view …").click()
    page.get_by_label("name of the view").fill("mine")
    page.keyboard.press("Enter")
    views = page.get_by_label("view", exact=True)
    expect(views).to_have_value("mine")
    views.select_option("")
    expect(card(page, "lr")).to_have_count(1)
    expect(card(page, "loss")).to_have_count(1)
    page.reload()
    expect(card(page, "loss")).to_have_count(1)
    views.select_option("mine")
    expect(card(page, "how wrong it is")).to_have_count(1)
    expect(card(page, "lr")).to_have_count(0)
    expect(page.get_by_title("large charts")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("delete the view mine").click()
    expect(views.locator("option")).to_have_count(1)


def test_forty_metrics_fold(site: Site, page: Page) -> None:
    page.goto(site.run(site.recorded.named("forty metrics").id, "charts"))
    expect(page.locator(".nbt-card")).to_have_count(39)
    section = page.locator("section.nbt-section").last
    section.locator(".nbt-fold").click()
    expect(section.locator(".nbt-card")).to_have_count(0)
    section.locator(".nbt-fold").click()
    wait_until_drawn(page)
    page.locator(".nbt-card").last.scroll_into_view_if_needed()
    wait_until_drawn(page)
    expect(page.locator(".nbt-card").last.locator("canvas")).to_be_visible()
