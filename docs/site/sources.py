"""The pages as Sphinx takes them, of those that are read on GitHub.

``docs/index.md`` is the navigation: each of its sections becomes a page of its own, and the pages
that it lists, as ``- [title](page.md): …``, are below that.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from docs.site import api

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Beside the pages of docs/: those of the root that the site has too.
OF_THE_ROOT = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
FILES = ("LICENSE", *(f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")))
SECTIONS = "guide"

_CODE = re.compile(r"^```.*\n(?:.*\n)*?```$|`[^`\n]+`", re.MULTILINE)
_LISTED = re.compile(r"(?m)^- \[([^\]]+)\]\(([^)#]+)\): ")
_LINK = re.compile(r"(\]\()([^)\s#:]+)([^)\s]*\))")
_PICTURE = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*'
    r'<img alt="([^"]+)" src="([^"]+)">\s*</picture>'
)


class Section(NamedTuple):
    """A part of the site.

    Attributes:
        title: Its heading.
        lead: The sentence below that.
        text: Everything that follows.
    """

    title: str
    lead: str
    text: str

    @property
    def name(self) -> str:
        """The name of its page."""
        return f"{SECTIONS}/{re.sub(r'[^a-z]+', '-', self.title.lower()).strip('-')}"

    @property
    def pages(self) -> list[str]:
        """The pages that it lists."""
        return [target for _, target in _LISTED.findall(self.text)]


def prepare(folder: Path) -> None:
    """Write everything that Sphinx reads into a folder, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS / "images", folder / "images")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for path in [*DOCS.rglob("*.md"), *(ROOT / name for name in OF_THE_ROOT)]:
        inside = place(path)
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        text = of_the_site(path.read_text(encoding="utf-8"), path)
        (folder / inside).write_text(text, encoding="utf-8")
    made = api.pages()
    (folder / "api").mkdir()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    _navigate(folder, made)


def place(path: Path) -> Path:
    """Where a file of the project is in the site's sources; README.md is its start."""
    if path == ROOT / "README.md":
        return Path("index.md")
    return path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT)


def of_the_site(text: str, path: Path) -> str:
    """A page with its links as they are in the site, and pictures that follow its theme.

    Lines keep their numbers.
    """

    def link(found: re.Match[str]) -> str:
        target = place((path.parent / found[2]).resolve())
        return f"{found[1]}{_relative(target, place(path))}{found[3]}"

    def picture(found: re.Match[str]) -> str:
        dark, words, light = found.groups()
        both = [f"![{words}]({light}){{.only-light}}", f"![{words}]({dark}){{.only-dark}}"]
        return "\n".join([*both, *[""] * (found[0].count("\n") - 1)])

    parts, code = _CODE.split(text), _CODE.findall(text)
    parts = [_LINK.sub(link, _PICTURE.sub(picture, part)) for part in parts]
    return "".join(x for pair in zip(parts, [*code, ""], strict=True) for x in pair)


def _relative(target: Path, page: Path) -> str:
    return "../" * (len(page.parts) - 1) + target.as_posix()


def sections(index: str) -> tuple[str, list[Section]]:
    """What stands above the first section of the index, and the sections."""
    head, *parts = re.split(r"(?m)^## (.*)\n", index)
    found = []
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        lead, _, rest = text.strip().partition("\n\n")
        found.append(Section(title, lead, rest))
    return head, found


def _navigate(folder: Path, made: Iterable[str]) -> None:
    """Part the index into its sections, and put every page below one of them."""
    index = folder / "index.md"
    head, found = sections(index.read_text(encoding="utf-8"))
    (folder / SECTIONS).mkdir()
    listed = {page for section in found for page in section.pages}
    others = {str(path.relative_to(folder)) for path in folder.rglob("*.md")}
    others -= {"index.md", *listed}
    for section in found:
        below = []
        for page in section.pages:
            below.append(page)
            # Pages in a folder belong to the page of its name.
            inside = sorted(one for one in others if one.startswith(f"{page[:-3]}/"))
            if inside:
                text = (folder / page).read_text(encoding="utf-8")
                tree = _toctree(f"/{one[:-3]}" for one in inside)
                (folder / page).write_text(f"{text}\n{tree}", encoding="utf-8")
            others -= set(inside)
        if section.title == "Reference":
            below.append(api.FIRST)
            others -= set(made)
        if section is found[-1]:
            below += sorted(others)
        text = f"# {section.title}\n\n{section.lead}\n\n{section.text}\n\n"
        text = _LINK.sub(lambda m: f"{m[1]}../{m[2]}{m[3]}", text)
        toctree = _toctree(f"/{page[:-3]}" for page in below)
        (folder / f"{section.name}.md").write_text(text + toctree, encoding="utf-8")
    cards = "".join(f"- [{one.title}]({one.name}.md)\n  {one.lead}\n" for one in found)
    text = f"{head}\n{{.sections}}\n{cards}\n{_toctree(one.name for one in found)}"
    index.write_text(text, encoding="utf-8")


def _toctree(pages: Iterable[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", "", *pages, "```", ""])
