"""The table of what survives has every way of dying, with what the tests assert of it."""

from __future__ import annotations

import re

from docs.reliability import BEGIN, COLUMNS, END
from tests.docs import markdown
from tests.kernel.deaths import WAYS

PAGE = "docs/reliability.md"


def rows() -> list[list[str]]:
    text = markdown.read(PAGE)
    table = text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]
    assert tuple(found[0]) == COLUMNS
    return found[2:]


def test_every_way_of_dying_is_there_and_no_other() -> None:
    assert [row[0] for row in rows()] == [way.words for way in WAYS.values()]


def test_states_and_reasons_are_those_that_the_tests_assert() -> None:
    for row, way in zip(rows(), WAYS.values(), strict=True):
        assert row[1] == way.state
        assert re.fullmatch(way.reason, row[2]), row


def test_no_row_was_lost() -> None:
    for row in rows():
        acknowledged, kept = (int(cell.replace(",", "")) for cell in row[3:5])
        assert kept - acknowledged in (0, 1)
        assert acknowledged > 10_000
