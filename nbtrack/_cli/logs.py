"""``nbtrack logs``: what was seen below the cells of a run."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import json_option, print_json, reading_option

if TYPE_CHECKING:
    from ..store.view import RunView


@click.command()
@click.argument("run")
@click.option("--cell", type=int, metavar="N", help="Only the cell with the number In [N].")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until the run ends.")
@click.option(
    "--tail", "-n", type=click.IntRange(min=0), metavar="N", help="Only the last N lines so far."
)
@reading_option
@json_option
def logs(
    run: str, cell: int | None, follow: bool, tail: int | None, store: Path | None, as_json: bool
) -> None:
    """Show what was seen below the cells of a run, or printed by a script."""
    from ..store.catalog import open_run
    from ..sync.mirror import watching

    view = open_run(run, dir=store)
    if as_json:
        found = view.outputs()
        if cell is not None:
            found = [entry for entry in found if entry["execution_count"] == cell]
        print_json(found)
        return
    if cell is not None and not any(one.execution_count == cell for one in view.cells):
        raise click.ClickException(f"no cell In [{cell}] ran in {view.name}")
    if follow:
        with watching(view.path.parent.parent):
            _follow(view, cell, tail)
        return
    lines = view.log(cell).splitlines(keepends=True)
    for line in deque(lines, maxlen=tail) if tail is not None else lines:
        click.echo(line, nl=False)


def _follow(view: RunView, cell: int | None, tail: int | None) -> None:
    from ..store.follow import follow

    lines = follow(view, cell=cell, rewrites=sys.stdout.isatty())
    if tail is not None:
        lines = _last(lines, tail)
    try:
        for text in lines:
            click.echo(text, nl=False)
            sys.stdout.flush()
    except KeyboardInterrupt:
        click.echo()


def _last(pieces: Iterator[str], count: int) -> Iterator[str]:
    """The last lines of the first piece, which is all that there is so far, and the others."""
    first = next(pieces, "")
    yield "".join(deque(first.splitlines(keepends=True), maxlen=count))
    yield from pieces
