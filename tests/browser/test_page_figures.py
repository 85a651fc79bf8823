"""Figures of altair on a run's page: drawn from what they hold, whatever else they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import altair
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

import nbtrack
from nbtrack.store.layout import Store
from nbtrack.store.registry import key_of
from tests.browser.conftest import pictures
from tests.browser.lab import wait_for
from tests.browser.pages import WIDTHS, Scheme, Seen, examine, seen
from tests.browser.recorded import BAD
from tests.server.servers import nbtrack_ui

pytestmark = pytest.mark.browser

LITE = "https://vega.github.io/schema/vega-lite/v6.json"
VEGA = "https://vega.github.io/schema/vega/v6.json"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(17, 17, 17)"
PLACE = "http://127.0.0.1:9/"
VALUES = [{"step": n, "loss": 1 / (n + 1), "part": "ab"[n % 2]} for n in range(40)]
XY = {
    "x": {"field": "a", "type": "quantitative"},
    "y": {"field": "b", "type": "quantitative"},
}
# Everything by which a figure could get out, in as many places.
ESCAPES = [
    "window.top.document.title = 'escaped'",
    "datum.constructor.constructor('return window')().parent.document.title = 'escaped'",
    "(event || {view: 0}).view.parent.document",
    "modify.constructor('document.title = \\'escaped\\'')()",
    "warn({toString: parent})",
]


def chart(title: str) -> altair.Chart:
    """A chart of the values, with nothing in it yet."""
    data = altair.Data(values=VALUES)
    return altair.Chart(data, title=title)


def lines() -> Any:
    """A chart with tips, of two lines with a point for each value."""
    return (
        chart("loss by part")
        .mark_line(point=True)
        .encode(x="step:Q", y="loss:Q", color="part:N", tooltip=["step:Q", "part:N"])
    )


def moved() -> Any:
    """A chart that an input changes, by an expression."""
    cut = altair.param("cut", value=10, bind=altair.binding_range(min=0, max=40, step=1))
    shown = altair.condition("datum.step < cut", altair.value(1), altair.value(0.1))
    marks = chart("moved").mark_point()
    return marks.encode(x="step:Q", y="loss:Q", opacity=shown).add_params(cut)


def commas() -> dict[str, Any]:
    """Values between commas."""
    data = {"values": "a,b\n1,2\n2,3\n3,1", "format": {"type": "csv"}}
    return {"$schema": LITE, "data": data, "mark": "point", "encoding": XY}


def hostile() -> dict[str, Any]:
    """Scripts and addresses wherever a figure holds text."""
    return {
        "$schema": LITE,
        "title": {"text": BAD, "subtitle": f"<script>{ESCAPES[0]}</script>"},
        "usermeta": {"embedOptions": {"loader": {"baseURL": PLACE}, "actions": True}},
        "data": {"values": [{"a": 1, "b": 1, BAD: BAD}, {"a": 2, "b": 2}]},
        "params": [{"name": "chosen", "value": BAD, "bind": {"input": "text", "name": BAD}}],
        "layer": [
            {
                "mark": {"type": "point", "size": 4000, "filled": True, "href": href},
                "encoding": {**XY, "tooltip": {"value": BAD}},
            }
            for href in (f"{PLACE}link", "javascript:parent.document.title='escaped'")
        ]
        + [{"mark": {"type": "image", "url": f"{PLACE}a.png"}, "encoding": XY}],
    }


def escaping(expression: str) -> dict[str, Any]:
    """A figure of Vega that tries to get out when it is drawn, and when it is clicked."""
    return {
        "$schema": VEGA,
        "width": 100,
        "height": 100,
        "signals": [
            {
                "name": "out",
                "init": expression,
                "on": [{"events": "window:click", "update": expression}],
            }
        ],
        "marks": [
            {
                "type": "symbol",
                "encode": {
                    "enter": {"x": {"value": 50}, "y": {"value": 50}, "size": {"value": 99}}
                },
            }
        ],
    }


def figures() -> dict[str, nbtrack.Figure]:
    """All of them by key."""
    found = {
        "lines": lines(),
        "moved": moved(),
        "both": lines() | lines(),
        "commas": commas(),
        "elsewhere": {**commas(), "data": {"url": f"{PLACE}{BAD}.csv"}},
        "hostile": hostile(),
        **{f"escape {n}": escaping(expression) for n, expression in enumerate(ESCAPES)},
    }
    return {key: nbtrack.Figure(figure) for key, figure in found.items()}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a run with the figures."""
    folder = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBTRACK_RECORDER", "off")
        with nbtrack.init(dir=folder / "store", id="one", name="figures") as run:
            run.log(figures())
    store = Store(folder / "store")
    server = nbtrack_ui(folder, str(store.path))
    page = f"http://127.0.0.1:{server.port}/nbtrack/runs/{key_of(store)}/one/charts"
    yield f"{page}?token={server.token}"
    server.stop()


