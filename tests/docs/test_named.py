"""Every command, option, setting and name that any page has is there."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from importlib.util import find_spec

import click
import pytest

import nbtrack
from nbtrack import _not_offered
from nbtrack._cli import main as command_line
from nbtrack._environment import RUN_VARIABLE
from nbtrack._settings import PREFIX, Settings
from nbtrack.notebook.commands import _make_parser as track_commands
from nbtrack.notebook.magics import _make_parser as track_options
from tests.docs import markdown

# Pages on which `nbtrack.…` is a key in a file or a tag in MLflow.
KEYS = {"docs/format.md", "docs/mlflow.md"}
PAGES = [str(page.relative_to(markdown.ROOT)) for page in markdown.PAGES]
_SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
# A command that is named in words: `nbtrack show RUN`, `nbtrack ls --state failed`, `%track name`.
_ENDS = re.compile(r"\s(?:#|\||&&|;|>)|;")


def spans(page: str) -> list[str]:
    """What a page has in code within its lines."""
    text = re.sub(r"(?ms)^```.*?^```$", "", markdown.read(page))
    return [re.sub(r"\s+", " ", span).replace("\\|", "|") for span in _SPAN.findall(text)]


def lines(page: str) -> list[str]:
    """Every line of the blocks of a page, but for what programs print and code of other things."""
    kinds = ("sh", "", "python", "console")
    return [
        line.removeprefix("$ ").strip()
        for block in markdown.all_blocks(page)
        if block.language in kinds
        for line in block.text.splitlines()
    ]


def commands(page: str) -> Iterator[str]:
    for text in [*spans(page), *lines(page)]:
        quoted = re.sub(r"'[^']*'|\"[^\"]*\"", "QUOTED", text)
        for part in _ENDS.split(quoted):
            part = part.strip().removeprefix("python -m ").removeprefix("!")
            if re.match(r"nbtrack(?: |$)(?!=)", part):
                # Several commands in one: `nbtrack ls|show --store URL`.
                several = re.search(r"(?<= )[a-z]+(?:\|[a-z]+)+(?= |$)", part)
                names = several[0].split("|") if several else [""]
                yield from (part.replace(several[0], one) if several else part for one in names)


def check(line: str) -> None:
    """Fail if this is no command of nbtrack's, or has an option that it does not know."""
    words = line.split()[1:]
    command: click.Command = command_line
    while isinstance(command, click.Group) and words and re.match(r"[a-z]", words[0]):
        # A command may be two words.
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in command.commands), None)
        assert name is not None, f"{line}: there is no command {words[0]}"
        del words[: len(name.split())]
        command = command.commands[name]
    options = {
        option
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    options |= {"--help", "-h"}
    for word in words:
        option = word.strip("[]").partition("=")[0]
        if re.match(r"--[a-z]|-[a-z]$", option):
            assert option in options, f"{line}: {command.name} has no {option}"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_there_with_its_options(page: str) -> None:
    for line in commands(page):
        check(line)


def test_commands_that_are_not_there_are_found() -> None:
    assert sum(len([*commands(page)]) for page in PAGES) > 150
    for line in ("nbtrack sho first", "nbtrack show --cellz", "nbtrack artifact list"):
        with pytest.raises(AssertionError):
            check(line)


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_is_a_setting(page: str) -> None:
    known = {RUN_VARIABLE, *(PREFIX + name.upper() for name in Settings.__struct_fields__)}
    text = markdown.read(page)
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b(?!\*)", text))
    assert named <= known
    traits = set(re.findall(r"\bNbTrack\.(\w+)", text))
    assert traits <= set(Settings.__struct_fields__)


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (choices,) = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(choices or {})


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("page", PAGES)
def test_every_line_of_track_is_understood(page: str) -> None:
    known = subcommands(track_commands())
    for text in [*spans(page), *lines(page)]:
        if text.startswith("%track "):
            _, name, *rest = text.split()
            assert name in {*known, "[COMMAND]"}, text
            given = {word for word in rest if re.match(r"--?[a-z]", word)}
            assert given <= options(known[name]) if name in known else not given, text
        elif text.startswith("%%track ") and "…" not in text:
            given = set(re.findall(r"(?<=[\s\[])--[a-z-]+", text))
            assert given <= options(track_options()), text


@pytest.mark.parametrize("page", sorted({*PAGES} - KEYS))
def test_every_name_of_nbtrack_is_there(page: str) -> None:
    for text in spans(page):
        if not text.startswith("nbtrack."):
            continue
        first, *rest = re.findall(r"\w+", text.partition("(")[0])[1:]
        if first in _not_offered.MODULE or find_spec(f"nbtrack.{first}"):
            continue
        assert first in nbtrack.__all__, text
        # Asking for these starts a run.
        value = None if first in {"run", "config", "summary"} else getattr(nbtrack, first)
        assert not rest or value is None or hasattr(value, rest[0]), text
