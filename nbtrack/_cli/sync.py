"""``nbtrack sync``: runs in an object store, or in MLflow."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import render
from .options import json_option, print_json, store_option

if TYPE_CHECKING:
    from ..store.layout import Store
    from ..sync.push import Outcome
    from ..sync.targets import Pushed


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--all", "everything", is_flag=True, help="Every run of the store.")
@click.option(
    "--to",
    "url",
    required=True,
    metavar="URL",
    help="s3://bucket/folder, gs://..., az://..., file:///folder or mlflow+http://host:port.",
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
    "--watch",
    type=click.FloatRange(1),
    is_flag=False,
    flag_value=10.0,
    metavar="SECONDS",
    help="Again every so many seconds, 10 if none are given, until the runs have ended.",
)
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
    watch: float | None,
    concurrency: int,
    store: Path | None,
    as_json: bool,
) -> None:
    """Copy runs to an object store, or to MLflow, as far as they are not there yet.

    Anyone may do that at any moment, any number of times, while runs go on too. Nothing here is
    changed by it.
    """
    from .._errors import SyncError
    from ..store.opening import open_store
    from ..sync.targets import checked, push

    if everything == bool(runs):
        raise click.UsageError("Give runs, or --all.")
    only_say = status or dry_run
    if watch is not None and only_say:
        raise click.UsageError("--watch sends: leave out --status and --dry-run.")
    shown = checked(url)
    here = open_store(store)
    named: list[str] = []
    if runs:
        from ..store.catalog import find_run

        named = [find_run(here, run).id for run in runs]

    def once(names: Sequence[str]) -> bool:
        with _progress(quiet=as_json or only_say) as sent:
            pushed = push(
                here,
                url,
                names,
                everything=everything,
                exclude=exclude,
                artifacts=not no_artifacts,
                dry_run=only_say,
                concurrency=concurrency,
                sent=sent,
            )
        if as_json:
            told = [outcome._asdict() for outcome in pushed.runs]
            print_json({"runs": told, "artifacts": [one._asdict() for one in pushed.artifacts]})
        elif status:
            for outcome in pushed.runs:
                click.echo(f"{outcome.run}: {_state(outcome)}")
        else:
            _tell(pushed, shown, dry_run=dry_run)
        failed = any(run.problem or run.damaged for run in pushed.runs)
        return not (failed or any(one.problem for one in pushed.artifacts))

    all_well = False
    while True:
        names = named or [run_dir.id for run_dir in here.run_dirs()]
        going_on = watch is not None and _any_runs(here, names)
        try:
            all_well = once(names)
        except SyncError as error:
            if not (going_on and error.passing):
                raise
            click.echo(f"nbtrack: {error}", err=True)
        else:
            if not going_on:
                break
        time.sleep(watch or 0)
    if not all_well:
        sys.exit(1)


def _any_runs(store: Store, names: Sequence[str]) -> bool:
    """Whether one of these runs goes on."""
    from .._errors import StoreError
    from ..store.view import RunView

    for name in names:
        with contextlib.suppress(StoreError, OSError):
            if RunView(store.run(name)).state == "running":
                return True
    return False


def _state(outcome: Outcome) -> str:
    if outcome.problem:
        return f"not known: {outcome.problem}"
    said = []
    if outcome.values:
        said.append(f"{render.counted(outcome.values, 'value')} to go")
    if outcome.sent:
        said.append(f"{render.counted(outcome.sent, 'file')} to go, {render.size(outcome.bytes)}")
    if outcome.held_back:
        said.append("its newest rows are not in tables yet")
    if outcome.damaged:
        said.append(f"damaged, and left out: {', '.join(outcome.damaged)}")
    return "; ".join(said) or "complete"


def _tell(pushed: Pushed, url: str, *, dry_run: bool) -> None:
    outcomes, artifacts = pushed
    files = sum(run.sent for run in outcomes) + sum(one.sent for one in artifacts)
    size = sum(run.bytes for run in outcomes) + sum(one.bytes for one in artifacts)
    values = sum(run.values for run in outcomes)
    verb = "Would send" if dry_run else "Sent"
    and_values = f"{render.counted(values, 'value')} and " if values else ""
    click.echo(
        f"{verb} {and_values}{render.counted(files, 'file')}, {render.size(size) or '0 B'},"
        f" of {render.counted(len(outcomes), 'run')} to {url}."
    )
    for outcome in outcomes:
        if outcome.held_back:
            click.echo(f"  {outcome.run}: its newest rows are not in tables yet")
        for note in outcome.notes:
            click.echo(f"  {outcome.run}: {note}")
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


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], object]]:
    """Shows what goes, on a terminal; gives what is told of the bytes of files and of values."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, size, values: None
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
        task = progress.add_task("", files=0, values=0, name="", total=None)

        def sent(what: str, size: int, values: int) -> None:
            if not values:
                begun.add(what)
            every = progress.tasks[0].fields["values"] + values
            name = render.counted(every, "value") if values else what
            progress.update(task, advance=size, files=len(begun), values=every, name=name)

        yield sent
