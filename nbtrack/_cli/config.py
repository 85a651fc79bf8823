"""``nbtrack config``: every setting, its value, and where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import render
from .options import json_option, print_json

if TYPE_CHECKING:
    from .._profile import Configuration


@click.command()
@json_option
@click.pass_obj
def config(configuration: Configuration, as_json: bool) -> None:
    """Show each setting, its value and where it came from."""
    from .. import _settings

    settings = [_describe(name, given) for name, given in _settings.resolve().items()]
    unknown = [f"{name} is no setting" for name in _settings.unknown_variables()]
    result = {
        "settings": settings,
        **_here({setting["name"]: setting for setting in settings}),
        "enabled_by": _enabled_by(configuration),
        "unknown": unknown + configuration.unknown,
    }
    if as_json:
        print_json(result)
    else:
        _show(result)


def _describe(name: str, given: Any) -> dict[str, Any]:
    from .. import _settings
    from .._errors import InvalidSettingError

    value, problem = None, None
    try:
        value = _settings.check(name, given)
    except InvalidSettingError as error:
        problem = f"{error.message}. {error.hint}".rstrip(" .") + "."
    return {
        "name": name,
        "value": value,
        "source": given.source,
        "problem": problem,
        "meaning": _settings.description(name),
    }


def _here(settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The store and the project of a notebook in the working directory; None if unknown."""
    from ..store.layout import default_project, find_store

    folder, project = settings["dir"], settings["project"]
    return {
        "store": None if folder["problem"] else str(find_store(folder["value"], Path.cwd()).path),
        "project": None if project["problem"] else project["value"] or default_project(Path.cwd()),
    }


def _enabled_by(configuration: Configuration) -> str | None:
    """The file that loads nbtrack in every kernel, if there is one."""
    from .._profile import enabled_by

    startup = enabled_by()
    return str(startup[-1]) if startup else configuration.loaded_by


def _show(result: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    table.add_column("meaning")
    for setting in result["settings"]:
        problem = setting["problem"]
        value = "bad" if problem else "unset" if setting["value"] is None else setting["value"]
        is_default = setting["source"] == "default"
        table.add_row(
            Text(setting["name"], "bold"),
            Text(str(value), "red" if problem else "dim" if is_default else ""),
            Text(setting["source"], "dim" if is_default else ""),
            Text(problem or setting["meaning"], "red" if problem else "dim"),
        )
    render.console().print(table)
    enabled_by = result["enabled_by"]
    for name, text in (
        ("store", result["store"] or "unknown"),
        ("project", result["project"] or "unknown"),
        ("kernels", f"all load nbtrack: {enabled_by}" if enabled_by else "%load_ext nbtrack"),
    ):
        click.echo(f"{name:<8} {text}")
    for text in result["unknown"]:
        click.echo(f"ignored  {text}")
