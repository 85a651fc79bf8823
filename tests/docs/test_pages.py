"""What the pages say about the project is so: links, help texts, settings, recipes."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import msgspec
import pytest

import nbtrack
from docs.update import with_help
from nbtrack._cli import main as command_line
from nbtrack._settings import PREFIX, Settings, choices
from tests.docs import markdown

NAMES = [str(page.relative_to(markdown.ROOT)) for page in markdown.PAGES]


@pytest.mark.parametrize("page", markdown.PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for link in markdown.links(page):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in markdown.anchors(target), link


@pytest.mark.parametrize("page", markdown.PAGES, ids=NAMES)
def test_pages_name_only_files_of_the_project_that_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:nbtrack|tests|docs|notebooks|benchmarks)/[\w./-]*)`", text)
    missing = [path for path in named if not (markdown.ROOT / path).exists()]
    assert not missing


def test_the_help_texts_are_those_of_the_command_line() -> None:
    page = markdown.read("docs/cli.md")
    assert page.count(" --help\n\nUsage: ") == count_of(command_line)
    assert page == with_help(page), "run: python -m docs.update"


def count_of(command: click.Command) -> int:
    """A command and all below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return 1 + sum(count_of(one) for one in below)


def test_the_defaults_of_the_settings_are_those_of_the_page() -> None:
    documented = {
        markdown.code(row[0]): markdown.code(row[1])
        for row in markdown.tables(markdown.section("docs/settings.md", "Settings"))[0]
    }
    assert documented == {
        PREFIX + field.name.upper(): shown(field.default)
        for field in msgspec.structs.fields(Settings)
    }


def shown(default: object) -> str:
    if default is None:
        return "unset"
    return default if isinstance(default, str) else json.dumps(default)


def test_the_documented_choices_of_a_setting_are_all_that_it_takes() -> None:
    table = markdown.tables(markdown.section("docs/settings.md", "Settings"))[0]
    documented = {markdown.code(row[0]): re.findall(r"`([^`]*)`", row[2]) for row in table}
    for field in msgspec.structs.fields(Settings):
        if found := choices(field.name):
            assert documented[PREFIX + field.name.upper()] == list(found)


def test_the_entry_points_are_those_of_the_page() -> None:
    page = markdown.read("docs/extending.md")
    project = tomllib.loads(markdown.read("pyproject.toml"))["project"]
    assert [f"`{name} = {value}`" in page for name, value in project["scripts"].items()] == [True]
    assert not {"entry-points", "gui-scripts"} & set(project)
    named = re.findall(r"`(_?\w+_(?:ipython_extension|extension_points))`", page)
    assert len(named) == 3
    assert all(hasattr(nbtrack, name) for name in named)
    assert [path.name for path in (markdown.ROOT / "jupyter-config").rglob("*.json")] == [
        "nbtrack.json"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_recipes_that_the_pages_name_are_in_the_makefile(name: str) -> None:
    recipes = set(re.findall(r"(?m)^([\w-]+):", markdown.read("Makefile")))
    blocks = "\n".join(block.text for block in markdown.blocks(name, "sh"))
    named = re.findall(r"(?m)^make ([a-z-]+)", blocks)
    named += re.findall(r"`make ([a-z-]+)`", markdown.read(name))
    assert set(named) <= recipes


def test_the_quickstart_s_picture_is_the_one_of_the_readme() -> None:
    import base64

    notebook = json.loads(markdown.read("notebooks/quickstart.ipynb"))
    pictures = [
        output["data"]["image/png"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 1
    saved = (markdown.ROOT / "docs" / "images" / "learning-curves.png").read_bytes()
    assert base64.b64decode(pictures[0]) == saved


@pytest.mark.parametrize("name", ["quickstart", "gradient-boosting"])
def test_a_notebook_is_saved_with_the_outputs_of_a_whole_run(name: str) -> None:
    notebook = json.loads(markdown.read(f"notebooks/{name}.ipynb"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} == {
        "stream",
        "execute_result",
        "display_data",
    }
    assert all(output.get("name") != "stderr" for output in outputs)
