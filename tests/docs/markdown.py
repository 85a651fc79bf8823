"""The parts of a Markdown page that can be checked: code blocks, tables, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)[ ]?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block of code.

    Attributes:
        page: The page's path from the root of the project.
        line: Where it begins.
        language: The first word behind the fence.
        words: The other words there.
        text: The code.
    """

    page: str
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(page: str) -> str:
    """The text of a page, by its path from the root of the project."""
    return (ROOT / page).read_text(encoding="utf-8")


def all_blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    text = read(page)
    return [
        Block(page, text.count("\n", 0, m.start()) + 1, m[1], tuple(m[2].split()), m[3])
        for m in _FENCE.finditer(text)
    ]


def blocks(page: str, language: str, *words: str) -> list[Block]:
    """The page's blocks in a language that are marked with these words, and with no others."""
    return [
        block for block in all_blocks(page) if block.language == language and block.words == words
    ]


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    parts = re.split(r"(?m)^#+ (.*)$", _FENCE.sub("", read(page)))
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text: rows of cells, without the headings."""
    found: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not inside:
            inside = True
            found.append([])
        elif set(cells[0]) - set("-: "):
            found[-1].append(cells)
    return found


def code(cell: str) -> str:
    """A cell that is nothing but code, without its backticks."""
    return cell.strip("`")


def links(page: Path) -> list[str]:
    """Where the links of a page lead."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return _LINK.findall(_CODE.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found: set[str] = set()
    for heading in re.findall(r"(?m)^#+ (.*)$", text):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = sum(one == name or re.fullmatch(rf"{name}-\d+", one) is not None for one in found)
        found.add(f"{name}-{count}" if count else name)
    return found
