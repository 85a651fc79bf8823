"""The public names are what ``__all__`` says, and everything a person can use is documented."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import nbtrack
from nbtrack import _errors
from nbtrack._cli import main
from nbtrack._environment import RUN_VARIABLE
from nbtrack._settings import PREFIX, Settings

DOCS = Path(__file__).parents[2] / "docs"
IPYTHON_ENTRY_POINTS = {"load_ipython_extension", "unload_ipython_extension"}
# Not what they are but what they stand for: the current run, its config and its summary.
CURRENT = {"run", "config", "summary"}
OBJECTS = [name for name in nbtrack.__all__ if name not in {*CURRENT, "__version__"}]
PAGES = ("reference.md", "cli.md", "settings.md", "format.md")


def run_python(code: str) -> Any:
    """The JSON that a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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
    assert len(nbtrack.__all__) == len(set(nbtrack.__all__))
    assert sorted(nbtrack.__all__) == sorted(dir(nbtrack))
    # In a fresh interpreter: in this one, other tests have made modules of nbtrack attributes.
    ours = run_python(
        "import json, nbtrack\n"
        "names = [name for name, value in vars(nbtrack).items() if not name.startswith('_')\n"
        "         and getattr(value, '__module__', '').startswith('nbtrack')]\n"
        "print(json.dumps(names))"
    )
    assert set(ours) - set(nbtrack.__all__) == IPYTHON_ENTRY_POINTS


def test_every_name_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRACK_MODE", "disabled")  # `config` and `summary` start a run
    got = run_python(
        "from nbtrack import *\nimport json\n"
        "print(json.dumps([name for name in globals() if name in __import__('nbtrack').__all__]))"
    )
    assert set(got) == set(nbtrack.__all__)


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


@pytest.mark.parametrize("name", OBJECTS)
def test_every_public_name_has_a_docstring(name: str) -> None:
    value = getattr(nbtrack, name)
    assert (getattr(value, "__doc__", None) or "").strip()


@pytest.mark.parametrize("path", [path for name in OBJECTS for path in public_attributes(name)])
def test_every_public_method_has_a_docstring(path: str) -> None:
    owner, member = path.split(".")
    found = vars(getattr(nbtrack, owner))[member]
    if isinstance(found, types.MemberDescriptorType):
        # An attribute: those are in the docstring of the class.
        assert f"{member}:" in (getattr(nbtrack, owner).__doc__ or "")
    else:
        assert (found.__doc__ or "").strip()


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
    known = {RUN_VARIABLE, *(PREFIX + field.upper() for field in Settings.__struct_fields__)}
    named = {
        match
        for path in DOCS.rglob("*.md")
        for match in re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert named <= known
