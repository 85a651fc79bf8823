"""``nbtrack lake``: a team's tables in Delta Lake."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from . import render
from .options import json_option, print_json

if TYPE_CHECKING:
    from ..sync.lake.commit import Report

_store = click.option(
    "--store",
    "url",
    required=True,
    metavar="URL",
    help="Where the runs are: s3://bucket/folder, gs://..., az://..., file:///folder, or the path"
    " of a store.",
)
_to = click.option(
    "--to",
    metavar="URL",
    help="Where the tables are; by default the folder 'lake' in there.",
)


@click.group()
def lake() -> None:
    """Runs that have ended as tables in Delta Lake, for other engines."""


@lake.command("commit")
@_store
@_to
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="So many runs go into one commit at most.",
)
@json_option
def commit_(url: str, to: str | None, batch: int, as_json: bool) -> None:
    """Bring runs that have ended into the tables, each row exactly once.

    It may be killed and repeated at any moment, and two may do it at once.
    """
    from ..sync.lake.access import Location
    from ..sync.lake.commit import commit
    from ..sync.lake.source import source_of

    location = Location(to or f"{url.rstrip('/')}/lake")
    source = source_of(url)
    with _progress(quiet=as_json) as told:
        report = commit(source, location, at_once=batch, told=told)
    if as_json:
        print_json({"url": location.url, **vars(report)})
    else:
        _tell(report, location.url)
    if report.problems:
        sys.exit(1)


@lake.command("optimize")
@_store
@_to
@click.option(
    "--keep-days",
    type=click.IntRange(1, 3650),
    default=7,
    show_default=True,
    help="Older versions of the tables can be read no more.",
)
@json_option
def optimize_(url: str, to: str | None, keep_days: int, as_json: bool) -> None:
    """Make few large files of many small ones, and remove what was replaced.

    Only in tables that nbtrack made. No row changes.
    """
    from ..sync.lake.access import Location
    from ..sync.lake.upkeep import optimize

    location = Location(to or f"{url.rstrip('/')}/lake")
    done = optimize(location, keep_days=keep_days)
    if as_json:
        print_json([one._asdict() for one in done])
        return
    for one in done:
        files = f"{one.files:,} file{'s' * (one.files != 1)}, {render.size(one.bytes)}"
        click.echo(
            f"{one.table}: {files}; {one.compacted:,} became {one.made:,}, {one.removed:,} removed."
        )


def _tell(report: Report, url: str) -> None:
    if report.finished:
        click.echo(f"Finished what another commit had begun: {_runs(report.finished)}.")
    click.echo(f"Committed {_runs(report.committed)} to {url}.")
    if report.described:
        click.echo(f"  Of {_runs(report.described)} more only name, tags or notes changed.")
    if report.going_on:
        click.echo(f"  Not ended, or not there in full: {_runs(len(report.going_on))}.")
    for run, problem in report.problems.items():
        click.echo(f"nbtrack: {run}: {problem}", err=True)


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], object]]:
    """Shows how many runs were looked at, on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda done, total: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
