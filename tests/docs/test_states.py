"""``docs/how-runs-end.md``: scripts end as the page says, in the words that the page quotes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import nbtrack
from docs import states
from nbtrack.store.schema import RunState
from tests.docs import markdown

PAGE = "docs/how-runs-end.md"
HEAD = "import os, signal, sys, nbtrack\nrun = nbtrack.init()\nnbtrack.log({'loss': 1})\n"

# What stands in the page's first column -> the end of a script to which that happens.
ENDS = {
    "it ends": "",
    "an exception that nobody catches": "raise ValueError",
    "`sys.exit(3)`": "sys.exit(3)",
    "Ctrl-C": "signal.raise_signal(signal.SIGINT)",
    "`kill`, `kill -9`, `os._exit()`": "os._exit(0)",
    "`nbtrack.finish(exit_code=1)`": "nbtrack.finish(exit_code=1)",
    "leaving `with nbtrack.init() as run:` by an exception": "with run:\n    raise ValueError",
}
VARIABLE = re.compile(
    r"\[3\]|train\.py|\w+Error|SystemExit|KeyboardInterrupt|\d+|HOST|min| (?=while|killed|cell)"
)


def test_the_picture_has_the_states_that_there_are() -> None:
    assert set(states.STATES) == set(get_args(RunState))
    for name, theme in states.THEMES.items():
        file = markdown.ROOT / "docs" / "images" / f"states-{name}.svg"
        assert file.read_text("utf-8") == states.draw(theme), "run: python -m docs.states"


def rows(heading: str) -> list[list[str]]:
    return markdown.tables(markdown.section(PAGE, heading))[0]


def run_script(tmp_path: Path, end: str) -> nbtrack.RunView:
    file = tmp_path / "train.py"
    file.write_text(HEAD + end)
    subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, timeout=180, check=False, capture_output=True
    )
    (run,) = nbtrack.runs()
    return run


def test_every_row_about_scripts_is_tried() -> None:
    assert [row[0] for row in rows("In a script")] == list(ENDS)


@pytest.mark.parametrize(("what", "then"), rows("In a script"), ids=lambda text: text[:20])
def test_a_script_ends_as_the_page_says(
    what: str, then: str, tmp_path: Path, store_dir: Path
) -> None:
    run = run_script(tmp_path, ENDS[what])
    state, _, rest = then.partition(",")
    assert run.state == state
    quoted = re.match(r" `([^`]+)`", rest)
    if quoted:
        assert run.reason == quoted[1]
    if "attempt is interrupted" in then:
        assert run.attempts[0].state == "interrupted"
    assert run.rows == 1


@pytest.mark.parametrize("end", ["raise SystemExit(3)", "exit(3)"])
def test_what_the_page_says_is_not_seen_is_not_seen(
    end: str, tmp_path: Path, store_dir: Path
) -> None:
    assert end.removeprefix("raise ").partition("(")[0] in markdown.section(PAGE, "In a script")
    assert run_script(tmp_path, end).state == "finished"


def test_the_reasons_that_the_page_quotes_are_those_of_the_code() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (markdown.ROOT / "nbtrack").rglob("*.py")
    )
    text = markdown.read(PAGE)
    quoted = re.findall(r"(?:, |once, |reason says )`([a-z][^`]* [^`]*)`", text)
    assert len(quoted) > 10
    for reason in quoted:
        for part in VARIABLE.split(reason):
            words = part.strip(" =():,")
            assert words in code, reason
