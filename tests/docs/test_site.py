"""The site: built strict, whole, with links that lead somewhere, and nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import nbtrack
from docs.site import api, sources
from tests.docs import markdown

CURRENT = {"run", "config", "summary"}


class Page(HTMLParser):
    """What a page refers to, and where in it one can go.

    Attributes:
        loaded: What a browser fetches to show it.
        links: What it leads to.
        anchors: The places in it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and {"stylesheet", "icon", "preload"} & {*given.get("rel", "").split()}:
            self.loaded.append(given["href"])
        elif "src" in given:
            self.loaded.append(given["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "docs.site", str(folder)],
        cwd=markdown.ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    # What the theme has in _static are templates.
    return {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def test_every_page_of_the_project_is_there(site: Path) -> None:
    for path in markdown.PAGES:
        assert (site / sources.place(path)).with_suffix(".html").is_file()


def test_every_public_name_has_its_docstring_there(pages: dict[Path, Page]) -> None:
    anchors = set().union(
        *(page.anchors for path, page in pages.items() if path.parent.name == "api")
    )
    for name in {*nbtrack.__all__} - {"__version__", "plot"}:
        assert f"nbtrack.{name}" in anchors
    assert {
        "module-nbtrack.plot",
        "nbtrack.plot.line",
        "nbtrack.Run.log",
        "nbtrack.RunView.history",
    } <= anchors


def test_every_link_inside_leads_somewhere(pages: dict[Path, Page]) -> None:
    count = 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or link == "#":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f"{path.name}: {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].anchors, f"{path.name}: {link}"
            count += 1
    assert count > 1000


def test_a_page_loads_nothing_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for link in page.loaded:
            assert not urlsplit(link).netloc, f"{path.name} loads {link}"
            assert link.startswith("data:") or (path.parent / urlsplit(link).path).is_file()
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import )['\"]?(?:https?:)?//", style.read_text("utf-8"))


def test_every_page_is_in_one_section_of_the_index() -> None:
    _, found = sources.sections(markdown.read("docs/index.md"))
    listed = [page for section in found for page in section.pages]
    assert len(listed) == len({*listed})
    assert all(section.pages and section.lead for section in found)


def test_no_public_name_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nbtrack, "__all__", [*nbtrack.__all__, "something"])
    monkeypatch.setattr(nbtrack, "something", len, raising=False)
    with pytest.raises(LookupError, match="something"):
        api.pages()
