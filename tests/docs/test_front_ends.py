"""The table of front ends names checks that exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs import markdown

ROWS = markdown.tables(markdown.section("docs/front-ends.md", "The table"))[0]
# What a row may say in place of a test.
OTHERWISE = ("not tried", "by hand, ", "`make notebooks`")


def names_in(file: str) -> set[str]:
    """The functions and classes at the top of a test's file."""
    tree = ast.parse(markdown.read(file))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_names_its_check(row: list[str]) -> None:
    checked = row[-1]
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", checked)
    assert named or any(words in checked for words in OTHERWISE)
    assert len(named) == checked.count("`tests/")
    for file, name in named:
        assert (markdown.ROOT / file).exists(), file
        assert not name or name in names_in(file), f"{file} has no {name}"


def test_every_front_end_has_all_columns() -> None:
    assert len(ROWS) > 10
    assert {len(row) for row in ROWS} == {7}
    assert all(cell.strip() for row in ROWS for cell in row)
