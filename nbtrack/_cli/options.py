"""Options that several commands have, and the JSON that they print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


def _here(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    if value is not None and "://" in value:
        raise click.BadParameter(f"{value}: this works on a store of this machine only")
    return Path(value) if value is not None else None


def here_or_there(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Path | None:
    """A store directory, which may be the local copy of a place."""
    if value is None or "://" not in value:
        return Path(value) if value is not None else None
    from ..sync.mirror import opened

    mirror = opened(value)
    for run, problem in mirror.problems.items():
        click.echo(f"nbtrack: {run}: {problem}", err=True)
    return mirror.store.path


store_option = click.option(
    "--store",
    metavar="PATH",
    callback=_here,
    help="The store directory, instead of the one found from here.",
)
reading_option = click.option(
    "--store",
    metavar="PATH|URL",
    callback=here_or_there,
    help="The store directory, instead of the one found from here, or a place that runs were"
    " synced to.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Any) -> None:
    """Print a value as JSON that every parser takes."""
    from ..store.present import strict

    click.echo(json.dumps(strict(value), indent=2, default=str, allow_nan=False))
