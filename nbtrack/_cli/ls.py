"""``nbtrack ls``: the runs of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import render
from .options import json_option, print_json, store_option

if TYPE_CHECKING:
    from rich.console import Console

    from ..store.view import RunView


@click.command()
@click.option("--project", help="Only runs of this project.")
@click.option(
    "--state",
    type=click.Choice(["running", "finished", "failed", "crashed"]),
    help="Only runs in this state.",
)
@click.option("--all", "everything", is_flag=True, help="Also runs in which nothing was logged.")
@store_option
@json_option
def ls(
    project: str | None, state: str | None, everything: bool, store: Path | None, as_json: bool
) -> None:
    """List the runs of a store, newest first."""
    from ..store.catalog import open_store, runs

    found = runs(project=project, state=state, dir=store, include_empty=everything)
    if as_json:
        print_json([view.to_dict() for view in found])
    elif not found:
        click.echo(f"No runs in {open_store(store).path}.")
    else:
        console = render.console()
        console.print(_run_table(list(found), console))
    for run_id, reason in found.unreadable.items():
        click.echo(f"nbtrack: {run_id} cannot be read: {reason}", err=True)


def _run_table(views: list[RunView], console: Console) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = [view.name for view in views]
    with_id = console.width >= render.WIDE or len(set(names)) < len(names)
    with_project = len({view.project for view in views}) > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("name", *["id"] * with_id, *["project"] * with_project, "state", "started"):
        table.add_column(name, no_wrap=True, overflow="fold")
    for name in ("took", "tries", "rows"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("reason")
    for view in views:
        table.add_row(
            Text(view.name, "bold"),
            *[Text(view.id, "dim")] * with_id,
            *[Text(view.project)] * with_project,
            render.state(view.state),
            view.started_at.astimezone().strftime("%b %d %H:%M"),
            render.duration(view.started_at, view.ended_at),
            str(len(view.attempts)),
            f"{view.rows:,}",
            Text(view.reason, "dim"),
        )
    return table
