"""``nbtrack sync``: a copy of runs in an object store."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import render
from .options import json_option, print_json, store_option

if TYPE_CHECKING:
    from ..sync.artifacts import ArtifactOutcome
    from ..sync.place import Moved
    from ..sync.push import Outcome


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--all", "everything", is_flag=True, help="Every run of the store.")
@click.option(
    "--to",
    "url",
    required=True,
    metavar="URL",
    help="s3://bucket/folder, gs://..., az://... or file:///folder.",
)
@click.option("--status", is_flag=True, help="Only say what is there and what is not, and why.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out files of runs, such as 'media/*'; may be repeated.",
)
@click.option("--no-artifacts", is_flag=True, help="Leave out artifacts.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    help="So many files go at a time.",
)
@store_option
@json_option
def sync(
    runs: tuple[str, ...],
    everything: bool,
    url: str,
    status: bool,
    dry_run: bool,
    exclude: tuple[str, ...],
    no_artifacts: bool,
    concurrency: int,
    store: Path | None,
    as_json: bool,
) -> None:
    """Copy runs to an object store, as far as they are not there yet.

    Anyone may do that at any moment, any number of times, while runs go on too. Nothing here is
    changed by it.
    """
    from ..store.opening import open_store
    from ..sync.place import Place
    from ..sync.push import Pusher

    if everything == bool(runs):
        raise click.UsageError("Give runs, or --all.")
    here = open_store(store)
    names = [run_dir.id for run_dir in here.run_dirs()] if everything else []
    if runs:
        from ..store.catalog import find_run

        names += [find_run(here, run).id for run in runs]
    only_say = status or dry_run
    artifacts: list[ArtifactOutcome] = []
    with _progress(quiet=as_json or only_say) as moved:
        place = Place(url, concurrency, moved=moved)
        pusher = Pusher(here, place, exclude=exclude, dry_run=only_say)
        outcomes = pusher.push(names, threads=concurrency)
        if here.artifacts.exists() and not (only_say or no_artifacts):
            from ..sync.artifacts import ArtifactPusher

            artifacts = ArtifactPusher(here, place).push(None if everything else set(names))
    if as_json:
        told = [outcome._asdict() for outcome in outcomes]
        print_json({"runs": told, "artifacts": [one._asdict() for one in artifacts]})
    elif status:
        for outcome in outcomes:
            click.echo(f"{outcome.run}: {_state(outcome)}")
    else:
        _tell(outcomes, artifacts, place.url, dry_run=dry_run)
    if any(run.problem or run.damaged for run in outcomes) or any(one.problem for one in artifacts):
        sys.exit(1)


def _state(outcome: Outcome) -> str:
    if outcome.problem:
        return f"not known: {outcome.problem}"
    said = []
    if outcome.sent:
        said.append(f"{_files(outcome.sent)} to go, {render.size(outcome.bytes)}")
    if outcome.held_back:
        said.append("its newest rows are not in tables yet")
    if outcome.damaged:
        said.append(f"damaged, and left out: {', '.join(outcome.damaged)}")
    return "; ".join(said) or "complete"


def _tell(
    outcomes: Sequence[Outcome], artifacts: Sequence[ArtifactOutcome], url: str, *, dry_run: bool
) -> None:
    files = sum(run.sent for run in outcomes) + sum(one.sent for one in artifacts)
    size = sum(run.bytes for run in outcomes) + sum(one.bytes for one in artifacts)
    verb = "Would send" if dry_run else "Sent"
    click.echo(
        f"{verb} {_files(files)}, {render.size(size) or '0 B'}, of {len(outcomes)} runs to {url}."
    )
    for outcome in outcomes:
        if outcome.held_back:
            click.echo(f"  {outcome.run}: its newest rows are not in tables yet")
    for one in artifacts:
        if one.there not in ("", one.label):
            click.echo(f"  {one.label} is {one.there} there")
    for outcome in outcomes:
        if outcome.problem:
            click.echo(f"nbtrack: {outcome.run}: {outcome.problem}", err=True)
        for damage in outcome.damaged:
            click.echo(f"nbtrack: {outcome.run}: left out: {damage}", err=True)
    for one in artifacts:
        if one.problem:
            click.echo(f"nbtrack: {one.label}: {one.problem}", err=True)


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Moved]:
    """Shows what goes, on a terminal; gives what is told of the bytes of each object."""
    if quiet or not sys.stderr.isatty():
        yield lambda key, count: None
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.fields[files]:,} files"),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[name]}", style="dim"),
    )
    begun: set[str] = set()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", files=0, name="", total=None)

        def moved(key: str, count: int) -> None:
            begun.add(key)
            progress.update(task, advance=count, files=len(begun), name=key)

        yield moved
