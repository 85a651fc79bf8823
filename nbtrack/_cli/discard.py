"""``nbtrack discard``: put a run out of sight, or bring it back."""

from __future__ import annotations

from pathlib import Path

import click

from .options import json_option, print_json, store_option


@click.command()
@click.argument("run")
@click.option("--undo", is_flag=True, help="Show it again.")
@store_option
@json_option
def discard(run: str, undo: bool, store: Path | None, as_json: bool) -> None:
    """Put a run out of sight: `ls` shows it with --all only. Nothing is deleted."""
    from ..store.catalog import open_run
    from ..store.edits import edit

    view = open_run(run, dir=store)
    edit(view, discarded=not undo)
    if as_json:
        print_json({"run": view.id, "discarded": not undo})
    else:
        click.echo(f"{view.name} is {'shown again' if undo else 'out of sight'}.")
