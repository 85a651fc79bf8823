"""Charts of a page: found, pointed at, and seen to change."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Error, FloatRect, Locator, Page

from tests.browser.lab import wait_for


def card(page: Page, title: str) -> Locator:
    """A chart by its title."""
    return page.locator(".nbt-card").filter(has=page.locator(f".nbt-title:text-is('{title}')"))


def place_of(part: Locator) -> FloatRect:
    """Where a part of a chart is in view. While its data comes, a chart is made anew."""

    def look() -> FloatRect | None:
        with suppress(Error):
            part.scroll_into_view_if_needed(timeout=5000)
            return part.bounding_box(timeout=5000)
        return None

    found: FloatRect = wait_for(look, "the chart stands still", 60)
    return found


def drag(page: Page, chart: Locator, start: float, end: float) -> None:
    """Draw the pointer across a chart, from one part of its width to another."""
    box = place_of(chart.locator(".u-over"))
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, middle, steps=4)
    page.mouse.up()


def on_a_curve(chart: Locator) -> tuple[float, float]:
    """Where the first curve on top begins: uPlot draws points there while it is pointed at."""
    over = chart.locator(".u-over")
    place_of(over)
    over.hover(position={"x": 40, "y": 40})
    # The curve of the newest attempt is the last of them.
    box = chart.locator(".u-cursor-pt").last.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def ink(chart: Locator) -> str:
    """What is drawn, to be compared."""
    return str(chart.locator("canvas").evaluate("(canvas) => canvas.toDataURL()"))


def is_redrawn(chart: Locator, before: str) -> None:
    """Wait until a chart shows something else."""
    wait_for(lambda: ink(chart) != before, "the chart is drawn anew", 30)
