"""Outputs that a page quotes, beside what was really printed."""

from __future__ import annotations

import re

# What differs from one time to the next.
_VARIES = re.compile(
    r"\d{8}-\d{6}-\w{5}"  # ids
    r"|(?:file://)?/[\w./-]*[\w/]"  # places
    r"|\d[\d.,]*(?: ?(?:[kMGT]?i?B|ms|s|%)\b)?"  # figures with their units
    r"|[▁-█─╭╮╰╯]+"  # what lines and bars are drawn with
)


def _usual(text: str) -> str:
    return " ".join(_VARIES.sub("#", text).split())


def parts(quoted: str) -> list[str]:
    """The pieces of a quotation that stand for themselves: cells of tables, words of lines."""
    cells = re.split(r"\n|│|\s{2,}", quoted)
    return [usual for cell in cells if (usual := _usual(cell)).strip("# ")]


def missing(quoted: str, printed: str) -> list[str]:
    """What is quoted and was not printed, figures, ids and places aside."""
    there = _usual(printed.replace("│", " "))
    return [part for part in parts(quoted) if part not in there]