class Drawn:
    """The page, and every address that anything on it asked for."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.asked: list[str] = []
        self.windows: list[Page] = []
        page.context.on("request", lambda request: self.asked.append(request.url))
        page.context.on("page", lambda opened: self.windows.append(opened))
        page.goto(address)

    def frame(self, key: str) -> FrameLocator:
        """The frame of a figure, in view."""
        panel = self.page.get_by_role("region", name=key, exact=True)
        panel.locator("iframe").scroll_into_view_if_needed()
        return panel.frame_locator("iframe")

    def stayed(self, address: str) -> None:
        """Nothing got out: nothing else was asked, opened or changed, no frame went elsewhere."""
        server = address.partition("/nbtrack/")[0]
        assert [url for url in self.asked if not url.startswith(f"{server}/")] == []
        for frame in self.page.frames:
            assert frame.url.startswith(f"{server}/nbtrack/"), frame.url
        assert self.windows == []
        expect(self.page).to_have_title("figures · charts · nbtrack")


@contextmanager
def shown(browser: Browser, address: str) -> Iterator[Drawn]:
    """The page; no policy was violated in it, since nothing was tried."""
    found: Seen
    with seen(browser) as found:
        yield Drawn(found.page, address)


def test_every_value_is_drawn_and_nothing_is_asked_for(browser: Browser, address: str) -> None:
    with shown(browser, address) as drawn:
        frame = drawn.frame("lines")
        expect(frame.locator("svg .mark-symbol.role-mark path")).to_have_count(40)
        expect(frame.locator("svg .mark-line.role-mark path")).to_have_count(2)
        expect(frame.get_by_text("loss by part")).to_be_visible()
        frame.locator("svg .mark-symbol.role-mark path").nth(20).hover()
        expect(frame.locator("#tip")).to_contain_text("part a")
        expect(drawn.frame("both").locator("svg .mark-symbol.role-mark path")).to_have_count(80)
        expect(drawn.frame("commas").locator("svg .mark-symbol.role-mark path")).to_have_count(3)
        drawn.stayed(address)


def test_an_input_changes_what_is_drawn(browser: Browser, address: str) -> None:
    with shown(browser, address) as drawn:
        frame = drawn.frame("moved")
        faint = frame.locator('svg .mark-symbol.role-mark path[opacity="0.1"]')
        expect(faint).to_have_count(30)
        slider = frame.get_by_role("slider")
        slider.focus()
        drawn.page.keyboard.press("ArrowRight")
        expect(faint).to_have_count(29)


def test_data_from_elsewhere_are_told_of_and_not_fetched(browser: Browser, address: str) -> None:
    with shown(browser, address) as drawn:
        frame = drawn.frame("elsewhere")
        said = frame.get_by_role("status")
        expect(said).to_contain_text(f"gets its data from {PLACE}{BAD}.csv")
        expect(said).to_contain_text("nothing is loaded here")
        expect(frame.locator("svg, img")).to_have_count(0)
        drawn.stayed(address)


def test_what_is_hostile_does_nothing(browser: Browser, address: str) -> None:
    with shown(browser, address) as drawn:
        frame = drawn.frame("hostile")
        expect(frame.get_by_text(BAD).first).to_be_visible()
        points = frame.locator("svg .mark-symbol.role-mark path")
        for at, leads in ((0, f"{PLACE}link"), (-1, "javascript:parent")):
            point = points.nth(at) if at >= 0 else points.last
            point.dispatch_event("click")
            expect(frame.get_by_role("status")).to_contain_text("Links are not opened from here")
            expect(frame.get_by_role("status")).to_contain_text(leads)
        points.last.hover(force=True)
        expect(frame.locator("#tip")).to_have_text(BAD)
        # Whose text it is: no element of the figure came of it.
        assert frame.locator("img, a, script:not(#data):not([type=module]), [onerror]").count() == 0
        for n in range(len(ESCAPES)):
            frame = drawn.frame(f"escape {n}")
            told = frame.locator("svg .mark-symbol path, #said:not(:empty)")
            expect(told).not_to_have_count(0)
            frame.locator("body").click()
        drawn.stayed(address)


def test_figures_have_the_colours_and_the_width_of_the_page(
    browser: Browser, address: str, request: pytest.FixtureRequest
) -> None:
    ground = "html => getComputedStyle(html).backgroundColor"
    wide = "svg => svg.getBoundingClientRect().width"
    with shown(browser, address) as drawn:
        page = drawn.page
        frame = drawn.frame("lines")
        root, room, picture = (frame.locator(one) for one in ("html", "#figure", "svg"))
        expect(picture).to_have_count(1)

        def becomes(colour: str) -> None:
            # A frame that is out of sight follows when it comes back.
            drawn.frame("lines")
            wait_for(lambda: root.evaluate(ground) == colour, f"the ground is {colour}")

        schemes: list[tuple[Scheme, str]] = [("dark", DARK), ("light", LIGHT), ("dark", DARK)]
        for scheme, colour in schemes:
            page.emulate_media(color_scheme=scheme)
            becomes(colour)
            expect(picture).to_have_count(1)
        # What a person chose counts more than what the system has.
        page.get_by_role("button", name="auto", exact=True).click()
        becomes(LIGHT)
        page.emulate_media(color_scheme="light")
        page.get_by_role("button", name="light", exact=True).click()
        becomes(DARK)
        page.get_by_role("button", name="dark", exact=True).click()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            drawn.frame("lines")
            wait_for(
                lambda: abs(picture.evaluate(wide) - room.evaluate("one => one.clientWidth")) <= 2,
                "it is as wide as there is room",
            )
        page.evaluate("scrollTo(0, 0)")
        examine(page, pictures(request.config.rootpath), "page-figures")
