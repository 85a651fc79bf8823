"""``nbtrack diff``: how two runs differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import render
from .options import json_option, print_json, reading_option

if TYPE_CHECKING:
    from rich.console import Console

    from ..record.code.compare import Pair


@click.command()
@click.argument("first")
@click.argument("second")
@reading_option
@json_option
def diff(first: str, second: str, store: Path | None, as_json: bool) -> None:
    """Show how two runs differ: code, config, environment.

    The code is the sources of the cells, and the files of the repository as they were when each run
    began.
    """
    from ..record.code.compare import compare
    from ..store.catalog import open_run

    found = compare(open_run(first, dir=store), open_run(second, dir=store))
    if as_json:
        print_json(found.to_dict())
        return
    console = render.console()
    if found.is_empty:
        console.print("code, config and environment are equal")
    environment = dict(found.packages)
    for name, pair in (("python", found.python), ("commit", found.commit)):
        if pair is not None:
            environment = {name: pair, **environment}
    for name, pairs in (("config", found.config), ("environment", environment)):
        if pairs:
            console.print(_table(name, pairs, found.runs))
    for text in (found.cells, found.files):
        _print_diff(console, text)
    if found.files_note:
        console.print(f"files: {found.files_note}", markup=False)


def _table(name: str, pairs: dict[str, Pair], runs: Pair) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in (name, *runs):
        table.add_column(Text(title), overflow="fold")
    for key, pair in pairs.items():
        cells = ("-" if value is None else render.shown(value) for value in pair)
        table.add_row(Text(key), *map(Text, cells))
    return table


def _print_diff(console: Console, text: str) -> None:
    from rich.text import Text

    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        console.print(Text(line, colours.get(line[:1], "")), soft_wrap=True)
