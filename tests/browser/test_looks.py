"""The live view and the picture in both themes, wide and narrow: nothing is cut off or faint."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from nbtrack.live.picture import Picture, read_picture
from nbtrack.store.layout import RunDir
from tests.browser.conftest import Opens
from tests.browser.lab import THEMES, Notebook, Server, wait_for
from tests.browser.looks import faint, overlaps, sticks_out

pytestmark = [pytest.mark.kernel, pytest.mark.browser]

WIDTHS = [600, 1400]
LOAD = "%load_ext nbtrack\nimport math, random, time\nimport nbtrack"
TRAIN = """%%track --config lr={rate}
for step in nbtrack.progress(range(400), label="epoch"):
    loss = math.exp(-step * {rate} / 4)
    nbtrack.log({{
        "train/loss": loss + 0.02 * random.random(), "val/loss": loss + 0.1,
        "train/accuracy": 1 - loss * 0.8, "val/accuracy": 0.97 - loss * 0.8, "lr": {rate},
    }})
print("an epoch took", {rate}, "of a while", "and the line goes on " * 20)
{end}
"""
MANY = """%%track --name "a rather long name for an attempt that somebody gave it one day"
for step in range(200):
    nbtrack.log({f"encoder.layers.{n}.attention.weight/norm": step * n for n in range(38)}, step)
    nbtrack.log({"train/loss": 1 / (step + 1), "val/loss": 2 / (step + 1)}, step)
"""
BAD = "\"><img src=x onerror='document.title=1'><script>document.title=1</script>&lt;b&gt;"


# Charts are made when they come into view.
UNDRAWN = """[...document.querySelectorAll(".nbt-plot:not(:has(canvas))")].filter((plot) => {
    const {top, bottom} = plot.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
}).length"""


class Sight:
    """What one notebook shows."""

    def __init__(self, server: Server, notebook: Notebook, page: Page, folder: Path) -> None:
        self._server = server
        self._notebook = notebook
        self._page = page
        self._folder = folder

    def examine(self, name: str) -> None:
        """Look at the view in every theme and at every width."""
        page = self._page
        for name_of_theme, theme in THEMES.items():
            page.evaluate(
                "(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
            )
            light = str(name_of_theme == "light").lower()
            page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 1000})
                view = page.locator(".nbtrack").last
                view.scroll_into_view_if_needed()
                wait_for(lambda: not page.evaluate(UNDRAWN), "the charts in view are drawn")
                shot = self._folder / f"{name}-{name_of_theme}-{width}.png"
                view.screenshot(path=shot)
                assert sticks_out(page, ".nbtrack") == [], shot
                assert faint(page, ".nbtrack") == [], shot

    def pictures(self) -> list[Picture]:
        """The run's pictures."""
        (run,) = self._server.runs_of(self._notebook.name)
        folder = RunDir(run)
        numbers = sorted(int(path.stem) for path in folder.pictures.glob("*.json"))
        return [found for n in numbers if (found := read_picture(folder, n)) is not None]


def look(lab: Server, opens: Opens, page: Page, folder: Path, name: str, *cells: str) -> Sight:
    """Run a notebook, with the sidebar closed."""
    notebook = opens(lab, f"{name}.ipynb", LOAD, *cells)
    page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
    for at in range(len(cells) + 1):
        notebook.run(at)
    page.wait_for_selector(".nbt-state:not(.nbt-is-running)")
    return Sight(lab, notebook, page, folder)


def examine_pictures(browser: Browser, pictures: list[Picture], folder: Path, name: str) -> None:
    """Look at pictures by themselves, in dark and in light."""
    assert pictures
    schemes: list[tuple[Literal["light", "dark"], list[int]]] = [
        ("light", [255, 255, 255]),
        ("dark", [22, 27, 34]),
    ]
    for scheme, ground in schemes:
        page = browser.new_page(color_scheme=scheme, viewport={"width": 760, "height": 400})
        for picture in pictures:
            path = folder / f"{name}-{picture.attempt}.svg"
            path.write_text(picture.svg, encoding="utf-8")
            page.goto(path.as_uri())
            page.screenshot(path=folder / f"{name}-{picture.attempt}-{scheme}.png")
            assert overlaps(page) == []
            assert faint(page, "svg", ground) == []
            assert len(picture.svg.encode()) * 4 / 3 < 30_000
        page.close()


def test_two_attempts_and_an_error(
    lab: Server, opens: Opens, page: Page, browser: Browser, tmp_path: Path
) -> None:
    raises = "raise ValueError('shapes (3, 4) and (5, 6) do not fit together: ' + 'x' * 300)"
    sight = look(
        lab,
        opens,
        page,
        tmp_path,
        "two",
        TRAIN.format(rate=0.1, end=""),
        TRAIN.format(rate=0.02, end=raises),
    )
    page.get_by_text("traceback", exact=True).click()
    page.locator(".nbt-console summary").click()
    sight.examine("two")
    examine_pictures(browser, sight.pictures(), tmp_path, "two")


def test_forty_metrics(
    lab: Server, opens: Opens, page: Page, browser: Browser, tmp_path: Path
) -> None:
    sight = look(lab, opens, page, tmp_path, "forty", MANY)
    sight.examine("forty")
    examine_pictures(browser, sight.pictures(), tmp_path, "forty")


def test_markup_and_script_are_text(
    lab: Server, opens: Opens, page: Page, browser: Browser, tmp_path: Path
) -> None:
    cell = f"""%%track --name {quote(BAD)} --tag {quote(BAD)}
bad = {BAD!r}
nbtrack.run.name = nbtrack.config["key"] = nbtrack.config[bad] = bad
for step in nbtrack.progress(range(3), label=bad):
    nbtrack.log({{bad: step, "train/" + bad: step, "val/" + bad: step}})
print(bad)
raise type(bad, (Exception,), {{}})(bad)
"""
    sight = look(lab, opens, page, tmp_path, "bad", cell)
    assert page.title() != "1"
    assert BAD in page.locator(".nbtrack").last.inner_text()
    assert not page.locator(".nbtrack img, .nbtrack script").count()
    (picture,) = sight.pictures()
    assert "<script" not in picture.svg
    examine_pictures(browser, [picture], tmp_path, "bad")
    saved = sight._notebook.save()
    (html,) = [
        "".join(output["data"]["text/html"])
        for output in saved["cells"][1]["outputs"]
        if "text/html" in output.get("data", {})
    ]
    assert "<script" not in html
    page.goto("about:blank")
    page.set_content(html)
    assert page.locator("img").count() == 1
    assert page.locator("img").get_attribute("onerror") is None
    assert BAD in (page.locator("img").get_attribute("alt") or "")
    assert page.title() != "1"
