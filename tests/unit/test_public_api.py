"""The public names are what ``__all__`` says, and everything a person can use is documented."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import nbtrack
from nbtrack import _errors
from nbtrack._cli import main
from nbtrack._settings import PREFIX, Settings

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("reference.md", "cli.md", "settings.md", "format.md")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def public_attributes(name: str) -> list[str]:
    """The methods and properties of a public class that are its own, not its bases'."""
    value = getattr(nbtrack, name)
    if not isinstance(value, type) or issubclass(value, BaseException):
        return []
    return [f"{name}.{member}" for member in vars(value) if not member.startswith("_")]


def commands() -> Iterator[tuple[str, click.Command]]:
    assert isinstance(main, click.Group)
    yield from main.commands.items()


def options() -> list[tuple[str, str]]:
    return sorted(
        (command, option)
        for command, body in commands()
        for parameter in body.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in (*parameter.opts, *parameter.secondary_opts)
    )


def section_about(command: str) -> str:
    """The part of the page on the command line whose heading names this command."""
    sections = re.split(r"(?m)^#+ ", page("cli.md"))
    return next(text for text in sections if has_word(text.partition("\n")[0], command))


def test_all_is_what_is_there() -> None:
    # In a fresh interpreter: here, other tests have already made modules attributes.
    code = "import json, nbtrack; print(json.dumps([nbtrack.__all__, dir(nbtrack)]))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    exported, there = json.loads(done.stdout)
    assert len(exported) == len(set(exported))
    public = {name for name in there if not name.startswith("_")}
    assert public | {"__version__"} == set(exported)


def test_every_error_is_public() -> None:
    errors = {
        name
        for name, value in vars(_errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert errors <= set(nbtrack.__all__)


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        nbtrack.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", [name for name in nbtrack.__all__ if name != "__version__"])
def test_every_public_name_has_a_docstring(name: str) -> None:
    value = getattr(nbtrack, name)
    assert (getattr(value, "__doc__", None) or "").strip()


@pytest.mark.parametrize(
    "path", [path for name in nbtrack.__all__ for path in public_attributes(name)]
)
def test_every_public_method_has_a_docstring(path: str) -> None:
    owner, member = path.split(".")
    assert (vars(getattr(nbtrack, owner))[member].__doc__ or "").strip()


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert nbtrack.__version__ == version("nbtrack")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_there(name: str) -> None:
    assert page(name).startswith("# ")


@pytest.mark.parametrize("name", nbtrack.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    assert has_word(page("reference.md"), name)


@pytest.mark.parametrize("command", sorted(name for name, _ in commands()))
def test_every_command_is_documented(command: str) -> None:
    assert has_word(page("cli.md"), f"nbtrack {command}")


@pytest.mark.parametrize(("command", "option"), options())
def test_every_option_is_documented(command: str, option: str) -> None:
    assert has_word(section_about(f"nbtrack {command}"), option)


@pytest.mark.parametrize("field", Settings.__struct_fields__)
def test_every_setting_is_documented(field: str) -> None:
    assert has_word(page("settings.md"), PREFIX + field.upper())


def test_the_docs_name_only_settings_that_exist() -> None:
    known = {PREFIX + field.upper() for field in Settings.__struct_fields__}
    named = {
        match
        for path in DOCS.glob("*.md")
        for match in re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert named <= known
