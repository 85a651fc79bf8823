"""The examples on the pages of the frameworks run as scripts, and something is recorded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nbtrack
from nbtrack.integrations import FRAMEWORKS
from tests.docs import markdown
from tests.integrations.frameworks import is_installed

EXAMPLES = [
    block
    for name in FRAMEWORKS
    for block in markdown.blocks(f"docs/integrations/{name}.md", "python", "example")
]


def run_example(example: markdown.Block, folder: Path) -> None:
    file = folder / "example.py"
    file.write_text(example.text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, file], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "nbtrack could not" not in done.stderr
    runs = nbtrack.runs()
    assert runs
    assert all(run.state == "finished" for run in runs)
    assert any(run.rows or run.summary or run.media() for run in runs)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_runs(example: markdown.Block, tmp_path: Path, store_dir: Path) -> None:
    name = Path(example.page).stem
    if not any(is_installed(package) for package in FRAMEWORKS[name].packages):
        pytest.skip(f"{name} is not installed; make test-full installs it, in tests/install")
    run_example(example, tmp_path)


def test_the_example_of_autolog_runs(tmp_path: Path, store_dir: Path) -> None:
    (example,) = markdown.blocks("docs/integrations.md", "python", "example")
    run_example(example, tmp_path)


def test_every_framework_has_a_page_with_an_example() -> None:
    assert {Path(example.page).stem for example in EXAMPLES} == set(FRAMEWORKS)


def test_the_page_says_from_which_release_each_is_tested() -> None:
    (table,) = markdown.tables(markdown.section("docs/integrations.md", "Frameworks"))
    assert sorted(row[2] for row in table) == sorted(
        f"{known.distribution} {known.oldest}" for known in FRAMEWORKS.values()
    )
