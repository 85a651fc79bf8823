"""``nbtrack config``: every setting, its value, and where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import render
from .options import json_option, print_json


@click.command()
@json_option
def config(as_json: bool) -> None:
    """Show each setting, its value and where it came from."""
    from .. import _settings
    from .._errors import InvalidSettingError
    from .._profile import DEFAULT_PROFILE, is_enabled
    from ..store.layout import default_project, find_store

    settings: list[dict[str, Any]] = []
    for name, given in _settings.resolve().items():
        value, problem = given.value, None
        if given.source != _settings.DEFAULT:
            try:
                value = _settings.check(name, given.value, given.source)
            except InvalidSettingError as error:
                problem = error.message
        settings.append(
            {
                "name": name,
                "value": value,
                "source": given.source,
                "problem": problem,
                "meaning": _settings.description(name),
            }
        )
    values = {setting["name"]: setting["value"] for setting in settings}
    here = {
        "store": str(find_store(values["dir"], Path.cwd()).path),
        "project": values["project"] or default_project(Path.cwd()),
        "enabled": is_enabled(DEFAULT_PROFILE),
    }
    if as_json:
        print_json({"settings": settings, **here})
        return
    console = render.console()
    console.print(_table(settings))
    loaded = "loaded in every kernel" if here["enabled"] else "loaded by %load_ext nbtrack"
    for name, text in (("store", here["store"]), ("project", here["project"]), ("kernels", loaded)):
        click.echo(f"{name:<8} {text}")


def _table(settings: list[dict[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    table.add_column("meaning")
    for setting in settings:
        value = "unset" if setting["value"] is None else str(setting["value"])
        is_default = setting["source"] == "default"
        table.add_row(
            Text(setting["name"], "bold"),
            Text(value, "red" if setting["problem"] else "dim" if is_default else ""),
            Text(setting["source"], "dim" if is_default else ""),
            Text(setting["problem"] or setting["meaning"], "red" if setting["problem"] else "dim"),
        )
    return table
