"""``nbtrack ls``: the runs of a store."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._errors import NbtrackError
from . import render
from .options import json_option, print_json, reading_option

if TYPE_CHECKING:
    from rich.console import Console

    from ..store.view import RunView


_VALUE = re.compile(r"\b(?:config|summary)(?:\.\w+)+")


@click.command()
@click.option("--project", help="Only runs of this project.")
@click.option(
    "--state",
    "states",
    type=click.Choice(["running", "finished", "failed", "crashed"]),
    multiple=True,
    help="Only runs in this state; may be repeated.",
)
@click.option("--tag", "tags", multiple=True, help="Only runs with this tag; may be repeated.")
@click.option(
    "--where", metavar="SQL", help="Only runs for which this is true, such as 'config.lr > 0.01'."
)
@click.option(
    "--sort",
    "order",
    multiple=True,
    metavar="NAME",
    help="Sort by this, such as summary.loss; with - before it, largest first. May be repeated.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N runs.")
@click.option("--all", "everything", is_flag=True, help="Also empty and discarded runs.")
@reading_option
@json_option
def ls(
    project: str | None,
    states: tuple[str, ...],
    tags: tuple[str, ...],
    where: str | None,
    order: tuple[str, ...],
    limit: int | None,
    everything: bool,
    store: Path | None,
    as_json: bool,
) -> None:
    """List the runs of a store, newest first."""
    from ..store.catalog import open_store, runs

    found = runs(
        project=project,
        state=states,
        tags=tags,
        where=where,
        sort=order,
        dir=store,
        include_empty=everything,
        include_discarded=everything,
    )
    views, unreadable = _read(found[:limit])
    if as_json:
        print_json([view.to_dict() for view in views])
    elif not views:
        which = "No such runs" if project or states or tags or where else "No runs"
        click.echo(f"{which} in {open_store(store).path}.")
    else:
        console = render.console()
        console.print(_run_table(views, console, _asked(where, order)))
    for run_id, reason in {**found.unreadable, **unreadable}.items():
        click.echo(f"nbtrack: {run_id} cannot be read: {reason}", err=True)


def _read(found: Iterable[RunView]) -> tuple[list[RunView], dict[str, str]]:
    """Those that can be read, and why others cannot, that were damaged since they were listed."""
    views: list[RunView] = []
    unreadable: dict[str, str] = {}
    for view in found:
        try:
            _ = view.started_at, view.alerts
        except (NbtrackError, OSError) as error:
            unreadable[view.id] = str(error)
        else:
            views.append(view)
    return views, unreadable


def _asked(where: str | None, order: tuple[str, ...]) -> list[str]:
    """The values of config and summary that runs were chosen or sorted by: they are shown."""
    return list(dict.fromkeys(_VALUE.findall(" ".join((*order, where or "")))))


def _value(view: RunView, path: str) -> str:
    name, *keys = path.split(".")
    value: Any = view.config if name == "config" else view.summary
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return "" if value is None else render.shown(value)


def _alerted(view: RunView) -> tuple[str, str]:
    """A word on the run's alerts that matter, if there are any."""
    levels = [alert.level for alert in view.alerts if alert.level in ("ERROR", "WARN")]
    if not levels:
        return "", ""
    count = f"{len(levels)} alert{'s' * (len(levels) > 1)}"
    return f"[{count}] ", "red" if "ERROR" in levels else "yellow"


def _run_table(views: list[RunView], console: Console, asked: list[str]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = [view.name for view in views]
    with_id = console.width >= render.WIDE or len(set(names)) < len(names)
    with_project = len({view.project for view in views}) > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("name", *["id"] * with_id, *["project"] * with_project, "state", "started"):
        table.add_column(name, no_wrap=True, overflow="fold")
    for name in ("took", "tries", "rows", *asked):
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
            *[Text(_value(view, path)) for path in asked],
            Text.assemble(_alerted(view), (view.reason, "dim")),
        )
    return table
